//! Cases: read and delivered marks, and what counts as unread.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::expect_used,
    reason = "the names are the documentation; test code"
)]

use magpie_core::{
    model::UnreadWhy::{Counts, Hidden, Own},
    port::store::{Op, Outcome},
};
use magpie_proto::client::Change;

use super::subject::{Subject, direct, user};

pub fn reading_is_clamped_and_never_falls(s: &Subject) {
    s.users(&["a", "b"]);
    let id = direct("a", "b");
    for _ in 0..4 {
        s.send("a", "b");
    }
    let read = |seq| match s.read_to("b", id, seq) {
        Outcome::Read { membership, unread, delivered_seq, moved, members, .. } => {
            assert_eq!(members.into_iter().flatten().count(), 2);
            (membership.read_seq, unread, delivered_seq, moved)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(read(2), (2, 2, 2, true));
    let before = s.store.position();
    assert_eq!(read(1), (2, 2, 2, false));
    assert_eq!(s.store.position(), before);
    s.deliver("b", id, 4);
    assert_eq!(read(3), (3, 1, 4, true));
    assert_eq!(read(u64::MAX), (4, 0, 4, true));
    let seen = s.entry("a", id);
    assert_eq!((seen.peer_read_seq, seen.peer_delivered_seq), (4, 4));
}

pub fn own_sends_never_count_and_never_mark_as_read(s: &Subject) {
    s.users(&["a", "b"]);
    let id = direct("a", "b");
    let unread = |who| s.entry(who, id).unread;
    s.send("a", "b");
    s.send("a", "b");
    s.send("b", "a");
    assert_eq!((unread("a"), unread("b")), (1, 2), "an answer reads nothing");
    s.read_to("b", id, 1);
    assert_eq!(unread("b"), 1);
    s.send("b", "a");
    s.send("a", "b");
    assert_eq!((unread("a"), unread("b")), (2, 2));
    s.read_to("b", id, 4);
    assert_eq!(unread("b"), 1);
    s.read_to("a", id, 3);
    assert_eq!(unread("a"), 1);
    s.read_to("a", id, 5);
    assert_eq!(unread("a"), 0);
}

pub fn hidden_and_deleted_messages_do_not_count(s: &Subject) {
    s.users(&["a", "b"]);
    let id = direct("a", "b");
    let unread = || s.entry("b", id).unread;
    for _ in 0..5 {
        s.send("a", "b");
    }
    s.send("b", "a");
    for seq in [2, 2, 6] {
        s.write(Op::HideMessage { user: user("b"), conversation: id, seq }).expect("hidden");
    }
    assert_eq!(unread(), 4);
    s.read_to("b", id, 2);
    assert_eq!(unread(), 3);
    s.write(Op::Set { user: user("b"), conversation: id, change: Change::Delete })
        .expect("deleted");
    assert_eq!(unread(), 0);
    s.send("a", "b");
    assert_eq!(unread(), 1);
    assert_eq!(s.entry("b", id).membership.read_seq, 2, "deleting is not reading");
    assert_eq!(s.entry("a", id).peer_read_seq, 2);
}

pub fn the_explanation_names_every_place(s: &Subject) {
    s.users(&["a", "b"]);
    let id = direct("a", "b");
    s.send("a", "b");
    s.send("a", "b");
    s.send("b", "a");
    s.send("a", "b");
    s.read_to("b", id, 1);
    s.write(Op::HideMessage { user: user("b"), conversation: id, seq: 4 }).expect("hidden");
    let why = s.read(s.store.unread(user("b"), false, id)).expect("a member");
    assert_eq!((why.count, why.floor, why.head), (1, 1, 4));
    assert_eq!(why.places, [(2, Counts), (3, Own), (4, Hidden)]);
    for _ in 0..300 {
        s.send("a", "b");
    }
    let why = s.read(s.store.unread(user("b"), false, id)).expect("a member");
    assert_eq!((why.count, why.places.len()), (301, 200));
    assert_eq!(why.places.last(), Some(&(304, Counts)));
}

pub fn delivery_marks_are_clamped_and_never_fall(s: &Subject) {
    s.users(&["a", "b", "c"]);
    let id = direct("a", "b");
    for _ in 0..3 {
        s.send("a", "b");
    }
    let mark = || s.entry("a", id).peer_delivered_seq;
    let marks = vec![(direct("a", "c"), user("a"), 7), (id, user("b"), 2), (id, user("c"), 3)];
    assert_eq!(s.write(Op::Delivered(marks)), Ok(Outcome::Done));
    assert_eq!(mark(), 2);
    s.deliver("b", id, 1);
    assert_eq!(mark(), 2);
    s.deliver("b", id, 99);
    assert_eq!((mark(), s.entry("b", id).delivered_seq), (3, 3));
    assert_eq!(s.entry("b", id).unread, 3, "delivery is not reading");
}
