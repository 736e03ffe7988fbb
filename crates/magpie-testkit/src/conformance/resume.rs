//! Cases: what a returning device is told.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::expect_used,
    reason = "the names are the documentation; test code"
)]

use magpie_core::{
    model::{Missed, Role},
    port::store::{Op, Place, ResumeQuery},
};
use magpie_proto::{ConversationId, client::Change};

use super::subject::{Subject, direct, shape, stored, user};

fn summary(missed: &Missed) -> (ConversationId, String, Option<(u64, u64)>) {
    (missed.entry.conversation, shape(&missed.items), missed.hole)
}

pub fn resume_brings_what_changed_and_nothing_else(s: &Subject) {
    s.users(&["me", "a", "b", "c"]);
    for peer in ["a", "b", "c"] {
        s.send(peer, "me");
    }
    let since = s.store.position();
    assert!(s.resume("me", false, Some(since)).changed.is_empty());
    s.send("a", "b");
    let nothing = s.resume("me", false, Some(since));
    assert!(nothing.changed.is_empty(), "talk of others is not mine");
    assert_eq!(nothing.position, s.store.position());
    s.send("me", "a");
    s.send("a", "me");
    let page = s.resume("me", false, Some(since));
    assert_eq!(page.changed.len(), 1);
    assert_eq!(summary(&page.changed[0]), (direct("me", "a"), "2 3".into(), None));
    assert_eq!(page.changed[0].entry, s.entry("me", direct("me", "a")));
    assert_eq!(page.position, s.store.position());
    assert!(s.resume("me", false, Some(page.position)).changed.is_empty());
    assert_eq!(s.resume("me", false, Some(0)).changed.len(), 3);
    assert!(s.resume("ghost", false, Some(0)).changed.is_empty());
}

pub fn resume_from_nothing_brings_heads_and_holes(s: &Subject) {
    s.users(&["me", "a", "b", "c"]);
    for _ in 0..4 {
        s.send("a", "me");
    }
    s.send("b", "me");
    s.send("c", "me");
    let set = |peer: &str, change| {
        let conversation = direct("me", peer);
        s.write(Op::Set { user: user("me"), conversation, change }).expect("set");
    };
    set("c", Change::Hide);
    set("a", Change::Delete);
    s.send("a", "me");
    s.send("a", "me");
    let page = s.resume("me", false, None);
    let mut found: Vec<_> = page.changed.iter().map(summary).collect();
    let mut expected = vec![
        (direct("me", "a"), "6".to_owned(), Some((5, 5))),
        (direct("me", "b"), "1".to_owned(), None),
    ];
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let fresh = s.resume("a", false, None);
    assert_eq!(summary(&fresh.changed[0]), (direct("me", "a"), "6".into(), Some((1, 5))));
}

pub fn resume_names_what_does_not_fit_as_a_hole(s: &Subject) {
    s.users(&["me", "a"]);
    let id = direct("me", "a");
    for _ in 0..3 {
        s.send("a", "me");
    }
    let since = s.store.position();
    for _ in 0..51 {
        s.send("a", "me");
    }
    let page = s.resume("me", false, Some(since));
    assert_eq!(page.changed[0].hole, Some((4, 4)));
    assert_eq!(page.changed[0].items.len(), 50);
    assert!(shape(&page.changed[0].items).starts_with("5 6 "));
    s.write(Op::HideMessage { user: user("me"), conversation: id, seq: 6 }).expect("hidden");
    for _ in 0..100 {
        s.send("a", "me");
    }
    let page = s.resume("me", false, Some(since));
    assert_eq!(page.changed[0].hole, Some((4, 104)));
    assert_eq!(page.changed[0].items.len(), 50);
    s.write(Op::Set { user: user("me"), conversation: id, change: Change::Delete })
        .expect("deleted");
    let page = s.resume("me", false, Some(since));
    assert_eq!(summary(&page.changed[0]), (id, String::new(), None));
}

pub fn resume_pages_by_budget_without_loss_or_repeat(s: &Subject) {
    s.users(&["me"]);
    let names: Vec<String> = (0..9).map(|n| format!("p{n}")).collect();
    let since = s.store.position();
    for name in &names {
        s.users(&[name]);
        s.append(s.message(name, Place::Direct(user("me")), &"长".repeat(300))).expect("sent");
    }
    for since in [None, Some(since)] {
        for budget_bytes in [1, 2_500, 1_000_000] {
            let (mut found, mut pages, mut mark) = (Vec::new(), 0, None);
            loop {
                let (user, agent) = (user("me"), false);
                let query = ResumeQuery { user, agent, since, mark, budget_bytes };
                let page = s.read(s.store.resume(query));
                found.extend(page.changed.iter().map(|m| m.entry.conversation));
                (pages, mark) = (pages + 1, page.next);
                if mark.is_none() {
                    break;
                }
            }
            let mut expected: Vec<_> = names.iter().map(|name| direct("me", name)).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected);
            let few = if budget_bytes == 1 { 9..=10 } else { 1..=5 };
            assert!(few.contains(&pages), "{pages} pages of {budget_bytes} bytes");
        }
    }
}

pub fn resume_shows_private_changes(s: &Subject) {
    s.users(&["me", "a", "b"]);
    s.send("a", "me");
    s.send("b", "me");
    let id = direct("me", "a");
    let since = s.store.position();
    for change in [Change::Pin(true), Change::Mute(true), Change::Hide] {
        let since = s.store.position();
        s.write(Op::Set { user: user("me"), conversation: id, change }).expect("set");
        let page = s.resume("me", false, Some(since));
        assert_eq!(page.changed.len(), 1, "{change:?}");
        assert_eq!(summary(&page.changed[0]), (id, String::new(), None));
        assert_eq!(page.changed[0].entry, s.entry("me", id));
        assert!(s.resume("a", false, Some(since)).changed.is_empty(), "private is private");
    }
    let changed = s.resume("me", false, Some(since)).changed;
    assert!(changed[0].entry.membership.pinned && !changed[0].entry.visible());
    let again = Op::Set { user: user("me"), conversation: id, change: Change::Pin(true) };
    let since = s.store.position();
    s.write(again).expect("set");
    assert!(s.resume("me", false, Some(since)).changed.is_empty(), "nothing changed");
    s.write(Op::Open { user: user("me"), peer: user("me"), create_peer: false, now_ms: 1 })
        .expect("opened");
    assert_eq!(s.resume("me", false, Some(since)).changed.len(), 1);
}

pub fn resume_shows_receipts_of_the_other_side(s: &Subject) {
    s.users(&["me", "a"]);
    let id = direct("me", "a");
    s.send("me", "a");
    let since = s.store.position();
    s.deliver("a", id, 1);
    let page = s.resume("me", false, Some(since));
    assert_eq!(page.changed[0].entry.peer_delivered_seq, 1);
    assert!(s.resume("a", false, Some(since)).changed.is_empty(), "he knows what he got");
    let since = s.store.position();
    s.read_to("a", id, 1);
    for who in ["me", "a"] {
        let page = s.resume(who, false, Some(since));
        assert_eq!(summary(&page.changed[0]), (id, String::new(), None));
    }
    assert_eq!(s.resume("me", false, Some(since)).changed[0].entry.peer_read_seq, 1);
}

pub fn resume_shows_messages_hidden_on_another_device(s: &Subject) {
    s.users(&["me", "a"]);
    let id = direct("me", "a");
    for _ in 0..5 {
        s.send("a", "me");
    }
    let since = s.store.position();
    s.send("a", "me");
    for seq in [2, 4, 6] {
        s.write(Op::HideMessage { user: user("me"), conversation: id, seq }).expect("hidden");
    }
    let page = s.resume("me", false, Some(since));
    let seen = "deleted[2-2] deleted[4-4] deleted[6-6]";
    assert_eq!(summary(&page.changed[0]), (id, seen.into(), None));
    assert_eq!(summary(&s.resume("a", false, Some(since)).changed[0]), (id, "6".into(), None));
}

pub fn resume_of_agents_covers_the_desks(s: &Subject) {
    s.users(&["v", "w"]);
    s.put("agent", Some(Role::Agent));
    let id = ConversationId::desk(&user("v"));
    stored(s.send_desk("v", "v"));
    stored(s.send_desk("w", "w"));
    let since = s.store.position();
    assert!(s.resume("agent", true, Some(since)).changed.is_empty());
    stored(s.send_desk("v", "v"));
    for (who, agent) in [("agent", true), ("v", false)] {
        let page = s.resume(who, agent, Some(since));
        assert_eq!(summary(&page.changed[0]), (id, "2".into(), None));
        assert_eq!(page.changed.len(), 1);
    }
    assert!(s.resume("w", false, Some(since)).changed.is_empty());
    assert_eq!(s.resume("agent", true, None).changed.len(), 2);
    let since = s.store.position();
    s.write(Op::Set { user: user("agent"), conversation: id, change: Change::Pin(true) })
        .expect("pinned");
    assert_eq!(s.resume("agent", true, Some(since)).changed.len(), 1);
    let since = s.store.position();
    s.deliver("agent", id, 2);
    assert_eq!(s.resume("v", false, Some(since)).changed[0].entry.peer_delivered_seq, 2);
}

pub fn an_answered_resume_covers_what_was_committed(s: &Subject) {
    s.users(&["me", "a"]);
    // A read may run any time after an answer, but never before what the answer promised.
    let mut since = s.store.position();
    for seq in 1..=200 {
        assert_eq!(s.send("a", "me"), seq);
        let page = s.resume("me", false, Some(since));
        assert_eq!(summary(&page.changed[0]), (direct("me", "a"), seq.to_string(), None));
        assert!(page.position > since);
        since = page.position;
    }
}
