//! Finished files in a directory: `ab/abcdef...`, and `.thumb` behind it for the small picture.
//! Blocking calls run on the blocking pool, a few at a time.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::stream;
use magpie_proto::MediaId;
use tokio::sync::Semaphore;

use super::{BlobFuture, Blobs, ByteStream, Content};
use crate::{MediaError, Variant, error::lost};

/// Bytes that are read at a time.
const PIECE_BYTES: u64 = 128 * 1024;
/// Calls that may be on the disk at a time.
const DISK_CALLS_MAX: usize = 8;

/// The directory.
#[derive(Clone)]
pub struct Directory {
    folder: PathBuf,
    calls: Arc<Semaphore>,
}

impl Directory {
    /// Files in this directory, which is made when it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, calls: Arc::new(Semaphore::new(DISK_CALLS_MAX)) })
    }

    /// Every id with a file in the directory, for `magpie check`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn list(folder: &Path) -> io::Result<Vec<MediaId>> {
        let mut found = BTreeSet::new();
        for shelf in read_dir(folder)? {
            let name = shelf.file_name();
            if name.len() != 2 || !shelf.file_type()?.is_dir() {
                continue;
            }
            for file in read_dir(&shelf.path())? {
                let name = file.file_name();
                let id = name.to_str().map(|name| name.split('.').next().unwrap_or_default());
                found.extend(id.and_then(|id| MediaId::parse(id).ok()));
            }
        }
        Ok(found.into_iter().collect())
    }

    fn path(&self, id: MediaId, variant: Variant) -> PathBuf {
        let name = id.to_string();
        let shelf = self.folder.join(&name[..2]);
        match variant {
            Variant::File => shelf.join(name),
            Variant::Thumb => shelf.join(name + ".thumb"),
        }
    }

    /// Runs a call on the blocking pool when its turn comes.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> BlobFuture<T> {
        let calls = self.calls.clone();
        Box::pin(async move { on_disk(&calls, work).await })
    }
}

async fn on_disk<T: Send + 'static>(
    calls: &Semaphore,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, MediaError> {
    let _turn = calls.acquire().await.map_err(|_closed| MediaError::Overloaded)?;
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| lost(&error))??)
}

fn read_dir(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Removes a file; whether it was there makes no difference.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes the names in a directory durable.
pub(crate) fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes a file, whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    make_whole(path, |file| file.write_all(bytes))
}

/// Where a file is made; a crash may leave it there.
fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    beside.into()
}

/// Makes a file beside its place and moves it there: whole or not at all.
fn make_whole(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let beside = beside(path);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&beside)?;
        fill(&mut file)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    if written.is_err() {
        // The first fault is the one to report.
        drop(remove(&beside));
    }
    written
}

fn put(path: &Path, content: &Content) -> io::Result<()> {
    let shelf = path.parent().unwrap_or(path);
    if !shelf.is_dir() {
        fs::create_dir_all(shelf)?;
        flush_folder(shelf.parent().unwrap_or(shelf))?;
    }
    match content {
        Content::Bytes(bytes) => write_whole(path, bytes)?,
        Content::File(from) => {
            // Left by a completion that was cut off behind this point.
            remove(path)?;
            // The same file under a second name; whoever finishes an upload has flushed its bytes.
            if fs::hard_link(from, path).is_err() {
                // It lies on another disk, or this one knows one name only. The system copies it
                // in pieces.
                let mut from = File::open(from)?;
                make_whole(path, |file| io::copy(&mut from, file).map(drop))?;
            }
        }
    }
    flush_folder(shelf)
}

/// One piece of a file; the file goes along to the next.
fn piece(mut file: File, left: u64) -> io::Result<(Bytes, File)> {
    let mut bytes = vec![0; usize::try_from(left.min(PIECE_BYTES)).unwrap_or(0)];
    file.read_exact(&mut bytes)?;
    Ok((bytes.into(), file))
}

fn pieces(calls: Arc<Semaphore>, file: File, len: u64) -> ByteStream {
    Box::pin(stream::try_unfold((file, len), move |(file, left)| {
        let calls = calls.clone();
        async move {
            if left == 0 {
                return Ok(None);
            }
            let read = on_disk(&calls, move || piece(file, left)).await;
            let (bytes, file) = read.map_err(io::Error::other)?;
            let left = left - bytes.len() as u64;
            Ok(Some((bytes, (file, left))))
        }
    }))
}

impl Blobs for Directory {
    fn put(&self, id: MediaId, variant: Variant, content: Content) -> BlobFuture<()> {
        let path = self.path(id, variant);
        self.run(move || put(&path, &content))
    }

    fn len(&self, id: MediaId, variant: Variant) -> BlobFuture<Option<u64>> {
        let path = self.path(id, variant);
        self.run(move || match fs::metadata(path) {
            Ok(about) => Ok(Some(about.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
    }

    fn read(
        &self,
        id: MediaId,
        variant: Variant,
        range: Range<u64>,
    ) -> BlobFuture<Option<ByteStream>> {
        let (path, calls) = (self.path(id, variant), self.calls.clone());
        let opened = self.run(move || match File::open(path) {
            Ok(mut file) => {
                file.seek(SeekFrom::Start(range.start))?;
                Ok(Some((file, range.end - range.start)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        });
        Box::pin(async move { Ok(opened.await?.map(|(file, len)| pieces(calls, file, len))) })
    }

    fn erase(&self, id: MediaId) -> BlobFuture<()> {
        let paths = [self.path(id, Variant::Thumb), self.path(id, Variant::File)];
        self.run(move || {
            paths.iter().try_for_each(|path| {
                remove(&beside(path))?;
                remove(path)
            })
        })
    }

    fn ids(&self) -> BlobFuture<Vec<MediaId>> {
        let folder = self.folder.clone();
        self.run(move || Self::list(&folder))
    }
}
