//! Cases: drafts, the same on all devices of one user.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::expect_used,
    reason = "the names are the documentation; test code"
)]

use magpie_core::{
    model::{Draft, Role},
    port::store::{Op, Outcome, Rejection},
};
use magpie_proto::{ConversationId, Seq, client::Change};

use super::subject::{Subject, direct, stored, user};

fn draft(text: &str, reply_to: Option<Seq>) -> Option<Box<Draft>> {
    Some(Box::new(Draft { text: text.into(), reply_to }))
}

fn keep(s: &Subject, who: &str, conversation: ConversationId, draft: Option<Box<Draft>>) {
    let op = Op::Draft { user: user(who), conversation, draft: draft.clone(), at_ms: 7 };
    let kept = Outcome::Draft { user: user(who), conversation, draft, at_ms: 7 };
    assert_eq!(s.write(op), Ok(kept));
}

pub fn a_draft_is_in_the_entry_until_it_is_cleared(s: &Subject) {
    s.users(&["a", "b"]);
    s.send("b", "a");
    let id = direct("a", "b");
    assert_eq!(s.entry("a", id).draft, None);
    keep(s, "a", id, draft("hel", Some(1)));
    assert_eq!(s.entry("a", id).draft, draft("hel", Some(1)));
    assert_eq!(s.entry("b", id).draft, None, "a draft is private");
    s.send("a", "b");
    s.read_to("a", id, 1);
    s.write(Op::Set { user: user("a"), conversation: id, change: Change::Pin(true) }).expect("set");
    assert_eq!(s.entry("a", id).draft, draft("hel", Some(1)), "only the client clears it");
    let page = s.read(s.store.inbox(user("a"), false, None, 9));
    assert_eq!(page.entries[0].draft, draft("hel", Some(1)));
    keep(s, "a", id, draft("", Some(1)));
    assert_eq!(s.entry("a", id).draft, draft("", Some(1)));
    keep(s, "a", id, None);
    assert_eq!(s.entry("a", id).draft, None);
}

pub fn other_devices_find_a_draft_on_resume(s: &Subject) {
    s.users(&["a", "b"]);
    s.send("b", "a");
    let id = direct("a", "b");
    let since = s.store.position();
    keep(s, "a", id, draft("x", None));
    let page = s.resume("a", false, Some(since));
    assert_eq!(page.changed[0].entry.draft, draft("x", None));
    assert_eq!(page.changed[0].entry, s.entry("a", id));
    assert!(page.changed[0].items.is_empty());
    assert!(s.resume("b", false, Some(since)).changed.is_empty());
    let before = s.store.position();
    keep(s, "a", id, draft("x", None));
    assert_eq!(s.store.position(), before, "it was so already");
    keep(s, "a", id, None);
    assert_eq!(s.resume("a", false, Some(before)).changed[0].entry.draft, None);
}

pub fn a_draft_needs_a_conversation_that_one_is_in(s: &Subject) {
    s.users(&["a", "b", "c"]);
    s.send("b", "a");
    let refused = |who: &str, conversation| {
        let op = Op::Draft { user: user(who), conversation, draft: draft("x", None), at_ms: 1 };
        assert_eq!(s.write(op), Err(Rejection::UnknownConversation));
    };
    refused("c", direct("a", "b"));
    refused("a", direct("a", "c"));
    refused("ghost", direct("a", "b"));
    stored(s.send_desk("c", "c"));
    let desk = ConversationId::desk(&user("c"));
    refused("a", desk);
    s.put("a", Some(Role::Agent));
    keep(s, "a", desk, draft("answer", None));
    let entry = s.read(s.store.entry(user("a"), true, desk)).expect("an agent's entry");
    assert_eq!(entry.draft, draft("answer", None));
    assert_eq!(s.entry("c", desk).draft, None);
}
