//! A store that was made at once is a store like any other.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{path::Path, sync::Arc};

use magpie_core::{
    model::Item,
    port::store::{Append, Guard, Op, Origin, Place, Store as _, Write},
};
use magpie_proto::{Body, MessageId, UserId, client::Edge};
use magpie_store::{
    OpenError, OpenOptions, SqliteStore,
    sqlite::{Bulk, BulkMessage, check, sizes},
};
use magpie_testkit::RecordingSink;

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

/// Two conversations of `b`, one of `a` with himself; five messages are unread by `b`.
fn fill(folder: &Path) {
    let mut bulk = Bulk::create(folder, 7).unwrap();
    let [b, a, c] = ["b", "a", "c"].map(|id| bulk.user(user(id), "名", 1).unwrap());
    let pair = bulk.direct(b, a).unwrap();
    let other = bulk.direct(b, c).unwrap();
    let alone = bulk.direct(a, a).unwrap();
    for number in 0..300_u64 {
        let mut id = [0; 16];
        id[8..].copy_from_slice(&number.to_be_bytes());
        let (conversation, sender) = match number % 5 {
            0 => (other, c),
            1 => (alone, a),
            2 => (pair, b),
            _ => (pair, a),
        };
        let message = BulkMessage {
            id: MessageId::from_bytes(id),
            client_msg_id: Some(&format!("k{number}")),
            body: &Body::text("在吗"),
            sent_ms: 1_000 + number,
        };
        bulk.message(conversation, sender, &message).unwrap();
        if number == 290 {
            bulk.read(pair, b).unwrap();
            bulk.read(alone, a).unwrap();
        }
    }
    bulk.finish().unwrap();
}

#[tokio::test]
async fn a_store_made_at_once_is_clean_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let report = check(folder.path()).unwrap();
    assert_eq!((report.messages, report.conversations, report.users), (300, 3, 3));
    assert_eq!(report.problems, []);

    let sink = Arc::new(RecordingSink::default());
    let store = SqliteStore::open(OpenOptions::new(folder.path(), 8), sink.clone()).unwrap();
    assert_eq!(store.epoch(), 7);
    let page = store.inbox(user("b"), false, None, 10).await.unwrap();
    let pair = &page.entries[0];
    assert_eq!((pair.head, pair.unread), (180, 4), "two of each five after 290 are of the peer");
    assert_eq!(page.entries[1].unread, 60);
    let history = store.history(user("b"), false, pair.conversation, Edge::Before(100), 50).await;
    let items = history.unwrap().unwrap().items;
    assert_eq!(items.len(), 50);
    assert!(items.iter().all(|item| matches!(item, Item::Message(m) if m.seq < 100)));

    let op = Op::Append(Append {
        place: Place::Direct(user("a")),
        sender: user("b"),
        client_msg_id: Some("k2".into()),
        body: Body::text("在吗"),
        id: MessageId::from_bytes([9; 16]),
        sent_ms: 9_000,
        guard: Guard::default(),
    });
    let again = Write { op, origin: Origin::None };
    store.submit(again).unwrap();
    store.close();
    let batches = sink.take();
    assert!(format!("{batches:?}").contains("Duplicate"), "the key is known: {batches:?}");
    assert_eq!(check(folder.path()).unwrap().problems, []);
}

#[test]
fn a_store_that_is_there_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    assert!(matches!(Bulk::create(folder.path(), 1), Err(OpenError::Exists(_))));
    assert_eq!(check(folder.path()).unwrap().messages, 300);
}

#[test]
fn what_was_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut bulk = Bulk::create(folder.path(), 7).unwrap();
    bulk.user(user("a"), "", 1).unwrap();
    drop(bulk);
    assert!(matches!(check(folder.path()), Err(OpenError::Missing(_))));
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(left.iter().all(|path| path.ends_with("magpie.lock")), "{left:?}");
    fill(folder.path());
}

#[test]
fn one_who_is_not_in_a_conversation_cannot_send_or_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut bulk = Bulk::create(folder.path(), 7).unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|id| bulk.user(user(id), "", 1).unwrap());
    let pair = bulk.direct(a, b).unwrap();
    let error = bulk.read(pair, c).unwrap_err();
    assert!(error.to_string().contains("no such user in this conversation"), "{error}");
}

#[test]
fn the_bytes_of_a_store_add_up_to_its_file() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let sizes = sizes(folder.path()).unwrap();
    let messages = sizes.iter().find(|size| size.name == "messages").unwrap();
    assert_eq!(messages.entries, 300);
    assert!(sizes.iter().any(|size| size.name == "messages_by_seq" && size.entries == 300));
    assert!(messages.payload_bytes + messages.unused_bytes < messages.bytes);
    let sum: u64 = sizes.iter().map(|size| size.bytes).sum();
    let file = std::fs::metadata(folder.path().join("magpie.db")).unwrap().len();
    let free = file - sum;
    assert!(free <= 16 * 4_096, "pages of dropped indexes only: {free} bytes");
}
