//! Finished files in an S3-compatible object store, under the names that a directory gives them.
//! Files go up and come down in pieces, so memory does not grow with them; every request has an
//! end. Requests run on the runtime it was made with: no socket's thread hashes or encrypts here.

mod claim;
mod connect;
mod fault;
mod source;

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use magpie_proto::MediaId;
use object_store::{
    MultipartUpload, ObjectStoreExt as _,
    aws::AmazonS3,
    list::{PaginatedListOptions, PaginatedListStore as _},
    path::Path,
};
use tokio::{runtime::Handle, sync::Semaphore};

pub use claim::Claimed;
pub use connect::Settings;
pub use fault::Unusable;

use super::{BlobFuture, Blobs, ByteStream, Content};
use crate::{MediaError, Variant, error::lost};
use source::Source;

/// A file of more bytes goes up in parts of this size.
pub const PART_BYTES: u64 = 8 * 1_048_576;
/// S3 takes no more parts of one file.
const PARTS_MAX: u64 = 10_000;
/// Bytes that are read at a time. One piece is held for each reader.
pub const PIECE_BYTES: u64 = 1_048_576;
/// Files that go up at a time; each holds one part in memory.
const PUTS_MAX: usize = 4;

/// The object store.
#[derive(Clone)]
pub struct S3 {
    store: Arc<AmazonS3>,
    bucket: Arc<str>,
    prefix: Arc<str>,
    runtime: Handle,
    puts: Arc<Semaphore>,
}

impl S3 {
    fn path(&self, id: MediaId, variant: Variant) -> Path {
        let name = id.to_string();
        let end = match variant {
            Variant::File => "",
            Variant::Thumb => ".thumb",
        };
        self.own_path(&format!("{}/{name}{end}", &name[..2]))
    }

    fn own_path(&self, name: &str) -> Path {
        Path::from(format!("{}{name}", self.prefix))
    }

    /// Which upload a file belongs to, if it is one of ours.
    fn id_of(&self, path: &Path) -> Option<MediaId> {
        let (shelf, name) = path.as_ref().strip_prefix(&*self.prefix)?.split_once('/')?;
        let id = name.strip_suffix(".thumb").unwrap_or(name);
        id.starts_with(shelf).then(|| MediaId::parse(id).ok()).flatten()
    }

    async fn put_whole(&self, path: &Path, content: Content) -> Result<(), MediaError> {
        let _turn = self.puts.acquire().await.map_err(|_closed| MediaError::Overloaded)?;
        let source = Source::open(content).await?;
        if source.len() <= PART_BYTES {
            let bytes = source.part(0..source.len()).await?;
            let put = self.store.put(path, bytes.into()).await;
            return put.map(drop).map_err(|error| self.fault("put", path, &error));
        }
        let begun = self.store.put_multipart(path).await;
        let mut upload = begun.map_err(|error| self.fault("begin to put", path, &error))?;
        let put = self.put_parts(path, &source, &mut *upload).await;
        // The parts of an upload that does not end stay for ever, and cost.
        if put.is_err()
            && let Err(error) = upload.abort().await
        {
            let error = self.fault("abort the upload of", path, &error);
            tracing::warn!(%error, "parts may be left in the bucket");
        }
        put
    }

    async fn put_parts(
        &self,
        path: &Path,
        source: &Source,
        upload: &mut dyn MultipartUpload,
    ) -> Result<(), MediaError> {
        let (mut at, step) = (0, part_bytes(source.len()));
        while at < source.len() {
            let end = source.len().min(at + step);
            let part = source.part(at..end).await?;
            let put = upload.put_part(part.into()).await;
            put.map_err(|error| self.fault("put a part of", path, &error))?;
            at = end;
        }
        let done = upload.complete().await;
        done.map(drop).map_err(|error| self.fault("finish putting", path, &error))
    }

    /// The first piece of a range; `None` when the file is not there.
    async fn piece(&self, path: &Path, range: Range<u64>) -> Result<Option<Bytes>, MediaError> {
        let end = range.end.min(range.start + PIECE_BYTES);
        match self.store.get_range(path, range.start..end).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if fault::is_missing(&error) => Ok(None),
            Err(error) => Err(self.fault("read", path, &error)),
        }
    }

    fn pieces(self, path: Path, range: Range<u64>) -> ByteStream {
        Box::pin(stream::try_unfold((self, path, range), |(s3, path, range)| async move {
            if range.is_empty() {
                return Ok(None);
            }
            let piece = s3.piece(&path, range.clone()).await.map_err(std::io::Error::other)?;
            let gone = || std::io::Error::other("the file was erased while it was read");
            let bytes = piece.ok_or_else(gone)?;
            let rest = range.start + bytes.len() as u64..range.end;
            Ok(Some((bytes, (s3, path, rest))))
        }))
    }

    async fn remove(&self, path: &Path) -> Result<(), MediaError> {
        match self.store.delete(path).await {
            Err(error) if !fault::is_missing(&error) => Err(self.fault("erase", path, &error)),
            _ => Ok(()),
        }
    }

    async fn list(&self) -> Result<Vec<MediaId>, MediaError> {
        let prefix = Some(&*self.prefix).filter(|prefix| !prefix.is_empty());
        let (mut found, mut page_token) = (BTreeSet::new(), None);
        loop {
            let page = PaginatedListOptions { page_token, ..Default::default() };
            let listed = self.store.list_paginated(prefix, page).await;
            let page = listed.map_err(|error| self.fault("list", &self.own_path(""), &error))?;
            let files = page.result.objects.iter();
            found.extend(files.filter_map(|file| self.id_of(&file.location)));
            page_token = page.page_token;
            if page_token.is_none() {
                return Ok(found.into_iter().collect());
            }
        }
    }

    /// Runs on the runtime of this store, and to its end when the caller is gone.
    fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, MediaError>> + Send + 'static,
    ) -> BlobFuture<T> {
        let runtime = self.runtime.clone();
        Box::pin(async move { runtime.spawn(work).await.map_err(|error| lost(&error))? })
    }
}

/// The size of the parts of a file, all alike but the last.
fn part_bytes(len: u64) -> u64 {
    PART_BYTES.max(len.div_ceil(PARTS_MAX))
}

impl Blobs for S3 {
    fn put(&self, id: MediaId, variant: Variant, content: Content) -> BlobFuture<()> {
        let (s3, path) = (self.clone(), self.path(id, variant));
        self.run(async move { s3.put_whole(&path, content).await })
    }

    fn len(&self, id: MediaId, variant: Variant) -> BlobFuture<Option<u64>> {
        let (s3, path) = (self.clone(), self.path(id, variant));
        self.run(async move {
            match s3.store.head(&path).await {
                Ok(about) => Ok(Some(about.size)),
                Err(error) if fault::is_missing(&error) => Ok(None),
                Err(error) => Err(s3.fault("look at", &path, &error)),
            }
        })
    }

    fn read(
        &self,
        id: MediaId,
        variant: Variant,
        range: Range<u64>,
    ) -> BlobFuture<Option<ByteStream>> {
        if range.is_empty() {
            // No range of HTTP says "nothing".
            let len = self.len(id, variant);
            return Box::pin(async move {
                Ok(len.await?.map(|_| Box::pin(stream::empty()) as ByteStream))
            });
        }
        let (s3, path) = (self.clone(), self.path(id, variant));
        Box::pin(async move {
            let Some(first) = s3.piece(&path, range.clone()).await? else { return Ok(None) };
            let rest = range.start + first.len() as u64..range.end;
            let first = stream::iter([Ok(first)]);
            Ok(Some(Box::pin(first.chain(s3.pieces(path, rest))) as ByteStream))
        })
    }

    fn erase(&self, id: MediaId) -> BlobFuture<()> {
        let s3 = self.clone();
        self.run(async move {
            s3.remove(&s3.path(id, Variant::Thumb)).await?;
            s3.remove(&s3.path(id, Variant::File)).await
        })
    }

    fn ids(&self) -> BlobFuture<Vec<MediaId>> {
        let s3 = self.clone();
        self.run(async move { s3.list().await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_has_more_parts_than_s3_takes_and_small_ones_have_small_parts() {
        assert_eq!(part_bytes(PART_BYTES + 1), PART_BYTES);
        for len in [1 << 30, PART_BYTES * PARTS_MAX, PART_BYTES * PARTS_MAX + 1, 1 << 40] {
            assert!(len.div_ceil(part_bytes(len)) <= PARTS_MAX, "{len}");
        }
    }
}
