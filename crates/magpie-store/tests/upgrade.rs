//! A store of an older version is copied, brought up to date, and goes on with all it had.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{path::Path, sync::Arc};

use magpie_core::{
    model::{Draft, Gone, Item},
    port::store::{Alteration, Op, Origin, Outcome, Revise, Store, Write, WriteResult},
};
use magpie_proto::{Body, ConversationId, UserId, client::Edge};
use magpie_store::{
    OpenOptions, SqliteStore,
    sqlite::{DATABASE, check},
};
use magpie_testkit::RecordingSink;
use rusqlite::{Connection, params};

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn conversation() -> ConversationId {
    ConversationId::direct(&user("a"), &user("b"))
}

/// As version 0001 left it: three messages, the second one hidden by b, who has read the first.
fn made_by_0001(dir: &Path) {
    let conn = Connection::open(dir.join(DATABASE)).unwrap();
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
    conn.execute_batch(include_str!("../migrations/0001_init.sql")).unwrap();
    conn.execute_batch(
        "PRAGMA application_id = 0x4d616770; PRAGMA user_version = 1;
         INSERT INTO meta VALUES (1, 7, 9);
         INSERT INTO users VALUES (1, 'a', 'A', '', 'user', 0, 1, 0), (2, 'b', '', '', 'user', 0, 1, 0);",
    )
    .unwrap();
    let id = conversation().to_i64();
    conn.execute(
        "INSERT INTO conversations VALUES (?1, 0, 1, 2, 3, 0, 13, 8, 0, 2, 1, 2, 3)",
        [id],
    )
    .unwrap();
    conn.execute("INSERT INTO members VALUES (?1, 1, 3, 0, 0, 0), (?1, 2, 2, 1, 0, 0)", [id])
        .unwrap();
    conn.execute(
        "INSERT INTO memberships VALUES
         (1, ?1, 0, 0, 0, 1, 0, 0, 0, 4), (2, ?1, 1, 0, 0, 0, 0, 0, 1, 9)",
        [id],
    )
    .unwrap();
    conn.execute("INSERT INTO hidden VALUES (2, ?1, 2, 0, 9)", [id]).unwrap();
    for (seq, sender) in [(1, 1), (2, 1), (3, 2)] {
        let body = Body::text(&format!("message {seq}"));
        conn.execute(
            "INSERT INTO messages VALUES (?1, ?2, ?1, ?3, ?4, ?5, x'00112233445566778899aabbccddeeff',
             ?6, ?7)",
            params![seq, id, 5 + seq, sender, 10 + seq, format!("key {seq}"), body.as_bytes().as_ref()],
        )
        .unwrap();
    }
}

fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(OpenOptions::new(dir, 8), Arc::new(RecordingSink::default())).unwrap()
}

fn write(store: &SqliteStore, op: Op) -> WriteResult {
    let (origin, answer) = Origin::call();
    store.submit(Write { op, origin }).unwrap();
    answer.blocking_recv().unwrap()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn texts(store: &SqliteStore) -> Vec<String> {
    let page = store.history(user("b"), false, conversation(), Edge::Newest, 9);
    let text = |item: &Item| match item {
        Item::Message(message) => {
            let rev = message.revision.as_ref().map(|revision| revision.rev);
            format!("{} {} {rev:?}", message.seq, message.body.parts().unwrap().x)
        }
        Item::Gone { from, to, why } => format!("{from}-{to} {why:?}"),
    };
    wait(page).unwrap().unwrap().items.iter().map(text).collect()
}

#[test]
fn a_store_of_the_first_schema_goes_on_with_its_messages() {
    let dir = tempfile::tempdir().unwrap();
    made_by_0001(dir.path());
    let store = open(dir.path());
    assert_eq!((store.epoch(), store.position()), (7, 9), "the history goes on");
    assert_eq!(texts(&store), ["1 message 1 None", "2-2 Deleted", "3 message 3 None"]);
    let entry = wait(store.entry(user("a"), false, conversation())).unwrap().unwrap();
    assert_eq!((entry.head, entry.rev, entry.unread, entry.draft), (3, 0, 1, None));
    assert!(entry.membership.pinned);
    let copy = dir.path().join("magpie.schema-1.backup");
    let kept: i64 = Connection::open(copy)
        .unwrap()
        .query_row("SELECT count(*) FROM messages", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 3, "the copy from before");

    let by = |by: &str, seq, what| {
        let (conversation, by, at_ms) = (conversation(), user(by), 20);
        Op::Revise(Revise { conversation, seq, by, what, at_ms, window_ms: None, guarded: true })
    };
    write(&store, by("a", 1, Alteration::Edit(Body::text("edited")))).unwrap();
    write(&store, by("b", 3, Alteration::Recall)).unwrap();
    let draft = Some(Box::new(Draft { text: "hel".into(), reply_to: None }));
    let (owner, id) = (user("a"), conversation());
    write(&store, Op::Draft { user: owner, conversation: id, draft: draft.clone(), at_ms: 21 })
        .unwrap();
    let gone = format!("3-3 {:?}", Gone::Recalled(user("b")));
    let expected = ["1 edited Some(1)", "2-2 Deleted", &gone];
    assert_eq!(texts(&store), expected);
    drop(store);
    let store = open(dir.path());
    assert_eq!(texts(&store), expected);
    let entry = wait(store.entry(user("a"), false, conversation())).unwrap().unwrap();
    assert_eq!((entry.rev, entry.unread, entry.draft), (2, 0, draft));
    assert!(entry.membership.pinned, "what the row had before is still there");
    let read = write(&store, Op::Read { user: user("a"), conversation: id, seq: 3 }).unwrap();
    assert!(matches!(read, Outcome::Read { unread: 0, .. }), "{read:?}");
    drop(store);
    assert_eq!(check(dir.path()).unwrap().problems, []);
}
