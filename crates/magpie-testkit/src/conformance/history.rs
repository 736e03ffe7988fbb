//! Cases: history as each viewer sees it.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::expect_used,
    reason = "the names are the documentation; test code"
)]

use magpie_core::port::store::{Op, Place};
use magpie_proto::client::{Change, Edge};

use super::subject::{Subject, direct, shape, stored, user};

pub fn history_pages_go_both_ways(s: &Subject) {
    s.users(&["a", "b"]);
    let id = direct("a", "b");
    for _ in 0..7 {
        s.send("a", "b");
    }
    let page = |edge| {
        let page = s.history("b", id, edge, 3);
        (shape(&page.items), page.head, page.more)
    };
    assert_eq!(page(Edge::Newest), ("5 6 7".into(), 7, true));
    assert_eq!(page(Edge::Before(5)), ("2 3 4".into(), 7, true));
    assert_eq!(page(Edge::Before(2)), ("1".into(), 7, false));
    assert_eq!(page(Edge::Before(1)), (String::new(), 7, false));
    assert_eq!(page(Edge::Before(99)), ("5 6 7".into(), 7, true));
    assert_eq!(page(Edge::After(0)), ("1 2 3".into(), 7, true));
    assert_eq!(page(Edge::After(5)), ("6 7".into(), 7, false));
    assert_eq!(page(Edge::After(7)), (String::new(), 7, false));
    assert_eq!(page(Edge::After(u64::MAX)), (String::new(), 7, false));
}

pub fn pages_and_resumes_stop_at_their_bytes(s: &Subject) {
    s.users(&["a", "b"]);
    let id = direct("a", "b");
    let since = s.store.position();
    let long = "x".repeat(60_000);
    for _ in 0..20 {
        stored(s.append(s.message("a", Place::Direct(user("b")), &long)));
    }
    let page = |edge| {
        let page = s.history("b", id, edge, 50);
        (shape(&page.items), page.more)
    };
    assert_eq!(page(Edge::Newest), ("13 14 15 16 17 18 19 20".into(), true));
    assert_eq!(page(Edge::Before(9)), ("1 2 3 4 5 6 7 8".into(), false));
    assert_eq!(page(Edge::After(0)), ("1 2 3 4 5 6 7 8".into(), true));
    assert_eq!(page(Edge::After(12)), ("13 14 15 16 17 18 19 20".into(), false));
    let resumed = s.resume("b", false, Some(since));
    let missed = &resumed.changed[0];
    assert_eq!(shape(&missed.items), "13 14 15 16 17 18 19 20");
    assert_eq!(missed.hole, Some((1, 12)));
}

pub fn history_is_dense_for_every_viewer(s: &Subject) {
    s.users(&["a", "b"]);
    let id = direct("a", "b");
    for _ in 0..6 {
        s.send("a", "b");
    }
    for seq in [2, 4, 5, 5] {
        s.write(Op::HideMessage { user: user("b"), conversation: id, seq }).expect("hidden");
    }
    let seen = |who| shape(&s.history(who, id, Edge::Newest, 10).items);
    assert_eq!(seen("b"), "1 deleted[2-2] 3 deleted[4-5] 6");
    assert_eq!(seen("a"), "1 2 3 4 5 6");
}

pub fn history_of_others_is_none(s: &Subject) {
    s.users(&["a", "b", "c"]);
    s.send("a", "b");
    let id = direct("a", "b");
    for who in ["c", "ghost"] {
        for agent in [false, true] {
            let page = s.read(s.store.history(user(who), agent, id, Edge::Newest, 10));
            assert_eq!(page, None, "{who}");
        }
    }
    assert_eq!(s.read(s.store.history(user("a"), false, direct("a", "c"), Edge::Newest, 9)), None);
}

pub fn a_deleted_side_is_one_range_below(s: &Subject) {
    s.users(&["a", "b"]);
    let id = direct("a", "b");
    for _ in 0..5 {
        s.send("a", "b");
    }
    s.write(Op::Set { user: user("b"), conversation: id, change: Change::Delete })
        .expect("deleted");
    let page = |edge, limit| {
        let page = s.history("b", id, edge, limit);
        (shape(&page.items), page.more)
    };
    assert_eq!(page(Edge::Newest, 3), ("deleted[1-5]".into(), false));
    for _ in 0..3 {
        s.send("a", "b");
    }
    assert_eq!(page(Edge::Newest, 2), ("7 8".into(), true));
    assert_eq!(page(Edge::Before(7), 2), ("deleted[1-5] 6".into(), false));
    assert_eq!(page(Edge::Newest, 9), ("deleted[1-5] 6 7 8".into(), false));
    assert_eq!(page(Edge::Before(3), 1), ("deleted[1-2]".into(), false));
    assert_eq!(page(Edge::After(0), 2), ("deleted[1-5] 6 7".into(), true));
    assert_eq!(page(Edge::After(3), 9), ("deleted[4-5] 6 7 8".into(), false));
    assert_eq!(shape(&s.history("a", id, Edge::Newest, 9).items), "1 2 3 4 5 6 7 8");
}

pub fn undelivered_messages_come_oldest_first(s: &Subject) {
    s.users(&["me", "a", "b"]);
    s.send_at("b", "me", 10);
    s.send_at("a", "me", 11);
    s.send_at("me", "a", 12);
    s.send_at("b", "me", 13);
    s.send_at("a", "me", 14);
    let waiting = |limit| {
        let found = s.read(s.store.undelivered(user("me"), limit));
        found.iter().map(|m| m.sent_ms).collect::<Vec<_>>()
    };
    assert_eq!(waiting(10), [10, 11, 13, 14]);
    assert_eq!(waiting(2), [10, 11]);
    s.deliver("me", direct("me", "b"), 1);
    assert_eq!(waiting(10), [11, 13, 14]);
    s.read_to("me", direct("me", "a"), 3);
    assert_eq!(waiting(10), [13]);
    assert!(s.read(s.store.undelivered(user("ghost"), 10)).is_empty());
}
