//! The embedded store: one writer thread that commits to the journal, an applier that brings
//! SQLite up to it, a few readers, one data directory. Everything that waits is bounded; nothing is
//! answered before it is durable.

mod applier;
mod apply;
mod backup;
mod bulk;
mod cache;
mod channels;
mod check;
mod checkpoint;
mod conversations;
mod decide;
mod devices;
mod drafts;
mod error;
mod files;
mod history;
mod inbox;
mod keys;
mod marks;
mod media;
mod memberships;
mod messages;
mod migrate;
mod port;
mod preview;
mod queue;
mod reader;
mod recent;
mod recovery;
mod resume;
mod revise;
mod revisions;
mod row;
mod sizes;
mod state;
mod undelivered;
mod unread;
mod users;
mod view;
mod writer;

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use magpie_core::port::store::{CommitSink, StoreError};
use parking_lot::Mutex;
use rusqlite::Connection;

pub use backup::{backup, restore};
pub use bulk::{Bulk, BulkConversation, BulkMessage, BulkUser};
pub use check::{Problem, Report, check};
pub use error::OpenError;
pub use sizes::{Size, sizes};

use applier::Applier;
use checkpoint::Backlog;
use error::{of_io, of_sqlite};
use keys::Keys;
use queue::WriteQueue;
use reader::{ReadQueue, Source};
use recent::Recent;
use row::uint;
use state::State;
use writer::Writer;

use crate::{
    journal::{Journal, Keeper},
    tail::Tail,
};

/// Name of the database inside the data directory.
pub const DATABASE: &str = "magpie.db";

/// How to open a store.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Where the files lie; made when missing.
    pub data_dir: PathBuf,
    /// Identity of the history, if the store is made now. Random.
    pub epoch_if_new: u64,
    /// Most queued writes.
    pub queue_len_max: usize,
    /// Most bytes of queued writes.
    pub queue_bytes_max: usize,
    /// Most writes in one commit.
    pub batch_len_max: usize,
    /// Reader threads.
    pub readers: usize,
    /// Most queued reads.
    pub reads_len_max: usize,
    /// Changes kept in memory for resumes, 24 bytes each. Older cursors are answered by reading
    /// the user's whole list.
    pub recent_len_max: usize,
    /// Most bytes (about) that are durable in the journal and not yet in SQLite. Beyond it writes
    /// wait for the applier.
    pub tail_bytes_max: usize,
    /// How long changes gather before SQLite gets them, if nobody asks for them.
    pub apply_patience: Duration,
    /// Applied rows after which SQLite's log is moved into the database, at the latest.
    pub rows_per_checkpoint: usize,
    /// Read the idempotency keys of stored messages after the start, in the background, so that
    /// an append need not look its own up.
    pub learn_keys: bool,
    /// Size of the journal's first segment; later ones are larger, up to 32 MiB.
    pub segment_bytes_first: u64,
    /// Most pages (4 KiB) of the database; beyond it the disk counts as full.
    pub page_count_max: Option<u32>,
}

impl OpenOptions {
    /// The defaults for a data directory.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>, epoch_if_new: u64) -> Self {
        Self {
            data_dir: data_dir.into(),
            epoch_if_new,
            queue_len_max: 32_768,
            queue_bytes_max: 64 << 20,
            batch_len_max: 2_048,
            readers: 2,
            reads_len_max: 8_192,
            recent_len_max: 65_536,
            tail_bytes_max: 128 << 20,
            apply_patience: Duration::from_millis(500),
            rows_per_checkpoint: 16_384,
            learn_keys: true,
            segment_bytes_first: 1 << 20,
            page_count_max: None,
        }
    }
}

/// An open store. [`SqliteStore::close`], or dropping it, answers what is queued and closes the files.
pub struct SqliteStore {
    writes: Arc<WriteQueue>,
    reads: Arc<ReadQueue>,
    source: Arc<Source>,
    backlog: Arc<Backlog>,
    keys: Arc<Keys>,
    trouble: Arc<Mutex<Option<StoreError>>>,
    epoch: u64,
    threads: Mutex<Threads>,
    _lock: File,
}

#[derive(Default)]
struct Threads {
    writer: Option<JoinHandle<()>>,
    applier: Option<JoinHandle<()>>,
    checkpointer: Option<JoinHandle<()>>,
    readers: Vec<JoinHandle<()>>,
    learner: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the store of a data directory, or makes it.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the directory and what to do.
    pub fn open(options: OpenOptions, sink: Arc<dyn CommitSink>) -> Result<Self, OpenError> {
        files::make_dir(&options.data_dir)?;
        let lock = files::lock(&options.data_dir)?;
        let path = options.data_dir.join(DATABASE);
        migrate::looks_like_sqlite(&path)?;
        let mut conn = files::open_applier(&path, options.page_count_max)?;
        let sqlite = |error: rusqlite::Error| of_sqlite(&path, &error);
        refuse_undrained(&conn, &options.data_dir, &path)?;
        files::tune_applier(&conn).map_err(sqlite)?;
        if let Some(copy) =
            migrate::migrate(&mut conn, &path, options.epoch_if_new, migrate::STEPS)?
        {
            tracing::info!(copy = %copy.display(), "brought the store to the newest schema");
        }
        let (epoch, applied) = conn
            .query_row("SELECT epoch, position FROM meta", [], |r| Ok((uint(r, 0)?, uint(r, 1)?)))
            .map_err(sqlite)?;
        let tail = Arc::new(Tail::new(applied, options.tail_bytes_max));
        let stored: i64 = conn
            .query_row("SELECT coalesce(max(no), 0) FROM messages", [], |row| row.get(0))
            .map_err(sqlite)?;
        let keys = Arc::new(Keys::new(stored.cast_unsigned()));
        let (journal, keeper, recovered) =
            recovery::open_journal(&options, epoch, applied, (&tail, &keys))?;
        let recent = Arc::new(Recent::new(recovered.last, options.recent_len_max));
        let store = Self {
            writes: Arc::new(WriteQueue::new(options.queue_len_max, options.queue_bytes_max)),
            reads: Arc::new(ReadQueue::new(options.reads_len_max)),
            source: Arc::new(Source { tail, recent }),
            keys,
            backlog: Arc::new(Backlog::new(Arc::clone(&keeper), options.rows_per_checkpoint)),
            trouble: Arc::default(),
            epoch,
            threads: Mutex::default(),
            _lock: lock,
        };
        store.start(&options, &path, conn, (journal, &keeper), sink)?;
        Ok(store)
    }

    /// Writes that wait for the writer; for metrics.
    #[must_use]
    pub fn queued_writes(&self) -> usize {
        self.writes.len()
    }

    /// Bytes (about) in the journal that SQLite does not have yet; for metrics.
    #[must_use]
    pub fn tail_bytes(&self) -> usize {
        self.source.tail.bytes()
    }

    fn start(
        &self,
        options: &OpenOptions,
        path: &Path,
        conn: Connection,
        (journal, keeper): (Journal, &Keeper),
        sink: Arc<dyn CommitSink>,
    ) -> Result<(), OpenError> {
        let sqlite = |error: rusqlite::Error| of_sqlite(path, &error);
        let spawned = |error: std::io::Error| of_io(path, &error);
        let mut threads = self.threads.lock();
        for number in 0..options.readers.max(1) {
            let conn = files::open_reader(path).map_err(sqlite)?;
            let reads = Arc::clone(&self.reads);
            let thread = thread::Builder::new().name(format!("store-read-{number}"));
            threads.readers.push(thread.spawn(move || reads.run(&conn)).map_err(spawned)?);
        }
        if options.learn_keys {
            let conn = files::open_reader(path).map_err(sqlite)?;
            let keys = Arc::clone(&self.keys);
            let thread = thread::Builder::new().name("store-keys".into());
            threads.learner = Some(thread.spawn(move || learn(&keys, &conn)).map_err(spawned)?);
        }
        let checkpointer = files::open_checkpointer(path).map_err(sqlite)?;
        let backlog = Arc::clone(&self.backlog);
        let wake = Arc::downgrade(&self.backlog);
        keeper.on_wanted(Box::new(move || {
            wake.upgrade().iter().for_each(|backlog| backlog.segment_wanted());
        }));
        let thread = thread::Builder::new().name("store-log".into());
        threads.checkpointer =
            Some(thread.spawn(move || backlog.run(&checkpointer)).map_err(spawned)?);
        let writer = self
            .writer(options, files::open_reader(path).map_err(sqlite)?, journal, sink)
            .map_err(sqlite)?;
        let applier = Applier {
            conn,
            tail: Arc::clone(&self.source.tail),
            backlog: Arc::clone(&self.backlog),
            patience: options.apply_patience,
        };
        let thread = thread::Builder::new().name("store-apply".into());
        threads.applier = Some(thread.spawn(move || applier.run()).map_err(spawned)?);
        let thread = thread::Builder::new().name("store-write".into());
        threads.writer = Some(thread.spawn(move || writer.run()).map_err(spawned)?);
        Ok(())
    }

    fn writer(
        &self,
        options: &OpenOptions,
        conn: Connection,
        journal: Journal,
        sink: Arc<dyn CommitSink>,
    ) -> rusqlite::Result<Writer> {
        let Source { tail, recent } = &*self.source;
        let user_no = users::highest_no(&conn)?.max(tail.highest_user_no());
        Ok(Writer {
            conn,
            state: State::new(
                self.epoch,
                recent.position(),
                user_no,
                tail.new_layer(),
                Arc::clone(&self.keys),
            ),
            journal,
            tail: Arc::clone(tail),
            queue: Arc::clone(&self.writes),
            recent: Arc::clone(recent),
            trouble: Arc::clone(&self.trouble),
            lasting: None,
            data_dir: options.data_dir.clone(),
            sink,
            batch_len_max: options.batch_len_max.max(1),
        })
    }
}

/// The thread that reads the keys of what was stored before; it ends when it has them.
fn learn(keys: &Keys, conn: &Connection) {
    applier::give_way();
    if let Err(error) = keys.learn(conn) {
        tracing::warn!(%error, "keys of stored messages are looked up one by one");
    }
}

/// An older schema is brought up to date only when nothing waits in the journal: what wrote that
/// knew the older tables.
fn refuse_undrained(conn: &Connection, data_dir: &Path, path: &Path) -> Result<(), OpenError> {
    let found = migrate::schema_of(conn, path, migrate::STEPS.len())?;
    if found == 0 || found as usize == migrate::STEPS.len() {
        return Ok(());
    }
    let applied = conn
        .query_row("SELECT position FROM meta", [], |row| uint(row, 0))
        .map_err(|error| of_sqlite(path, &error))?;
    match recovery::read_journal(data_dir, applied, &mut |_| Ok(()))? {
        Some(read) if read.batches == 0 => Ok(()),
        read => {
            let writes = read.map_or(0, |read| read.batches);
            Err(OpenError::Undrained { path: path.into(), writes })
        }
    }
}

impl SqliteStore {
    /// Answers what is queued, moves the log into the database and ends the threads. Later calls
    /// do nothing; reads and writes are refused from here on. A server calls it at its end instead
    /// of waiting for the last handle to go: connections that were cut may still hold one.
    pub fn close(&self) {
        self.writes.close(StoreError::Unavailable("the store is closing".into()));
        self.reads.close();
        self.keys.stop();
        let mut threads = std::mem::take(&mut *self.threads.lock());
        // In the order of the path: what the writer committed is applied, then checkpointed.
        let writer = threads.writer.take();
        let learner = threads.learner.take();
        for thread in threads.readers.drain(..).chain(learner).chain(writer) {
            join(thread);
        }
        self.source.tail.end();
        threads.applier.take().into_iter().for_each(join);
        self.backlog.close();
        threads.checkpointer.take().into_iter().for_each(join);
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.close();
    }
}

/// Waits for a thread, unless this is that thread: the sink may hold the last handle.
fn join(thread: JoinHandle<()>) {
    if thread.thread().id() != thread::current().id() && thread.join().is_err() {
        tracing::error!("a thread of the store has panicked");
    }
}
