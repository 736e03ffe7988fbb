//! Cases: recall, edit and reactions: what is allowed, and what everyone sees afterwards.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::expect_used,
    reason = "the names are the documentation; test code"
)]

use magpie_core::{
    model::{Gone, Item, Message, Reaction, Revised, RevisionKind, Role, UnreadWhy},
    port::store::{
        Alteration, Append, Guard, Op, Outcome, Place, REACTIONS_MAX, Rejection, Revise,
    },
};
use magpie_proto::{
    Body, ConversationId, Seq,
    client::{Change, Edge},
};

use super::subject::{MEMBER, Subject, direct, shape, stored, user};

/// An operation on a message of a conversation, as a member does it at 2,000 ms.
pub(crate) fn revise(by: &str, conversation: ConversationId, seq: Seq, what: Alteration) -> Revise {
    let (window_ms, guarded) = (Some(5_000), true);
    Revise { conversation, seq, by: user(by), what, at_ms: 2_000, window_ms, guarded }
}

pub(crate) fn react_with(emoji: &str, on: bool) -> Alteration {
    Alteration::React { emoji: emoji.into(), on }
}

pub(crate) fn edit_to(text: &str) -> Alteration {
    Alteration::Edit(Body::text(text))
}

impl Subject {
    /// A change that has to work; `None` when it was so already.
    pub(crate) fn revise(&self, op: Revise) -> Option<Revised> {
        match self.write(Op::Revise(op)) {
            Ok(Outcome::Revised { revised, .. }) => revised.map(|revised| *revised),
            other => panic!("not changed: {other:?}"),
        }
    }

    pub(crate) fn recall(&self, by: &str, id: ConversationId, seq: Seq) -> Option<Revised> {
        self.revise(revise(by, id, seq, Alteration::Recall))
    }

    fn refused(&self, op: Revise) -> Rejection {
        let before = self.store.position();
        let refused = self.write(Op::Revise(op)).expect_err("refused");
        assert_eq!(self.store.position(), before, "a refusal changes nothing");
        refused
    }

    pub(crate) fn place(&self, who: &str, id: ConversationId, seq: Seq) -> Item {
        self.read(self.store.message(user(who), false, id, seq)).expect("a place")
    }

    fn seen(&self, who: &str, id: ConversationId, seq: Seq) -> Message {
        match self.place(who, id, seq) {
            Item::Message(message) => message,
            gone @ Item::Gone { .. } => panic!("gone: {gone:?}"),
        }
    }

    /// The pages of changes, one after the other.
    fn changes(&self, who: &str, id: ConversationId, mut after: u64, limit: u32) -> Vec<String> {
        let mut pages = Vec::new();
        loop {
            let page = self.read(self.store.changes(user(who), false, id, after, limit));
            let page = page.expect("a member");
            pages.push(format!("{} ..{}", shape(&page.items), page.rev));
            after = page.rev;
            if !page.more {
                return pages;
            }
        }
    }
}

/// Users a and b, and `count` messages from a to b.
fn talk(s: &Subject, count: u64) -> ConversationId {
    s.users(&["a", "b"]);
    for _ in 0..count {
        s.send("a", "b");
    }
    direct("a", "b")
}

fn text(message: &Message) -> &str {
    message.body.as_json()
}

pub fn a_recalled_message_is_gone_for_everyone(s: &Subject) {
    let id = talk(s, 3);
    s.send("b", "a");
    let before = s.store.position();
    let revised = s.recall("a", id, 2).expect("recalled");
    let gone = Item::Gone { from: 2, to: 2, why: Gone::Recalled(user("a")) };
    assert_eq!((revised.rev, revised.seq, revised.kind), (1, 2, RevisionKind::Recall));
    assert_eq!((revised.by, revised.at_ms, &revised.item), (user("a"), 2_000, &gone));
    assert!(s.store.position() > before);
    for who in ["a", "b"] {
        assert_eq!(shape(&s.history(who, id, Edge::Newest, 9).items), "1 recalled[2-2] 3 4");
        assert_eq!(s.place(who, id, 2), gone);
        assert_eq!(s.entry(who, id).rev, 1);
    }
    s.recall("a", id, 3).expect("recalled");
    s.recall("b", id, 4).expect("recalled");
    let items = s.history("b", id, Edge::Newest, 9).items;
    assert_eq!(shape(&items), "1 recalled[2-3] recalled[4-4]", "a range for each sender");
    assert_eq!(items[2], Item::Gone { from: 4, to: 4, why: Gone::Recalled(user("b")) });
    assert_eq!(s.entry("a", id).last.map(|m| m.seq), Some(1), "the preview steps back");
    assert_eq!(s.send("a", "b"), 5, "the places stay");
    assert_eq!(s.read(s.store.message(user("b"), false, id, 6)), None);
    assert_eq!(s.read(s.store.message(user("b"), false, id, 0)), None);
    s.users(&["c"]);
    assert_eq!(s.read(s.store.message(user("c"), false, id, 1)), None);
    assert_eq!(s.read(s.store.changes(user("c"), false, id, 0, 9)), None);
}

pub fn recalled_messages_never_count_as_unread(s: &Subject) {
    let id = talk(s, 5);
    s.send("b", "a");
    s.recall("a", id, 2);
    s.write(Op::HideMessage { user: user("b"), conversation: id, seq: 4 }).expect("hidden");
    s.recall("a", id, 4);
    s.recall("b", id, 6);
    assert_eq!((s.entry("a", id).unread, s.entry("b", id).unread), (0, 3));
    let why = s.read(s.store.unread(user("b"), false, id)).expect("a member");
    use UnreadWhy::{Counts, Own, Void};
    assert_eq!(why.count, 3);
    assert_eq!(why.places, [(1, Counts), (2, Void), (3, Counts), (4, Void), (5, Counts), (6, Own)]);
    s.read_to("b", id, 3);
    assert_eq!(s.entry("b", id).unread, 1);
    s.recall("a", id, 5);
    assert_eq!(s.entry("b", id).unread, 0);
    s.recall("a", id, 1);
    assert_eq!(s.entry("b", id).unread, 0, "below the floor nothing changes");
}

pub fn a_recall_twice_is_one(s: &Subject) {
    let id = talk(s, 1);
    s.recall("a", id, 1).expect("recalled");
    let before = s.store.position();
    assert_eq!(s.recall("a", id, 1), None);
    assert_eq!(s.store.position(), before);
    assert_eq!(s.refused(revise("a", id, 1, edit_to("x"))), Rejection::Recalled);
    assert_eq!(s.refused(revise("b", id, 1, react_with("x", true))), Rejection::Recalled);
}

pub fn an_edit_shows_the_new_text_and_when(s: &Subject) {
    let id = talk(s, 2);
    let revised = s.revise(revise("a", id, 1, edit_to("better"))).expect("edited");
    assert_eq!((revised.rev, revised.kind), (1, RevisionKind::Edit));
    let seen = s.seen("b", id, 1);
    assert_eq!(text(&seen), r#"{"k":"text","x":"better"}"#);
    let revision = seen.revision.clone().expect("changed");
    assert_eq!((revision.rev, revision.edited_ms), (1, Some(2_000)));
    assert_eq!(revised.item, Item::Message(seen));
    assert_eq!(s.seen("b", id, 2).revision, None);
    let before = s.store.position();
    assert_eq!(s.revise(revise("a", id, 1, edit_to("better"))), None, "the same text");
    let spaced = Body::parse("{ \"x\": \"better\", \"k\": \"text\" }").expect("a body");
    assert_eq!(s.revise(revise("a", id, 1, Alteration::Edit(spaced))), None, "as JSON");
    assert_eq!(s.store.position(), before);
    let later = Revise { at_ms: 3_000, ..revise("a", id, 1, edit_to("best")) };
    assert_eq!(s.revise(later).map(|revised| revised.rev), Some(2));
    let revision = s.seen("a", id, 1).revision.expect("changed");
    assert_eq!((revision.rev, revision.edited_ms), (2, Some(3_000)));
    assert_eq!(s.entry("b", id).unread, 2, "an edit is no message");
    s.revise(revise("a", id, 2, edit_to("last"))).expect("edited");
    let last = s.entry("b", id).last.expect("a preview");
    assert_eq!(
        (text(&last), last.revision.as_ref().map(|r| r.rev)),
        (r#"{"k":"text","x":"last"}"#, Some(3))
    );
}

pub fn only_texts_are_edited_and_answers_stay_answers(s: &Subject) {
    let id = talk(s, 1);
    let send = |json: &str| {
        let body = Body::from_stored(json.as_bytes().to_vec().into());
        stored(s.append(Append { body, ..s.message("a", Place::Direct(user("b")), "") })).seq
    };
    let image = send(r#"{"k":"image","x":"[image]"}"#);
    assert_eq!(s.refused(revise("a", id, image, edit_to("x"))), Rejection::NotEditable);
    let picture = Body::from_stored(r#"{"k":"image","x":"[image]"}"#.as_bytes().into());
    assert_eq!(s.refused(revise("a", id, 1, Alteration::Edit(picture))), Rejection::NotEditable);
    let answer = send(r#"{"k":"text","x":"yes","re":1}"#);
    let moved = Body::from_stored(r#"{"k":"text","x":"no","re":2}"#.as_bytes().into());
    s.revise(revise("a", id, answer, Alteration::Edit(moved))).expect("edited");
    assert_eq!(s.seen("b", id, answer).body.links().reply_to, Some(1));
}

pub fn reactions_stand_in_the_order_in_which_they_came(s: &Subject) {
    let id = talk(s, 1);
    let react = |who: &str, emoji: &str, on| {
        s.revise(revise(who, id, 1, react_with(emoji, on))).map(|revised| revised.rev)
    };
    let seen = || {
        let reactions = s.seen("a", id, 1).revision.expect("changed").reactions;
        let one = |r: &Reaction| {
            let users: Vec<_> = r.users.iter().map(ToString::to_string).collect();
            format!("{}:{}", r.emoji, users.join(","))
        };
        reactions.iter().map(one).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(react("b", "z", true), Some(1));
    assert_eq!(react("a", "y", true), Some(2));
    assert_eq!(react("a", "z", true), Some(3));
    assert_eq!(react("a", "z", true), None, "one of each");
    assert_eq!(react("b", "y", false), None, "there was none");
    assert_eq!(seen(), "z:b,a y:a");
    assert_eq!(react("b", "z", false), Some(4));
    assert_eq!(seen(), "z:a y:a", "an emoji keeps its place while somebody has it");
    assert_eq!(react("b", "z", true), Some(5));
    assert_eq!(seen(), "z:a,b y:a");
    s.revise(revise("a", id, 1, edit_to("new"))).expect("edited");
    assert_eq!(seen(), "z:a,b y:a", "an edit keeps them");
    for who in ["a", "b"] {
        react(who, "z", false);
    }
    assert_eq!(react("b", "z", true), Some(9));
    assert_eq!(seen(), "y:a z:b", "whoever comes again comes last");
    let revision = s.seen("b", id, 1).revision.expect("changed");
    assert_eq!((revision.rev, revision.edited_ms), (9, Some(2_000)), "reactions are no edit");
    s.recall("a", id, 1).expect("recalled");
    assert_eq!(s.place("a", id, 1), Item::Gone { from: 1, to: 1, why: Gone::Recalled(user("a")) });
}

pub fn a_message_takes_so_many_emoji_and_no_more(s: &Subject) {
    let id = talk(s, 1);
    for n in 0..REACTIONS_MAX {
        let by = if n % 2 == 0 { "a" } else { "b" };
        s.revise(revise(by, id, 1, react_with(&format!("e{n}"), true))).expect("put");
    }
    let one_more = || revise("b", id, 1, react_with("more", true));
    let refused = Rejection::TooManyReactions { limit: REACTIONS_MAX };
    assert_eq!(s.refused(one_more()), refused);
    assert!(s.revise(revise("b", id, 1, react_with("e0", true))).is_some(), "one that is there");
    assert_eq!(s.refused(one_more()), refused);
    s.revise(revise("b", id, 1, react_with("e1", false))).expect("taken away");
    assert!(s.revise(one_more()).is_some());
}

pub fn who_may_change_what_is_asked_in_one_order(s: &Subject) {
    let id = talk(s, 4);
    s.users(&["c"]);
    let recall = |by: &str, seq| revise(by, id, seq, Alteration::Recall);
    assert_eq!(s.refused(recall("c", 1)), Rejection::UnknownConversation);
    assert_eq!(s.refused(recall("ghost", 1)), Rejection::UnknownConversation);
    assert_eq!(
        s.refused(revise("a", direct("a", "c"), 1, Alteration::Recall)),
        Rejection::UnknownConversation
    );
    for seq in [0, 5, u64::MAX] {
        assert_eq!(s.refused(recall("a", seq)), Rejection::UnknownMessage);
    }
    assert_eq!(s.refused(recall("b", 1)), Rejection::NotTheSender);
    assert_eq!(s.refused(revise("b", id, 1, edit_to("x"))), Rejection::NotTheSender);
    let late = |what| Revise { at_ms: 6_001, ..revise("a", id, 1, what) };
    let too_late = Rejection::TooLate { window_ms: 5_000 };
    assert_eq!(s.refused(late(Alteration::Recall)), too_late);
    assert_eq!(s.refused(late(edit_to("x"))), too_late);
    assert!(s.revise(Revise { at_ms: 6_000, ..recall("a", 4) }).is_some(), "the last moment");
    let reaction = |who| Revise { at_ms: 9_999_999, ..revise(who, id, 1, react_with("x", true)) };
    assert!(s.revise(reaction("b")).is_some(), "a reaction is never too late");
    // The backend of the owner: any message, at any time.
    let by_backend = |seq, what| Revise {
        window_ms: None,
        guarded: false,
        at_ms: 9_999_999,
        ..revise("c", id, seq, what)
    };
    assert!(s.revise(by_backend(1, edit_to("moderated"))).is_some());
    assert!(s.revise(by_backend(1, Alteration::Recall)).is_some());
    let unknown = Revise { by: user("owner"), ..by_backend(2, Alteration::Recall) };
    assert_eq!(s.revise(unknown).map(|revised| revised.by), Some(user("owner")));
}

pub fn what_one_has_deleted_on_his_side_he_cannot_change(s: &Subject) {
    let id = talk(s, 4);
    s.write(Op::HideMessage { user: user("a"), conversation: id, seq: 3 }).expect("hidden");
    assert_eq!(s.refused(revise("a", id, 3, Alteration::Recall)), Rejection::UnknownMessage);
    let set = Op::Set { user: user("a"), conversation: id, change: Change::Delete };
    s.write(set).expect("deleted");
    for what in [Alteration::Recall, edit_to("x"), react_with("x", true)] {
        assert_eq!(s.refused(revise("a", id, 4, what)), Rejection::UnknownMessage);
    }
    assert!(s.revise(revise("b", id, 4, react_with("x", true))).is_some(), "b has it still");
    assert_eq!(shape(&s.history("a", id, Edge::Newest, 9).items), "deleted[1-4]");
    let backend =
        Revise { guarded: false, window_ms: None, ..revise("a", id, 4, Alteration::Recall) };
    assert!(s.revise(backend).is_some(), "the backend is not held back by what a user hid");
    assert_eq!(shape(&s.history("a", id, Edge::Newest, 9).items), "deleted[1-4]", "own side wins");
}

pub fn a_resend_of_a_changed_message_gets_the_first_answer(s: &Subject) {
    s.users(&["a", "b"]);
    let id = direct("a", "b");
    let send = |key: &str, text: &str| {
        let client_msg_id = Some(key.into());
        s.append(Append { client_msg_id, ..s.message("a", Place::Direct(user("b")), text) })
    };
    for key in ["k1", "k2", "k3", "k4"] {
        stored(send(key, "first"));
    }
    s.revise(revise("b", id, 4, react_with("👍", true))).expect("reacted to");
    s.revise(revise("a", id, 1, edit_to("second"))).expect("edited");
    s.recall("a", id, 2).expect("recalled");
    for (key, place) in [("k1", 1), ("k2", 2), ("k3", 3), ("k4", 4)] {
        let again = send(key, "first");
        assert!(matches!(again, Ok(Outcome::Duplicate { seq, .. }) if seq == place), "{again:?}");
    }
    for key in ["k3", "k4"] {
        let other = send(key, "other");
        assert_eq!(other, Err(Rejection::ClientMsgIdReused), "a reaction leaves the body alone");
    }
    assert_eq!(s.entry("b", id).head, 4);
}

pub fn a_copy_that_the_server_makes_again_is_the_first_one(s: &Subject) {
    s.users(&["a", "b"]);
    let copy = |text: &str, is_copy: bool| {
        let guard = Guard { own_media: false, is_copy, ..MEMBER };
        let client_msg_id = Some("k".into());
        let append = s.message("a", Place::Direct(user("b")), text);
        s.append(Append { client_msg_id, guard, ..append })
    };
    stored(copy("as it was", true));
    // The original was edited between two tries.
    let again = copy("as it is now", true);
    assert!(matches!(again, Ok(Outcome::Duplicate { seq: 1, .. })), "{again:?}");
    assert_eq!(copy("as it is now", false), Err(Rejection::ClientMsgIdReused));
}

pub fn whoever_is_blocked_changes_no_words_but_may_take_them_back(s: &Subject) {
    s.users(&["a", "b"]);
    let id = direct("a", "b");
    s.send("a", "b");
    s.send("b", "a");
    let block = |on| s.write(Op::Block { user: user("b"), other: user("a"), on });
    block(true).expect("blocked");
    let refused = |op: Revise| assert_eq!(s.write(Op::Revise(op)), Err(Rejection::Blocked));
    refused(revise("a", id, 1, edit_to("louder")));
    refused(revise("a", id, 2, react_with("👎", true)));
    let backend = Revise { guarded: false, ..revise("a", id, 1, edit_to("by the owner")) };
    assert!(s.revise(backend).is_some());
    assert!(s.revise(revise("b", id, 1, react_with("👍", true))).is_some(), "the other way round");
    block(false).expect("accepted again");
    assert!(s.revise(revise("a", id, 1, edit_to("friendly"))).is_some());
    block(true).expect("blocked again");
    assert!(s.recall("a", id, 1).is_some());
}

pub fn an_answer_needs_its_message(s: &Subject) {
    s.users(&["a", "b"]);
    let answer = |re: u64| {
        let body = format!("{{\"k\":\"text\",\"x\":\"y\",\"re\":{re}}}");
        let body = Body::from_stored(body.into_bytes().into());
        s.append(Append { body, ..s.message("a", Place::Direct(user("b")), "") })
    };
    assert_eq!(answer(1), Err(Rejection::UnknownMessage), "there is no conversation yet");
    assert_eq!(s.read(s.store.members(direct("a", "b"))), None);
    s.send("a", "b");
    assert_eq!(answer(0), Err(Rejection::UnknownMessage));
    assert_eq!(answer(2), Err(Rejection::UnknownMessage));
    assert_eq!(stored(answer(1)).seq, 2);
    s.recall("a", direct("a", "b"), 1).expect("recalled");
    assert_eq!(stored(answer(1)).seq, 3, "a recalled one may be answered");
    let unguarded = magpie_core::port::store::Guard { must_be_member: false, ..MEMBER };
    let body = Body::from_stored(r#"{"k":"text","x":"y","re":9}"#.as_bytes().into());
    let append = s.message("a", Place::Direct(user("b")), "");
    assert_eq!(
        s.append(Append { body, guard: unguarded, ..append }),
        Err(Rejection::UnknownMessage),
        "nobody may answer what is not there"
    );
}

pub fn changes_are_paged_by_rev_each_place_once(s: &Subject) {
    let id = talk(s, 6);
    for seq in [5, 3, 1] {
        s.revise(revise("b", id, seq, react_with("x", true))).expect("put");
    }
    s.recall("a", id, 2);
    s.revise(revise("a", id, 5, edit_to("y"))).expect("edited");
    assert_eq!(s.changes("b", id, 0, 50), ["3 1 recalled[2-2] 5 ..5"]);
    assert_eq!(s.changes("b", id, 0, 2), ["3 1 ..3", "recalled[2-2] 5 ..5"]);
    assert_eq!(s.changes("b", id, 0, 1), ["3 ..2", "1 ..3", "recalled[2-2] ..4", "5 ..5"]);
    assert_eq!(s.changes("b", id, 4, 1), ["5 ..5"]);
    assert_eq!(s.changes("b", id, 5, 1), [" ..5"]);
    assert_eq!(s.changes("b", id, 99, 1), [" ..5"], "nothing is there yet");
    s.write(Op::HideMessage { user: user("b"), conversation: id, seq: 1 }).expect("hidden");
    assert_eq!(s.changes("b", id, 1, 50), ["3 deleted[1-1] recalled[2-2] 5 ..5"]);
    assert_eq!(s.changes("a", id, 1, 50), ["3 1 recalled[2-2] 5 ..5"]);
    assert_eq!(s.changes("a", direct("a", "b"), 2, 0), ["1 ..3", "recalled[2-2] ..4", "5 ..5"]);
}

pub fn desk_messages_are_changed_like_others(s: &Subject) {
    s.users(&["v"]);
    s.put("x", Some(Role::Agent));
    let id = ConversationId::desk(&user("v"));
    stored(s.send_desk("v", "v"));
    stored(s.send_desk("x", "v"));
    let since = s.store.position();
    assert!(s.revise(revise("x", id, 1, react_with("o", true))).is_some());
    s.recall("x", id, 2).expect("recalled");
    assert_eq!(s.refused(revise("x", id, 1, Alteration::Recall)), Rejection::NotTheSender);
    for (who, agent) in [("v", false), ("x", true)] {
        let page = s.resume(who, agent, Some(since));
        assert_eq!(shape(&page.changed[0].items), "1 recalled[2-2]", "{who}");
    }
    s.put("y", Some(Role::Agent));
    assert!(s.revise(revise("y", id, 1, react_with("o", true))).is_some(), "any agent");
    s.put("y", Some(Role::User));
    assert_eq!(
        s.refused(revise("y", id, 1, react_with("o", false))),
        Rejection::UnknownConversation
    );
}
