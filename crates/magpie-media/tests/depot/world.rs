//! A depot with users, a clock that stands still, and a directory that goes with the test.

use std::{path::PathBuf, sync::Arc};

use magpie_bus::local::LocalBus;
use magpie_core::{
    Core, Dialect, Policy,
    conversation::directory::Directory as Conversations,
    model::Media,
    port::{
        Presence,
        presence::Online,
        store::{Op, Origin, UserPatch},
    },
    publish::Publisher,
};
use magpie_media::{Created, Depot, MediaError, Settings, Start, Usage, Wake, Wanted};
use magpie_proto::{MediaId, UserId};
use magpie_testkit::{MemoryStore, MockClock, SeqIds};
use serde_json::Value;
use tempfile::TempDir;

use crate::watched::Watched;

pub const NOW_MS: u64 = 1_800_000_000_000;

struct Nobody;

impl Presence for Nobody {
    fn connections(&self, _: &UserId) -> u32 {
        0
    }

    fn reach(&self, _: &UserId, _: &str) -> u32 {
        0
    }

    fn count(&self, _: Option<Dialect>) -> u64 {
        0
    }

    fn online(&self, _: Option<&UserId>, _: usize) -> Vec<Online> {
        Vec::new()
    }
}

pub struct World {
    pub depot: Arc<Depot>,
    pub blobs: Arc<Watched>,
    pub core: Arc<Core>,
    pub clock: Arc<MockClock>,
    pub wake: Arc<Wake>,
    pub folder: Arc<TempDir>,
    pub settings: Settings,
}

pub fn id(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

/// An upload of a message.
pub fn wanted(name: &str, size: usize) -> Wanted {
    Wanted {
        name: name.to_owned(),
        size: size as u64,
        usage: Usage::Message,
        ms: None,
        wave: None,
        poster: None,
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let mut settings = Settings::new(folder.path());
        change(&mut settings);
        let bus = Arc::new(LocalBus::default());
        let wake = Arc::new(Wake::default());
        magpie_core::port::Bus::attach(bus.as_ref(), wake.clone());
        let directory = Arc::new(Conversations::default());
        let sink = Arc::new(Publisher::new(bus.clone(), directory.clone()));
        let store = Arc::new(MemoryStore::new(7, sink));
        let clock = Arc::new(MockClock::at(NOW_MS));
        let core = Arc::new(Core {
            store,
            bus,
            clock: clock.clone(),
            ids: Arc::new(SeqIds::seeded(3)),
            presence: Arc::new(Nobody),
            policy: Policy::default(),
            receipts: Default::default(),
            directory,
            waiters: Arc::default(),
            calls: Default::default(),
        });
        for name in ["小明", "翠花", "stranger"] {
            let (id, now_ms) = (id(name), NOW_MS);
            let user = UserPatch { id, name: None, avatar: None, role: None, banned: None, now_ms };
            core.submit(Op::PutUser(user), Origin::None).unwrap();
        }
        let blobs = Watched::new(folder.path());
        let depot = open(&core, &settings, &blobs);
        Self { depot, blobs, core, clock, wake, folder, settings }
    }

    /// The depot of a new process on the same directory.
    pub fn restart(&mut self) {
        self.depot = open(&self.core, &self.settings, &self.blobs);
    }

    pub async fn create(&self, name: &str, size: usize) -> Created {
        self.depot.create(&id("小明"), wanted(name, size)).await.unwrap()
    }

    /// Writes a piece at an offset; says where the upload stands.
    pub async fn write(&self, id: MediaId, at: u64, bytes: &[u8]) -> Result<u64, MediaError> {
        let mut writer = self.depot.writer(id, Start::At(at)).await?;
        writer.append(bytes).await?;
        writer.flush().await
    }

    /// An upload in one go, finished.
    pub async fn try_upload(&self, wanted: Wanted, bytes: &[u8]) -> Result<Media, MediaError> {
        let created = self.depot.create(&id("小明"), wanted).await?;
        self.write(created.id, 0, bytes).await?;
        self.depot.complete(created.id).await
    }

    pub async fn upload(&self, name: &str, bytes: &[u8]) -> (Media, Value) {
        let media = self.try_upload(wanted(name, bytes.len()), bytes).await.unwrap();
        let told = serde_json::from_str(&media.descriptor).unwrap();
        (media, told)
    }

    /// Where the files of an upload lie while it is not finished.
    pub fn parts(&self, id: MediaId) -> [PathBuf; 2] {
        let part = self.folder.path().join(format!("uploads/{id}.part"));
        [part.with_extension("json"), part]
    }

    /// Where a finished file lies.
    pub fn file(&self, id: MediaId) -> PathBuf {
        self.folder.path().join(&id.to_string()[..2]).join(id.to_string())
    }

    /// The files of the directory, without the folders.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }
}

fn open(core: &Arc<Core>, settings: &Settings, blobs: &Arc<Watched>) -> Arc<Depot> {
    Arc::new(Depot::open(core.clone(), settings.clone(), blobs.clone()).unwrap())
}

/// The bytes of a stream.
pub async fn collect(stream: magpie_media::blobs::ByteStream) -> Vec<u8> {
    use futures_util::TryStreamExt as _;
    let pieces: Vec<bytes::Bytes> = stream.try_collect().await.unwrap();
    pieces.concat()
}
