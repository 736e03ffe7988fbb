//! Uploads wired together: where files lie, the depot on it and the task that erases.

#[cfg(feature = "s3")]
mod s3;

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use magpie_auth::{SigningSecret, Tickets};
use magpie_core::{Core, port::Bus};
use magpie_media::{
    Depot, Eraser, Settings, Wake,
    blobs::{Blobs, directory::Directory},
};
use magpie_proto::MediaId;

use crate::config::Config;

/// Where the files lie.
#[must_use]
pub fn folder(config: &Config) -> PathBuf {
    config.media.dir.clone().unwrap_or_else(|| config.server.data.join("media"))
}

/// Opens the depot; `None` when uploads are switched off.
///
/// # Errors
/// When its directory or its object store cannot be used.
pub async fn open(
    config: &Config,
    core: &Arc<Core>,
    secret: SigningSecret,
) -> anyhow::Result<Option<magpie_api::Media>> {
    if !config.media.enabled {
        return Ok(None);
    }
    let folder = folder(config);
    let unusable = || {
        format!(
            "the directory of files {} cannot be used: correct media.dir or its owner, or set \
             media.enabled = false",
            folder.display()
        )
    };
    #[cfg(feature = "s3")]
    let s3 = s3::open(config, &folder, &*core.ids).await?;
    #[cfg(not(feature = "s3"))]
    let s3 = None;
    let blobs: Arc<dyn Blobs> = match s3 {
        Some(s3) => s3,
        None => Arc::new(Directory::open(&folder).with_context(unusable)?),
    };
    let depot = Depot::open(core.clone(), settings(config), blobs).with_context(unusable)?;
    Ok(Some(magpie_api::Media { depot: Arc::new(depot), tickets: Tickets::new(secret) }))
}

/// Every upload with a file, wherever files lie. For a command; starts a runtime of its own.
///
/// # Errors
/// When the directory or the object store cannot be read.
pub fn list(config: &Config) -> anyhow::Result<Vec<MediaId>> {
    #[cfg(feature = "s3")]
    if let Some(ids) = s3::list(config)? {
        return Ok(ids);
    }
    let folder = folder(config);
    Directory::list(&folder).with_context(|| format!("{} cannot be read", folder.display()))
}

/// Where files lie, for a person.
#[must_use]
pub fn place(config: &Config) -> String {
    match &config.s3.bucket {
        Some(bucket) => format!("s3://{bucket}/{}", config.s3.prefix),
        None => folder(config).display().to_string(),
    }
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
