//! Uploads wired together: the directory of files, the depot on it and the task that erases.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use magpie_auth::{SigningSecret, Tickets};
use magpie_core::{Core, port::Bus};
use magpie_media::{Depot, Eraser, Settings, Wake, blobs::directory::Directory};

use crate::config::Config;

/// Where the files lie.
#[must_use]
pub fn folder(config: &Config) -> PathBuf {
    config.media.dir.clone().unwrap_or_else(|| config.server.data.join("media"))
}

/// Opens the depot; `None` when uploads are switched off.
///
/// # Errors
/// When its directory cannot be used.
pub fn open(
    config: &Config,
    core: &Arc<Core>,
    secret: SigningSecret,
) -> anyhow::Result<Option<magpie_api::Media>> {
    if !config.media.enabled {
        return Ok(None);
    }
    let folder = folder(config);
    let opened = || {
        let blobs = Arc::new(Directory::open(&folder)?);
        anyhow::Ok(Depot::open(core.clone(), settings(config), blobs)?)
    };
    let depot = opened().with_context(|| {
        format!(
            "the directory of files {} cannot be used: correct media.dir or its owner, or set \
             media.enabled = false",
            folder.display()
        )
    })?;
    Ok(Some(magpie_api::Media { depot: Arc::new(depot), tickets: Tickets::new(secret) }))
}

/// Erases in the background what no message holds.
pub fn start_erasing(bus: &dyn Bus, media: &magpie_api::Media) {
    let wake = Arc::new(Wake::default());
    bus.attach(wake.clone());
    tokio::spawn(Eraser::new(media.depot.clone(), wake).run());
}

fn settings(config: &Config) -> Settings {
    let media = &config.media;
    Settings {
        folder: folder(config),
        bytes_max: media.bytes_max,
        chunk_bytes: media.chunk_bytes,
        user_quota_bytes: media.user_quota_bytes,
        unfinished_per_user: media.unfinished_per_user,
        pixels_max: media.pixels_max,
        ticket_ms: media.ticket_s.saturating_mul(1_000),
        orphan_after_ms: media.orphan_after_s.saturating_mul(1_000),
    }
}
