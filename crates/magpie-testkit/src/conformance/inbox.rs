//! Cases: the conversation list.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::expect_used,
    reason = "the names are the documentation; test code"
)]

use magpie_core::{
    model::{InboxMark, Role},
    port::store::{Op, Outcome},
};
use magpie_proto::{ConversationId, client::Change};

use super::subject::{Subject, direct, stored, user};

fn set(s: &Subject, who: &str, conversation: ConversationId, change: Change) -> Outcome {
    s.write(Op::Set { user: user(who), conversation, change }).expect("set")
}

/// Peers of the whole list, fetched in pages of `limit`.
fn list(s: &Subject, who: &str, agent: bool, limit: u32) -> Vec<String> {
    let mut names = Vec::new();
    let mut after: Option<InboxMark> = None;
    loop {
        let page = s.read(s.store.inbox(user(who), agent, after, limit));
        assert!(page.entries.len() <= limit as usize);
        let peer = |e: &magpie_core::model::Entry| e.peer.as_ref().map(|p| p.id.to_string());
        names.extend(page.entries.iter().filter_map(peer));
        after = page.next;
        if after.is_none() {
            return names;
        }
    }
}

pub fn the_list_has_pinned_first_then_newest(s: &Subject) {
    s.users(&["me", "a", "b", "c"]);
    for (n, peer) in ["a", "b", "c"].into_iter().enumerate() {
        s.send_at(peer, "me", 100 + n as u64);
    }
    assert_eq!(list(s, "me", false, 10), ["c", "b", "a"]);
    set(s, "me", direct("me", "a"), Change::Pin(true));
    assert_eq!(list(s, "me", false, 10), ["a", "c", "b"]);
    s.send_at("me", "b", 200);
    assert_eq!(list(s, "me", false, 10), ["a", "b", "c"]);
    set(s, "me", direct("me", "a"), Change::Pin(false));
    assert_eq!(list(s, "me", false, 10), ["b", "c", "a"]);
    let muted = set(s, "me", direct("me", "a"), Change::Mute(true));
    let Outcome::Membership { membership, unread, .. } = muted else { panic!("{muted:?}") };
    assert!(membership.muted && !membership.pinned);
    assert_eq!(unread, 1);
    assert!(list(s, "ghost", false, 10).is_empty());
}

pub fn the_list_pages_without_loss_or_repeat(s: &Subject) {
    s.users(&["me"]);
    let names: Vec<String> = (0..9).map(|n| format!("p{n}")).collect();
    for (n, name) in names.iter().enumerate() {
        s.users(&[name]);
        // Some at the same time, so that the id has to break the tie.
        s.send_at(name, "me", 100 + n as u64 / 4);
    }
    for name in &names[..3] {
        set(s, "me", direct("me", name), Change::Pin(true));
    }
    let whole = list(s, "me", false, 100);
    assert_eq!(whole.len(), 9);
    for limit in [1, 2, 4] {
        assert_eq!(list(s, "me", false, limit), whole, "pages of {limit}");
    }
}

pub fn an_agents_list_pages_over_all_desks(s: &Subject) {
    s.put("agent", Some(Role::Agent));
    s.users(&["friend"]);
    for n in 0..8_u64 {
        let visitor = format!("v{n}");
        s.users(&[&visitor]);
        let place = magpie_core::port::store::Place::Desk(user(&visitor));
        let append = s.message(&visitor, place, "x");
        stored(s.append(magpie_core::port::store::Append { sent_ms: 100 + n / 3, ..append }));
    }
    s.send_at("friend", "agent", 101);
    set(s, "agent", ConversationId::desk(&user("v1")), Change::Pin(true));
    s.read_to("agent", ConversationId::desk(&user("v4")), 1);
    set(s, "agent", ConversationId::desk(&user("v5")), Change::Hide);
    let whole = list(s, "agent", true, 100);
    assert_eq!(whole.len(), 8);
    assert_eq!(whole[0], "v1");
    for limit in [1, 2, 3] {
        assert_eq!(list(s, "agent", true, limit), whole, "pages of {limit}");
    }
}

pub fn hiding_lasts_until_the_next_message(s: &Subject) {
    s.users(&["a", "b"]);
    s.send("a", "b");
    let id = direct("a", "b");
    set(s, "b", id, Change::Hide);
    assert!(list(s, "b", false, 10).is_empty());
    assert!(!s.entry("b", id).visible());
    assert_eq!(s.entry("b", id).unread, 1, "hiding reads nothing");
    assert_eq!(list(s, "a", false, 10), ["b"]);
    s.send("a", "b");
    assert_eq!(list(s, "b", false, 10), ["a"]);
    assert_eq!(s.entry("b", id).unread, 2);
}

pub fn opening_shows_an_empty_conversation_to_the_opener_only(s: &Subject) {
    s.users(&["a", "b"]);
    let open = |peer: &str, create_peer| {
        s.write(Op::Open { user: user("a"), peer: user(peer), create_peer, now_ms: 5 })
    };
    let opened = open("b", false).expect("opened");
    let Outcome::Membership { membership, unread, conversation, .. } = opened else {
        panic!("{opened:?}")
    };
    assert_eq!((conversation, unread, membership.hidden_seq), (direct("a", "b"), 0, -1));
    assert_eq!(list(s, "a", false, 10), ["b"]);
    assert!(list(s, "b", false, 10).is_empty());
    assert!(open("new", false).is_err());
    open("new", true).expect("created");
    assert_eq!(s.read(s.store.user(user("new"))).map(|u| u.created_ms), Some(5));
    let ghost = Op::Open { user: user("ghost"), peer: user("a"), create_peer: true, now_ms: 5 };
    assert!(s.write(ghost).is_err());
    s.send("a", "b");
    assert_eq!(list(s, "b", false, 10), ["a"]);
    set(s, "a", direct("a", "new"), Change::Hide);
    assert_eq!(list(s, "a", false, 10), ["b"]);
}

pub fn opening_shows_a_hidden_conversation_again(s: &Subject) {
    s.users(&["a", "b"]);
    s.send("b", "a");
    let id = direct("a", "b");
    let open =
        || s.write(Op::Open { user: user("a"), peer: user("b"), create_peer: false, now_ms: 5 });
    set(s, "a", id, Change::Delete);
    assert!(list(s, "a", false, 10).is_empty());
    open().expect("opened");
    assert_eq!(list(s, "a", false, 10), ["b"]);
    assert_eq!(s.entry("a", id).last, None, "deleted messages stay deleted");
    let before = s.store.position();
    open().expect("opened");
    assert_eq!(s.store.position(), before, "open already: nothing changed");
}

pub fn the_preview_is_the_newest_message_one_may_see(s: &Subject) {
    s.users(&["a", "b"]);
    let id = direct("a", "b");
    for _ in 0..3 {
        s.send("a", "b");
    }
    let preview = |who| s.entry(who, id).last.map(|m| m.seq);
    for seq in [3, 2] {
        s.write(Op::HideMessage { user: user("b"), conversation: id, seq }).expect("hidden");
    }
    assert_eq!((preview("a"), preview("b")), (Some(3), Some(1)));
    set(s, "b", id, Change::Delete);
    assert_eq!((preview("a"), preview("b")), (Some(3), None));
    s.send("b", "a");
    assert_eq!((preview("a"), preview("b")), (Some(4), Some(4)));
}
