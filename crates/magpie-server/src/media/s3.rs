//! The object store of files: from the section `media.s3` to a store that was tried and claimed.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::Path,
    sync::Arc,
};

use anyhow::Context as _;
use magpie_core::port::Ids;
use magpie_media::blobs::{
    Blobs,
    s3::{S3, Settings, Unusable},
};
use magpie_proto::MediaId;
use tokio::runtime::Handle;

use crate::config::{Config, Problem, SecretText};

/// Names this data directory to the object store. Beside the uploads, not in the backup: a backup
/// that is restored elsewhere for a drill must not take the files along.
const OWNER_FILE: &str = "s3-owner";

/// Connects, tries everything once and claims the prefix for this data directory; `None` when no
/// object store is set.
pub(super) async fn open(
    config: &Config,
    folder: &Path,
    ids: &dyn Ids,
) -> anyhow::Result<Option<Arc<dyn Blobs>>> {
    let Some(s3) = connect(config)? else { return Ok(None) };
    let server = server_id(folder, ids)?;
    let claimed = s3.claim(server).await.map_err(|unusable| told(config, unusable))?;
    if claimed.keeps_versions {
        tracing::warn!(
            bucket = config.s3.bucket,
            "the bucket keeps versions: files of recalled messages stay there as old versions; \
             suspend versioning, or let a lifecycle rule remove old versions"
        );
    }
    Ok(Some(Arc::new(s3)))
}

/// Every upload with a file in the object store; `None` when none is set.
pub(super) fn list(config: &Config) -> anyhow::Result<Option<Vec<MediaId>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let Some(s3) = connect(config)? else { return Ok(None) };
        Ok(Some(s3.ids().await?))
    })
}

fn connect(config: &Config) -> anyhow::Result<Option<S3>> {
    let s3 = config.s3.clone();
    let Some(bucket) = s3.bucket else { return Ok(None) };
    let settings = Settings {
        endpoint: s3.endpoint,
        bucket,
        region: s3.region,
        prefix: s3.prefix,
        access_key: s3.access_key.unwrap_or_default(),
        secret_key: s3.secret_key.as_ref().map(SecretText::expose).unwrap_or_default().to_owned(),
        path_style: s3.path_style,
    };
    let s3 = S3::connect(&settings, Handle::current());
    s3.map(Some).map_err(|unusable| told(config, unusable))
}

/// Like a problem of the configuration, which most of these are.
fn told(config: &Config, Unusable { setting, text }: Unusable) -> anyhow::Error {
    let key = format!("media.s3.{setting}");
    anyhow::anyhow!("{}", Problem { place: config.place(&key), key, text })
}

/// The id of this data directory; made, and made durable, at its first start with an object store.
fn server_id(folder: &Path, ids: &dyn Ids) -> anyhow::Result<MediaId> {
    let path = folder.join(OWNER_FILE);
    let shown = path.display();
    match fs::read_to_string(&path) {
        Ok(text) => MediaId::parse(text.trim_end()).with_context(|| {
            format!(
                "{shown} is not as it was written: restore it, or remove it and the object \
                 `owner` in the bucket"
            )
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let id = ids.media_id();
            let written = (|| {
                fs::create_dir_all(folder)?;
                let mut file = File::create_new(&path)?;
                file.write_all(id.to_string().as_bytes())?;
                file.sync_all()?;
                File::open(folder)?.sync_all()
            })();
            written.with_context(|| format!("cannot write {shown}"))?;
            Ok(id)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {shown}")),
    }
}
