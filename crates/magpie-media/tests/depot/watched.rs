//! A directory that counts what it is asked for, fails on demand, and shows when a file is put.

use std::{
    collections::BTreeSet,
    io,
    ops::Range,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use magpie_media::{
    MediaError, Variant,
    blobs::{BlobFuture, Blobs, ByteStream, Content, directory::Directory},
};
use magpie_proto::MediaId;

/// What is awaited before a file is put.
type BeforePut = Box<dyn Fn(MediaId) -> BlobFuture<()> + Send + Sync>;

pub struct Watched {
    inner: Directory,
    calls: Mutex<Vec<(&'static str, Variant)>>,
    stuck: Mutex<BTreeSet<MediaId>>,
    listable: AtomicBool,
    before_put: Mutex<Option<BeforePut>>,
}

impl Watched {
    pub fn new(folder: &Path) -> Arc<Self> {
        Arc::new(Self {
            inner: Directory::open(folder).unwrap(),
            calls: Mutex::default(),
            stuck: Mutex::default(),
            listable: AtomicBool::new(true),
            before_put: Mutex::default(),
        })
    }

    /// What was read since the last time.
    pub fn calls(&self) -> Vec<(&'static str, Variant)> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// The files of these cannot be erased.
    pub fn stick(&self, ids: impl IntoIterator<Item = MediaId>) {
        *self.stuck.lock().unwrap() = ids.into_iter().collect();
    }

    /// Whether the files can be listed.
    pub fn list(&self, can: bool) {
        self.listable.store(can, Ordering::Relaxed);
    }

    /// Something is to happen before a file is put.
    pub fn before_put(&self, work: impl Fn(MediaId) -> BlobFuture<()> + Send + Sync + 'static) {
        *self.before_put.lock().unwrap() = Some(Box::new(work));
    }
}

impl Blobs for Watched {
    fn put(&self, id: MediaId, variant: Variant, content: Content) -> BlobFuture<()> {
        let before = self.before_put.lock().unwrap().as_ref().map(|work| work(id));
        let put = self.inner.put(id, variant, content);
        Box::pin(async move {
            if let Some(before) = before {
                before.await?;
            }
            put.await
        })
    }

    fn len(&self, id: MediaId, variant: Variant) -> BlobFuture<Option<u64>> {
        self.calls.lock().unwrap().push(("len", variant));
        self.inner.len(id, variant)
    }

    fn read(
        &self,
        id: MediaId,
        variant: Variant,
        range: Range<u64>,
    ) -> BlobFuture<Option<ByteStream>> {
        self.calls.lock().unwrap().push(("read", variant));
        self.inner.read(id, variant, range)
    }

    fn erase(&self, id: MediaId) -> BlobFuture<()> {
        if self.stuck.lock().unwrap().contains(&id) {
            return fault();
        }
        self.inner.erase(id)
    }

    fn ids(&self) -> BlobFuture<Vec<MediaId>> {
        if self.listable.load(Ordering::Relaxed) { self.inner.ids() } else { fault() }
    }
}

fn fault<T: Send + 'static>() -> BlobFuture<T> {
    let fault = MediaError::from(io::Error::other("the disk does not let go"));
    Box::pin(std::future::ready(Err(fault)))
}
