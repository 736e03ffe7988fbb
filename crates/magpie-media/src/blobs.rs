//! Where finished files lie: a port of this crate with a directory behind it, or an object store
//! (feature `s3`).
//! Files are named by id and variant alone; no text of a client ever becomes a path.

pub mod directory;
#[cfg(feature = "s3")]
pub mod s3;

use std::{future::Future, io, ops::Range, path::PathBuf, pin::Pin};

use bytes::Bytes;
use futures_util::Stream;
use magpie_proto::MediaId;

use crate::{MediaError, Variant};

/// A pending answer.
pub type BlobFuture<T> = Pin<Box<dyn Future<Output = Result<T, MediaError>> + Send>>;

/// A file on its way, in bounded pieces.
pub type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// What is put.
#[derive(Debug, Clone)]
pub enum Content {
    /// A file of the same disk, which stays where it is.
    File(PathBuf),
    /// Bytes made here.
    Bytes(Bytes),
}

/// The port.
pub trait Blobs: Send + Sync + 'static {
    /// Puts a file; it is durable when this answers. Putting again replaces.
    fn put(&self, id: MediaId, variant: Variant, content: Content) -> BlobFuture<()>;

    /// How long a file is; `None` when there is none.
    fn len(&self, id: MediaId, variant: Variant) -> BlobFuture<Option<u64>>;

    /// A part of a file that lies within it; `None` when there is none.
    fn read(
        &self,
        id: MediaId,
        variant: Variant,
        range: Range<u64>,
    ) -> BlobFuture<Option<ByteStream>>;

    /// Erases both variants, if they are there.
    fn erase(&self, id: MediaId) -> BlobFuture<()>;

    /// Every id that has a file, for the sweep and for checks.
    fn ids(&self) -> BlobFuture<Vec<MediaId>>;
}
