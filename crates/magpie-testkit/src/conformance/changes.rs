//! Cases: what a device that comes back learns of messages that were changed meanwhile.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::expect_used,
    reason = "the names are the documentation; test code"
)]

use magpie_core::{
    model::{Item, Missed, Position},
    port::store::{Append, MESSAGE_BYTES, Op, PAGE_BYTES_MAX, Place},
};
use magpie_proto::{Body, ConversationId, Seq, client::Change};

use super::{
    revisions::{edit_to, react_with, revise},
    subject::{Subject, direct, shape, stored, user},
};

fn missed(s: &Subject, who: &str, since: Position) -> Option<Missed> {
    let mut changed = s.resume(who, false, Some(since)).changed;
    assert!(changed.len() <= 1);
    changed.pop()
}

fn items(s: &Subject, who: &str, since: Position) -> String {
    missed(s, who, since).map_or("nothing".into(), |missed| shape(&missed.items))
}

fn talk(s: &Subject, count: u64) -> ConversationId {
    s.users(&["a", "b"]);
    for _ in 0..count {
        s.send("a", "b");
    }
    direct("a", "b")
}

pub fn resume_brings_older_places_that_changed(s: &Subject) {
    let id = talk(s, 9);
    let since = s.store.position();
    s.recall("a", id, 3);
    s.revise(revise("b", id, 7, react_with("x", true)));
    s.revise(revise("a", id, 5, edit_to("y")));
    s.revise(revise("a", id, 7, edit_to("z")));
    for who in ["a", "b"] {
        let missed = missed(s, who, since).expect("changed");
        assert_eq!((shape(&missed.items).as_str(), missed.hole), ("recalled[3-3] 5 7", None));
        assert_eq!((missed.entry.rev, missed.changes_after), (4, None));
        let Item::Message(last) = &missed.items[2] else { panic!("a message") };
        assert_eq!(last.revision.as_ref().map(|r| (r.rev, r.reactions.len())), Some((4, 1)));
    }
    s.send("a", "b");
    s.recall("a", id, 10);
    assert_eq!(items(s, "b", since), "recalled[3-3] 5 7 recalled[10-10]", "each place once");
    assert_eq!(items(s, "b", s.store.position()), "nothing");
    let since = s.store.position();
    s.revise(revise("b", id, 7, react_with("x", false)));
    assert_eq!(items(s, "a", since), "7", "only what changed after the cursor");
    assert_eq!(s.resume("a", false, None).changed[0].changes_after, None);
}

pub fn resume_keeps_what_one_hid_away_from_him(s: &Subject) {
    let id = talk(s, 9);
    let since = s.store.position();
    for seq in [2, 4, 6] {
        s.revise(revise("a", id, seq, edit_to("y")));
    }
    s.write(Op::HideMessage { user: user("b"), conversation: id, seq: 4 }).expect("hidden");
    s.write(Op::HideMessage { user: user("b"), conversation: id, seq: 5 }).expect("hidden");
    assert_eq!(items(s, "b", since), "2 deleted[4-4] deleted[5-5] 6");
    assert_eq!(items(s, "a", since), "2 4 6");
    let set = Op::Set { user: user("b"), conversation: id, change: Change::Delete };
    s.write(set).expect("deleted");
    s.recall("a", id, 9);
    assert_eq!(items(s, "b", since), "", "below the deleted part nothing is told");
    assert_eq!(items(s, "a", since), "2 4 6 recalled[9-9]");
}

pub fn resume_says_where_further_changes_are_to_be_asked(s: &Subject) {
    let id = talk(s, 70);
    s.revise(revise("b", id, 70, react_with("x", true)));
    s.revise(revise("b", id, 69, react_with("x", true)));
    let since = s.store.position();
    for seq in (1..=50).rev() {
        s.revise(revise("b", id, seq, react_with("x", true)));
    }
    let all = missed(s, "a", since).expect("changed");
    assert_eq!((all.items.len(), all.changes_after), (50, None), "they fit");
    for seq in [60, 10] {
        s.revise(revise("b", id, seq, react_with("y", true)));
    }
    let some = missed(s, "a", since).expect("changed");
    assert_eq!((some.items.len(), some.changes_after), (50, Some(2)));
    let seqs = |items: &[Item]| -> Vec<Seq> {
        items.iter().map(|i| if let Item::Message(m) = i { m.seq } else { 0 }).collect()
    };
    let expected: Vec<Seq> = (1..=49).chain([60]).collect();
    assert_eq!(seqs(&some.items), expected, "the newest changes, in the order of their places");
    let page = s.read(s.store.changes(user("a"), false, id, 2, 100)).expect("a member");
    assert_eq!((page.items.len(), page.rev, page.more), (51, 54, false));
    let none = missed(s, "a", 0).expect("all of it is new");
    assert_eq!((none.hole, none.changes_after), (Some((1, 20)), None));
}

pub fn resume_and_changes_stop_at_their_bytes(s: &Subject) {
    s.users(&["a", "b"]);
    let id = direct("a", "b");
    let body = Body::text(&"x".repeat(60_000));
    for _ in 0..12 {
        let append = s.message("a", Place::Direct(user("b")), "");
        stored(s.append(Append { body: body.clone(), ..append }));
    }
    let since = s.store.position();
    for seq in 1..=12 {
        s.revise(revise("b", id, seq, react_with("x", true)));
    }
    let fit = PAGE_BYTES_MAX / (body.as_bytes().len() + MESSAGE_BYTES);
    let missed = missed(s, "a", since).expect("changed");
    assert_eq!((missed.items.len(), missed.changes_after), (fit, Some(0)));
    let page = s.read(s.store.changes(user("a"), false, id, 0, 100)).expect("a member");
    assert_eq!((page.items.len(), page.rev, page.more), (fit, fit as u64, true));
    // What an edit has made longer counts as long as it is now.
    for _ in 0..40 {
        s.send("a", "b");
    }
    for seq in 13..=52 {
        s.revise(revise("a", id, seq, edit_to(&"y".repeat(60_000))));
    }
    let page = s.history("b", id, magpie_proto::client::Edge::Newest, 30);
    assert_eq!((page.items.len(), page.more), (fit, true));
}

pub fn undelivered_messages_leave_out_recalled_ones(s: &Subject) {
    let id = talk(s, 4);
    s.recall("a", id, 2);
    s.revise(revise("a", id, 3, edit_to("y")));
    let waiting = s.read(s.store.undelivered(user("b"), 10));
    assert_eq!(waiting.iter().map(|m| m.seq).collect::<Vec<_>>(), [1, 3, 4]);
    assert_eq!(waiting[1].body.as_json(), r#"{"k":"text","x":"y"}"#);
}
