//! The SQLite store: one writer thread, a few readers, a background checkpointer, one data
//! directory. Everything that waits is bounded; nothing is answered before it is durable.

mod apply;
mod backup;
mod bulk;
mod cache;
mod channels;
mod check;
mod checkpoint;
mod conversations;
mod error;
mod files;
mod history;
mod inbox;
mod marks;
mod memberships;
mod messages;
mod migrate;
mod queue;
mod reader;
mod recent;
mod resume;
mod row;
mod sizes;
mod state;
mod unread;
mod users;
mod writer;

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
};

use magpie_core::{
    model::{
        ChannelValue, Entry, HistoryPage, InboxMark, InboxPage, Message, Position, ResumePage,
        Unread, User,
    },
    port::store::{CommitSink, ReadFuture, ResumeQuery, Store, StoreError, Write},
};
use magpie_proto::{ConversationId, Seq, UserId, client::Edge};
use parking_lot::Mutex;
use rusqlite::Connection;

pub use backup::{backup, restore};
pub use bulk::{Bulk, BulkConversation, BulkMessage, BulkUser};
pub use check::{Problem, Report, check};
pub use error::OpenError;
pub use sizes::{Size, sizes};

use checkpoint::Backlog;
use error::{of_io, of_sqlite};
use queue::WriteQueue;
use reader::ReadQueue;
use recent::{Recent, Since};
use row::uint;
use state::State;
use writer::Writer;

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
            page_count_max: None,
        }
    }
}

/// An open store. [`SqliteStore::close`], or dropping it, answers what is queued and closes the files.
pub struct SqliteStore {
    writes: Arc<WriteQueue>,
    reads: Arc<ReadQueue>,
    recent: Arc<Recent>,
    backlog: Arc<Backlog>,
    trouble: Arc<Mutex<Option<StoreError>>>,
    epoch: u64,
    threads: Mutex<Threads>,
    _lock: File,
}

#[derive(Default)]
struct Threads {
    writer: Option<JoinHandle<()>>,
    checkpointer: Option<JoinHandle<()>>,
    readers: Vec<JoinHandle<()>>,
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
        let mut conn = files::open_writer(&path, options.page_count_max)?;
        let sqlite = |error: rusqlite::Error| of_sqlite(&path, &error);
        migrate::schema_of(&conn, &path, migrate::STEPS.len())?;
        files::tune_writer(&conn).map_err(sqlite)?;
        if let Some(copy) =
            migrate::migrate(&mut conn, &path, options.epoch_if_new, migrate::STEPS)?
        {
            tracing::info!(copy = %copy.display(), "brought the store to the newest schema");
        }
        let (epoch, position) = conn
            .query_row("SELECT epoch, position FROM meta", [], |r| Ok((uint(r, 0)?, uint(r, 1)?)))
            .map_err(sqlite)?;
        let store = Self {
            writes: Arc::new(WriteQueue::new(options.queue_len_max, options.queue_bytes_max)),
            reads: Arc::new(ReadQueue::new(options.reads_len_max)),
            recent: Arc::new(Recent::new(position, options.recent_len_max)),
            backlog: Arc::new(Backlog::new()),
            trouble: Arc::default(),
            epoch,
            threads: Mutex::default(),
            _lock: lock,
        };
        store.start(&options, &path, conn, sink)?;
        Ok(store)
    }

    /// Writes that wait for the writer; for metrics.
    #[must_use]
    pub fn queued_writes(&self) -> usize {
        self.writes.len()
    }

    fn start(
        &self,
        options: &OpenOptions,
        path: &Path,
        conn: Connection,
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
        let checkpointer = files::open_checkpointer(path).map_err(sqlite)?;
        let backlog = Arc::clone(&self.backlog);
        let thread = thread::Builder::new().name("store-log".into());
        threads.checkpointer =
            Some(thread.spawn(move || backlog.run(&checkpointer)).map_err(spawned)?);
        let writer = Writer {
            conn,
            state: State::new(self.recent.position()),
            queue: Arc::clone(&self.writes),
            recent: Arc::clone(&self.recent),
            backlog: Arc::clone(&self.backlog),
            trouble: Arc::clone(&self.trouble),
            lasting: None,
            data_dir: options.data_dir.clone(),
            sink,
            batch_len_max: options.batch_len_max.max(1),
        };
        let thread = thread::Builder::new().name("store-write".into());
        threads.writer = Some(thread.spawn(move || writer.run()).map_err(spawned)?);
        Ok(())
    }
}

impl SqliteStore {
    /// Answers what is queued, moves the log into the database and ends the threads. Later calls
    /// do nothing; reads and writes are refused from here on. A server calls it at its end instead
    /// of waiting for the last handle to go: connections that were cut may still hold one.
    pub fn close(&self) {
        self.writes.close(StoreError::Unavailable("the store is closing".into()));
        self.reads.close();
        let mut threads = std::mem::take(&mut *self.threads.lock());
        // The writer first: its last commits are in the log that the checkpointer then moves.
        let writer = threads.writer.take();
        for thread in threads.readers.drain(..).chain(writer) {
            join(thread);
        }
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

impl Store for SqliteStore {
    fn submit(&self, write: Write) -> Result<(), StoreError> {
        self.writes.push(write)
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn position(&self) -> Position {
        self.recent.position()
    }

    fn health(&self) -> Result<(), StoreError> {
        let trouble = self.trouble.lock().clone();
        trouble.or_else(|| self.writes.closed()).map_or(Ok(()), Err)
    }

    fn resume(&self, query: ResumeQuery) -> ReadFuture<ResumePage> {
        let known = query
            .since
            .map_or(Since::Unknown, |since| self.recent.since(&query.user, query.agent, since));
        let candidates = match known {
            Since::Nothing(position) => {
                let page = ResumePage { position, changed: Vec::new(), next: None };
                return Box::pin(std::future::ready(Ok(page)));
            }
            Since::Maybe(position, candidates) => Some((position, candidates)),
            Since::Unknown => None,
        };
        self.reads.read(move |conn, position| match candidates {
            // The read may see later commits; the list of candidates does not cover them.
            Some((known, candidates)) => {
                resume::page(conn, position.min(known), &query, Some(candidates))
            }
            None => resume::page(conn, position, &query, None),
        })
    }

    fn inbox(
        &self,
        user: UserId,
        agent: bool,
        after: Option<InboxMark>,
        limit: u32,
    ) -> ReadFuture<InboxPage> {
        self.reads.read(move |conn, _| inbox::page(conn, &user, agent, after, limit))
    }

    fn entry(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
    ) -> ReadFuture<Option<Entry>> {
        self.reads.read(move |conn, _| inbox::entry(conn, &user, agent, conversation))
    }

    fn history(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
        edge: Edge,
        limit: u32,
    ) -> ReadFuture<Option<HistoryPage>> {
        self.reads.read(move |conn, _| {
            let opened = history::open(conn, &user, agent, conversation)?;
            opened.map(|(c, viewer)| history::page(conn, &c, &viewer, edge, limit)).transpose()
        })
    }

    fn unread(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
    ) -> ReadFuture<Option<Unread>> {
        self.reads.read(move |conn, _| {
            let opened = history::open(conn, &user, agent, conversation)?;
            opened.map(|(c, viewer)| unread::explain(conn, &c, &viewer)).transpose()
        })
    }

    fn members(&self, id: ConversationId) -> ReadFuture<Option<([Option<UserId>; 2], Seq)>> {
        self.reads
            .read(move |conn, _| Ok(conversations::load(conn, id)?.map(|c| (c.audience(), c.head))))
    }

    fn undelivered(&self, user: UserId, limit: u32) -> ReadFuture<Vec<Message>> {
        self.reads.read(move |conn, _| history::undelivered(conn, &user, limit))
    }

    fn user(&self, id: UserId) -> ReadFuture<Option<User>> {
        self.reads.read(move |conn, _| users::get(conn, &id))
    }

    fn users(&self, after: Option<UserId>, limit: u32) -> ReadFuture<Vec<User>> {
        self.reads.read(move |conn, _| users::list(conn, after.as_ref(), limit))
    }

    fn blocked(&self, user: UserId) -> ReadFuture<Vec<UserId>> {
        self.reads.read(move |conn, _| users::blocked(conn, &user))
    }

    fn channels(&self, user: UserId, channel: Option<Box<str>>) -> ReadFuture<Vec<ChannelValue>> {
        self.reads.read(move |conn, _| channels::list(conn, &user, channel.as_deref()))
    }
}
