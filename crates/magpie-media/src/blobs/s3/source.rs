//! What goes up, read part by part: bytes of memory, or a file of the disk that is never read as a
//! whole.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
    sync::Arc,
};

use bytes::Bytes;

use super::Content;
use crate::{MediaError, error::lost};

/// Something to read parts of.
pub(super) enum Source {
    Bytes(Bytes),
    File { file: Arc<File>, len: u64 },
}

impl Source {
    pub(super) async fn open(content: Content) -> Result<Self, MediaError> {
        match content {
            Content::Bytes(bytes) => Ok(Self::Bytes(bytes)),
            Content::File(path) => {
                let opened = on_disk(move || {
                    let file = File::open(path)?;
                    Ok((file.metadata()?.len(), file))
                });
                let (len, file) = opened.await?;
                Ok(Self::File { file: Arc::new(file), len })
            }
        }
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { len, .. } => *len,
        }
    }

    /// A part that lies within it.
    pub(super) async fn part(&self, range: Range<u64>) -> Result<Bytes, MediaError> {
        let size = |at: u64| usize::try_from(at).map_err(io::Error::other);
        match self {
            Self::Bytes(bytes) => Ok(bytes.slice(size(range.start)?..size(range.end)?)),
            Self::File { file, .. } => {
                let (file, mut part) = (file.clone(), vec![0; size(range.end - range.start)?]);
                let read = on_disk(move || {
                    let mut file = &*file;
                    file.seek(SeekFrom::Start(range.start))?;
                    file.read_exact(&mut part)?;
                    Ok(part.into())
                });
                read.await
            }
        }
    }
}

async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, MediaError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| lost(&error))??)
}
