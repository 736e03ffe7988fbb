//! The store through its port, on the disk of the build: appends by the batch, and the reads of a
//! client that comes back. `cargo bench -p magpie-store`; compares builds, judges nothing.
#![allow(clippy::unwrap_used, reason = "a bench stops where its input is wrong")]

use std::sync::{
    Arc,
    mpsc::{Receiver, SyncSender, sync_channel},
};

use divan::Bencher;
use magpie_core::port::store::{
    Append, CommitSink, Committed, Guard, Op, Origin, Place, ResumeQuery, Store as _, UserPatch,
    Write,
};
use magpie_proto::{Body, ConversationId, MessageId, UserId, client::Edge};
use magpie_store::{OpenOptions, SqliteStore, measured::Log};
use tempfile::TempDir;

/// Users who write to one another in turn.
const USERS: u64 = 1_000;
/// Messages that are there before the reads.
const STORED: u64 = 20_000;

fn main() {
    divan::main();
}

/// Tells how many writes each commit held.
struct Told(SyncSender<usize>);

impl CommitSink for Told {
    fn committed(&self, batch: Vec<Committed>, _position: u64) {
        assert!(batch.iter().all(|done| done.result.is_ok()));
        // Nobody listens any more when the bench is over.
        let _ = self.0.send(batch.len());
    }
}

struct Bench {
    store: SqliteStore,
    commits: Receiver<usize>,
    body: Body,
    sent: u64,
    _dir: TempDir,
}

impl Bench {
    fn new() -> Self {
        // Beside the build: the usual place for temporary files may be in memory.
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (told, commits) = sync_channel(65_536);
        let store = SqliteStore::open(OpenOptions::new(dir.path(), 7), Arc::new(Told(told)));
        let body = Body::text("鹊桥:消息先落盘,再确认;断线之后一次补齐,不多也不少。");
        let mut bench = Self { store: store.unwrap(), commits, body, sent: 0, _dir: dir };
        bench.write((0..USERS).map(put_user).collect());
        bench
    }

    fn filled() -> Self {
        let mut bench = Self::new();
        for _ in 0..STORED / 2_000 {
            let batch = (0..2_000).map(|_| bench.next()).collect();
            bench.write(batch);
        }
        bench
    }

    fn next(&mut self) -> Op {
        self.sent += 1;
        let mut id = [0_u8; 16];
        id[8..].copy_from_slice(&self.sent.to_be_bytes());
        Op::Append(Append {
            place: Place::Direct(user(self.sent.wrapping_mul(7) % USERS)),
            sender: user((self.sent.wrapping_mul(7) + 1) % USERS),
            client_msg_id: Some(format!("{:016x}", self.sent).into()),
            body: self.body.clone(),
            id: MessageId::from_bytes(id),
            sent_ms: 1_700_000_000_000 + self.sent,
            guard: Guard { must_be_member: true, not_blocked: true, ..Guard::default() },
        })
    }

    /// Queues all of these, then waits until the last is durable.
    fn write(&mut self, ops: Vec<Op>) {
        let mut missing = ops.len();
        for op in ops {
            self.store.submit(Write { op, origin: Origin::None }).unwrap();
        }
        while missing > 0 {
            missing -= self.commits.recv().unwrap();
        }
    }
}

fn user(number: u64) -> UserId {
    UserId::parse(&format!("u{number:07}")).unwrap()
}

fn put_user(number: u64) -> Op {
    let (name, avatar, role, banned) = (None, None, None, None);
    Op::PutUser(UserPatch { id: user(number), name, avatar, role, banned, now_ms: 1 })
}

fn wait<T>(read: magpie_core::port::store::ReadFuture<T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(read).unwrap()
}

/// So many messages queued at once, until all are durable: the fsync is in it.
#[divan::bench(args = [1, 64, 1_024], sample_count = 20)]
fn append(bencher: Bencher<'_, '_>, batch: usize) {
    let mut bench = Bench::new();
    bencher.counter(divan::counter::ItemsCount::new(batch)).bench_local(|| {
        let ops = (0..batch).map(|_| bench.next()).collect();
        bench.write(ops);
    });
}

/// The newest fifty messages of a conversation.
#[divan::bench]
fn history_page(bencher: Bencher<'_, '_>) {
    let bench = Bench::filled();
    let conversation = ConversationId::direct(&user(7), &user(8));
    bencher.bench_local(|| {
        wait(bench.store.history(user(7), false, conversation, Edge::Newest, 50)).unwrap()
    });
}

/// The newest fifty conversations of a user.
#[divan::bench]
fn inbox_page(bencher: Bencher<'_, '_>) {
    let bench = Bench::filled();
    bencher.bench_local(|| wait(bench.store.inbox(user(7), false, None, 50)));
}

/// A device that has never been here: each conversation with its newest message.
#[divan::bench]
fn resume_of_a_new_device(bencher: Bencher<'_, '_>) {
    let bench = Bench::filled();
    bencher.bench_local(|| {
        let (user, budget_bytes) = (user(7), 256 * 1_024);
        let query = ResumeQuery { user, agent: false, since: None, mark: None, budget_bytes };
        wait(bench.store.resume(query))
    });
}

/// Why the unread count of a conversation is what it is.
#[divan::bench]
fn unread(bencher: Bencher<'_, '_>) {
    let bench = Bench::filled();
    let conversation = ConversationId::direct(&user(7), &user(8));
    bencher.bench_local(|| wait(bench.store.unread(user(7), false, conversation)).unwrap());
}

/// One batch of the journal: its checksum, one write, one fsync. Bytes of the payload.
#[divan::bench(args = [300, 4_096, 65_536])]
fn journal_append(bencher: Bencher<'_, '_>, bytes: usize) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut log = Log::open(dir.path()).unwrap();
    let payload = vec![b'x'; bytes];
    bencher.bench_local(|| log.append(&payload).unwrap());
}
