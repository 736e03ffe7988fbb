//! Acks come after the commit; full disks and refused files lose nothing and say what is wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use magpie_core::{
    model::Position,
    port::store::{
        Alteration, Append, CommitSink, Committed, Guard, Op, Origin, Outcome, Place, Rejection,
        Revise, Store, StoreError, UserPatch, Write, WriteResult,
    },
};
use magpie_proto::{Body, ConversationId, MessageId, UserId, client::Edge};
use magpie_store::{
    OpenOptions, SqliteStore,
    sqlite::{DATABASE, check},
};
use magpie_testkit::RecordingSink;
use parking_lot::Mutex;
use rusqlite::Connection;

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn append(text: &str) -> Op {
    Op::Append(Append {
        place: Place::Direct(user("b")),
        sender: user("a"),
        client_msg_id: None,
        body: Body::text(text),
        id: MessageId::from_bytes([7; 16]),
        sent_ms: 1,
        guard: Guard { create_receiver: true, ..Guard::default() },
    })
}

fn put(id: &str) -> Op {
    let (name, avatar, role, banned) = (None, None, None, None);
    Op::PutUser(UserPatch { id: user(id), name, avatar, role, banned, now_ms: 1 })
}

fn write(store: &SqliteStore, op: Op) -> WriteResult {
    let (origin, answer) = Origin::call();
    store.submit(Write { op, origin }).unwrap();
    answer.blocking_recv().unwrap()
}

fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(OpenOptions::new(dir, 7), Arc::new(RecordingSink::default())).unwrap()
}

fn head(store: &SqliteStore) -> u64 {
    let id = ConversationId::direct(&user("a"), &user("b"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let page = runtime.block_on(store.history(user("b"), false, id, Edge::Newest, 1)).unwrap();
    page.map_or(0, |page| page.head)
}

/// Looks into the files, as another process would, whenever it is told of a commit.
struct Witness {
    data_dir: PathBuf,
    told: Mutex<Vec<usize>>,
}

impl CommitSink for Witness {
    fn committed(&self, batch: Vec<Committed>, _position: Position) {
        let stored = |c: &&Committed| matches!(c.result, Ok(Outcome::Stored { .. }));
        self.told.lock().push(batch.iter().filter(stored).count());
        let told: usize = self.told.lock().iter().sum();
        let report = check(&self.data_dir).unwrap();
        assert_eq!(report.problems, []);
        assert!(report.messages >= told as u64, "told before it was committed");
        for committed in &batch {
            committed.origin.answer_call(&committed.result);
        }
    }
}

#[test]
fn the_sink_is_told_only_what_another_process_can_see() {
    let dir = tempfile::tempdir().unwrap();
    let sink = Arc::new(Witness { data_dir: dir.path().into(), told: Mutex::default() });
    let store = SqliteStore::open(OpenOptions::new(dir.path(), 7), Arc::clone(&sink) as _).unwrap();
    write(&store, put("a")).unwrap();
    for _ in 0..400 {
        store.submit(Write { op: append("x"), origin: Origin::None }).unwrap();
    }
    write(&store, append("last")).unwrap();
    let told = sink.told.lock();
    assert_eq!(told.iter().sum::<usize>(), 401);
    assert!(told.iter().any(|len| *len > 1), "many share one commit");
}

#[test]
fn what_was_acknowledged_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let position = {
        let store = open(dir.path());
        write(&store, put("a")).unwrap();
        for _ in 0..5 {
            write(&store, append("x")).unwrap();
        }
        assert_eq!(store.epoch(), 7);
        store.position()
    };
    let options = OpenOptions::new(dir.path(), 99);
    let store = SqliteStore::open(options, Arc::new(RecordingSink::default())).unwrap();
    assert_eq!((store.epoch(), store.position()), (7, position));
    assert_eq!(head(&store), 5);
    let again = write(&store, append("x")).unwrap();
    assert!(matches!(again, Outcome::Stored { message, .. } if message.seq == 6));
}

#[test]
fn what_was_queued_before_closing_is_still_written_and_answered() {
    let dir = tempfile::tempdir().unwrap();
    let sink = Arc::new(RecordingSink::default());
    let store = SqliteStore::open(OpenOptions::new(dir.path(), 7), Arc::clone(&sink) as _).unwrap();
    write(&store, put("a")).unwrap();
    for _ in 0..300 {
        store.submit(Write { op: append("x"), origin: Origin::None }).unwrap();
    }
    drop(store);
    assert_eq!(sink.len(), 301);
    assert_eq!(head(&open(dir.path())), 300);
    assert!(!dir.path().join(format!("{DATABASE}-wal")).exists(), "closed without a log");
}

#[test]
fn a_full_disk_refuses_writes_keeps_reads_and_recovers_when_there_is_space() {
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions {
        page_count_max: Some(80),
        apply_patience: Duration::ZERO,
        ..OpenOptions::new(dir.path(), 7)
    };
    let store = SqliteStore::open(options, Arc::new(RecordingSink::default())).unwrap();
    write(&store, put("a")).unwrap();
    let big = "x".repeat(20_000);
    let mut stored = 0;
    let refused = loop {
        match write(&store, append(&big)) {
            Ok(_) => stored += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, Rejection::Store(StoreError::Full));
    assert!(stored > 2);
    assert_eq!(head(&store), stored, "reads go on");
    let position = store.position();
    assert_eq!(write(&store, append(&big)), Err(Rejection::Store(StoreError::Full)));
    assert_eq!(store.position(), position);
    // The operator makes space: here, what big messages take.
    let conn = Connection::open(dir.path().join(DATABASE)).unwrap();
    conn.busy_timeout(Duration::from_secs(10)).unwrap();
    conn.execute("UPDATE messages SET body = x'7b7d'", []).unwrap();
    let Outcome::Stored { message, .. } = write(&store, append(&big)).unwrap() else {
        panic!("not stored")
    };
    assert_eq!(message.seq, stored + 1, "no seq was lost");
    assert_eq!(store.health(), Ok(()));
}

#[test]
fn one_failing_write_undoes_its_whole_batch_and_everyone_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let sink = Arc::new(RecordingSink::default());
    let options = OpenOptions { page_count_max: Some(80), ..OpenOptions::new(dir.path(), 7) };
    let store = SqliteStore::open(options, Arc::clone(&sink) as _).unwrap();
    write(&store, put("a")).unwrap();
    let _ = sink.take();
    let big = "x".repeat(20_000);
    for _ in 0..100 {
        store.submit(Write { op: append(&big), origin: Origin::None }).unwrap();
    }
    write(&store, put("b")).unwrap_or(Outcome::Done);
    let batches = sink.take();
    assert_eq!(batches.iter().map(|b| b.results.len()).sum::<usize>(), 101);
    let mut stored = 0;
    for batch in &batches {
        let kept = batch.results.iter().filter(|(result, _)| result.is_ok()).count();
        assert!(kept == 0 || kept == batch.results.len(), "all or nothing");
        let sent = |r: &&(WriteResult, Position)| matches!(r.0, Ok(Outcome::Stored { .. }));
        stored += batch.results.iter().filter(sent).count() as u64;
    }
    assert_eq!(head(&store), stored);
}

#[test]
fn after_damage_nothing_is_written_any_more_and_the_reason_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(&store, put("a")).unwrap();
    let Outcome::Stored { .. } = write(&store, append("x")).unwrap() else { panic!("not stored") };
    // An index that points behind the end of the file.
    let conn = Connection::open(dir.path().join(DATABASE)).unwrap();
    conn.execute_batch(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET rootpage = 99999 WHERE name = 'messages_by_seq';
         PRAGMA schema_version = 4242;",
    )
    .unwrap();
    // What the journal took before anybody noticed is durable; then nothing more is taken.
    let refused = loop {
        if let Err(refused) = write(&store, append("y")) {
            break refused;
        }
    };
    let Rejection::Store(StoreError::Unavailable(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("damaged"), "{reason}");
    let lasting = StoreError::Unavailable(reason);
    assert_eq!(store.health(), Err(lasting.clone()));
    let late = store.submit(Write { op: put("b"), origin: Origin::None });
    assert_eq!(late, Err(lasting));
}

#[test]
fn nothing_of_what_a_recalled_message_said_stays_in_its_row() {
    let dir = tempfile::tempdir().unwrap();
    let conversation = ConversationId::direct(&user("a"), &user("b"));
    let revise = |seq, what| {
        let (by, at_ms) = (user("a"), 9);
        let (window_ms, guarded) = (None, true);
        Op::Revise(Revise { conversation, seq, by, what, at_ms, window_ms, guarded })
    };
    {
        let store = open(dir.path());
        write(&store, put("a")).unwrap();
        for _ in 0..3 {
            write(&store, append("secret")).unwrap();
        }
        let emoji = Alteration::React { emoji: "x".into(), on: true };
        write(&store, revise(2, emoji)).unwrap();
        write(&store, revise(2, Alteration::Edit(Body::text("another secret")))).unwrap();
        write(&store, revise(2, Alteration::Recall)).unwrap();
        write(&store, revise(3, Alteration::Edit(Body::text("public")))).unwrap();
    }
    let conn = Connection::open(dir.path().join(DATABASE)).unwrap();
    let bodies: Vec<String> = conn
        .prepare("SELECT CAST(body AS TEXT) FROM messages ORDER BY seq")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let text = |text: &str| Body::text(text).as_json().to_owned();
    assert_eq!(bodies, [text("secret"), String::new(), text("public")]);
    let count = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        conn.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("reactions"), count("voids"), count("changes")), (0, 1, 2));
    assert_eq!(check(dir.path()).unwrap().problems, []);
}

#[test]
fn too_many_or_too_large_writes_are_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Arc::new(Gate::default());
    let options = OpenOptions {
        queue_len_max: 4,
        queue_bytes_max: 2_000_000,
        ..OpenOptions::new(dir.path(), 7)
    };
    let store = SqliteStore::open(options, Arc::clone(&gate) as _).unwrap();
    let held = gate.closed.lock();
    let submit = |op| store.submit(Write { op, origin: Origin::None });
    submit(put("a")).unwrap();
    // The writer may hold one batch of up to four behind the gate while four more queue up.
    let taken = (0..20).take_while(|_| submit(put("b")).is_ok()).count();
    assert!((3..=8).contains(&taken), "{taken}");
    assert_eq!(submit(put("c")), Err(StoreError::Overloaded));
    drop(held);
    let large = append(&"x".repeat(3_000_000));
    assert_eq!(submit(large), Err(StoreError::Overloaded));
}

/// Holds the writer back while a test has the lock.
#[derive(Default)]
struct Gate {
    closed: Mutex<()>,
}

impl CommitSink for Gate {
    fn committed(&self, _batch: Vec<Committed>, _position: Position) {
        drop(self.closed.lock());
    }
}
