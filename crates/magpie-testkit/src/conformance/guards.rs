//! Cases: what a send is refused for, and in which order the rules hold.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::expect_used,
    reason = "the names are the documentation; test code"
)]

use magpie_core::port::store::{
    Append, Guard, Op, Origin, Outcome, Place, Rejection, UserPatch, Write,
};
use magpie_proto::ConversationId;

use super::subject::{MEMBER, Subject, direct, stored, user};

const LIMIT_3: Guard = Guard { stranger_limit: Some(3), ..MEMBER };
const OVER_3: Rejection = Rejection::StrangerLimit { limit: 3 };

pub fn an_unknown_sender_is_refused(s: &Subject) {
    s.users(&["a"]);
    let guard = Guard { create_receiver: true, ..MEMBER };
    let refused = s.send_guarded("ghost", "a", guard);
    assert_eq!(refused, Err(Rejection::UnknownUser(user("ghost"))));
}

pub fn an_unknown_receiver_is_refused_or_created(s: &Subject) {
    s.users(&["a"]);
    let refused = s.send_guarded("a", "new", MEMBER);
    assert_eq!(refused, Err(Rejection::UnknownUser(user("new"))));
    let guard = Guard { create_receiver: true, ..MEMBER };
    assert_eq!(s.send_guarded("a", "new", guard), Ok(1));
    let created = s.read(s.store.user(user("new"))).expect("created");
    assert_eq!((created.name.as_str(), created.created_ms, created.banned), ("", 1_000, false));
    assert_eq!(s.entry("new", direct("a", "new")).unread, 1);
}

pub fn an_unknown_conversation_is_refused(s: &Subject) {
    s.users(&["a", "b"]);
    let id = direct("a", "b");
    let unknown = || Err(Rejection::UnknownConversation);
    assert_eq!(s.append(s.message("a", Place::Existing(id), "x")), unknown());
    assert_eq!(s.write(Op::Read { user: user("a"), conversation: id, seq: 1 }), unknown());
    assert_eq!(s.write(Op::HideMessage { user: user("a"), conversation: id, seq: 1 }), unknown());
    s.send("a", "b");
    for seq in [0, 2] {
        let above = Op::HideMessage { user: user("a"), conversation: id, seq };
        assert_eq!(s.write(above), unknown());
    }
    let never = ConversationId::desk(&user("a"));
    assert_eq!(s.read(s.store.entry(user("a"), true, never)), None);
}

pub fn a_stranger_to_a_conversation_is_refused(s: &Subject) {
    s.users(&["a", "b", "c"]);
    s.send("a", "b");
    let id = direct("a", "b");
    let refused = s.append(s.message("c", Place::Existing(id), "x"));
    assert_eq!(refused, Err(Rejection::UnknownConversation));
    let reading = s.write(Op::Read { user: user("c"), conversation: id, seq: 1 });
    assert_eq!(reading, Err(Rejection::UnknownConversation));
    s.deliver("c", id, 1);
    assert_eq!(s.read(s.store.entry(user("c"), true, id)), None);
    assert_eq!(s.read(s.store.unread(user("c"), false, id)), None);
}

pub fn the_system_may_write_where_it_is_no_member(s: &Subject) {
    s.users(&["a", "b", "system"]);
    s.send("a", "b");
    let append = s.message("system", Place::Existing(direct("a", "b")), "notice");
    let guard = Guard { must_be_member: false, not_blocked: true, ..Guard::default() };
    assert_eq!(stored(s.append(Append { guard, ..append })).seq, 2);
    assert_eq!(s.entry("a", direct("a", "b")).unread, 1);
    assert_eq!(s.entry("b", direct("a", "b")).unread, 2);
}

pub fn a_blocked_sender_is_refused_until_accepted_again(s: &Subject) {
    s.users(&["a", "b"]);
    s.send("a", "b");
    let block = |on| Op::Block { user: user("b"), other: user("a"), on };
    for _ in 0..2 {
        assert_eq!(s.write(block(true)), Ok(Outcome::Done));
    }
    assert_eq!(s.read(s.store.blocked(user("b"))), [user("a")]);
    assert_eq!(s.send_guarded("a", "b", MEMBER), Err(Rejection::Blocked));
    assert_eq!(s.send_guarded("b", "a", MEMBER), Ok(2));
    let free = Guard { not_blocked: false, ..MEMBER };
    assert_eq!(s.send_guarded("a", "b", free), Ok(3));
    assert_eq!(s.write(block(false)), Ok(Outcome::Done));
    assert_eq!(s.send_guarded("a", "b", MEMBER), Ok(4));
    let unknown = Op::Block { user: user("b"), other: user("ghost"), on: true };
    assert_eq!(s.write(unknown), Err(Rejection::UnknownUser(user("ghost"))));
}

pub fn a_block_holds_before_the_first_message(s: &Subject) {
    s.users(&["a", "b"]);
    s.write(Op::Block { user: user("b"), other: user("a"), on: true }).expect("blocked");
    assert_eq!(s.send_guarded("a", "b", MEMBER), Err(Rejection::Blocked));
    assert_eq!(s.read(s.store.members(direct("a", "b"))), None);
}

pub fn blocked_users_are_listed_by_id_with_the_names_they_have_now(s: &Subject) {
    s.users(&["a", "b", "c", "d"]);
    let block = |by, whom, on| Op::Block { user: user(by), other: user(whom), on };
    for whom in ["d", "c", "b"] {
        s.write(block("a", whom, true)).expect("blocked");
    }
    s.write(block("b", "a", true)).expect("blocked");
    s.write(block("a", "c", false)).expect("accepted again");
    let (name, avatar, role, banned) = (Some("丁".into()), None, None, None);
    let renamed = UserPatch { id: user("d"), name, avatar, role, banned, now_ms: 1 };
    s.write(Op::PutUser(renamed)).expect("renamed");
    let listed = |who, limit| s.read(s.store.blocked_users(user(who), limit));
    let [b, d] = ["b", "d"].map(|id| s.read(s.store.user(user(id))).expect("a user"));
    assert_eq!(d.name, "丁");
    assert_eq!(listed("a", 9), [b.clone(), d]);
    assert_eq!(listed("a", 1), [b]);
    assert!(listed("c", 9).is_empty());
    assert!(listed("ghost", 9).is_empty());
}

pub fn a_resend_is_a_duplicate_even_when_blocked_or_limited(s: &Subject) {
    s.users(&["a", "b"]);
    let send = || {
        let append = s.message("a", Place::Direct(user("b")), "x");
        let guard = Guard { stranger_limit: Some(1), ..MEMBER };
        s.append(Append { client_msg_id: Some("k".into()), guard, ..append })
    };
    stored(send());
    assert!(matches!(send(), Ok(Outcome::Duplicate { seq: 1, .. })));
    s.write(Op::Block { user: user("b"), other: user("a"), on: true }).expect("blocked");
    assert!(matches!(send(), Ok(Outcome::Duplicate { seq: 1, .. })));
}

pub fn the_stranger_limit_counts_what_nobody_answered(s: &Subject) {
    s.users(&["a", "b"]);
    for seq in 1..=3 {
        assert_eq!(s.send_guarded("a", "b", LIMIT_3), Ok(seq));
    }
    assert_eq!(s.send_guarded("a", "b", LIMIT_3), Err(OVER_3));
    assert_eq!(s.send_guarded("a", "b", MEMBER), Ok(4), "a receiver with a connection");
    assert_eq!(s.send_guarded("a", "b", LIMIT_3), Err(OVER_3));
    let none = Guard { stranger_limit: Some(0), ..MEMBER };
    let refused = s.send_guarded("b", "a", none);
    assert_eq!(refused, Err(Rejection::StrangerLimit { limit: 0 }));
}

pub fn the_stranger_limit_ends_with_delivery_reading_or_an_answer(s: &Subject) {
    s.users(&["a", "b", "system"]);
    let id = direct("a", "b");
    let fill = || {
        while s.send_guarded("a", "b", LIMIT_3).is_ok() {}
        s.entry("a", id).head
    };
    assert_eq!(fill(), 3);
    s.deliver("b", id, 2);
    assert_eq!(fill(), 5);
    s.read_to("b", id, 5);
    assert_eq!(fill(), 8);
    assert_eq!(s.send("b", "a"), 9);
    assert_eq!(fill(), 12);
    // A notice of the system is nobody's answer and nobody's message.
    let notice = s.message("system", Place::Existing(id), "notice");
    stored(s.append(Append { guard: Guard::default(), ..notice }));
    assert_eq!(s.send_guarded("a", "b", LIMIT_3), Err(OVER_3));
    s.deliver("b", id, 10);
    assert_eq!(fill(), 14);
}

pub fn a_thousand_parallel_strangers_store_exactly_the_limit(s: &Subject) {
    s.users(&["a", "b"]);
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let append = s.message("a", Place::Direct(user("b")), "x");
                    let op = Op::Append(Append { guard: LIMIT_3, ..append });
                    s.store.submit(Write { op, origin: Origin::None }).expect("taken");
                }
            });
        }
    });
    assert_eq!(s.send_guarded("a", "b", LIMIT_3), Err(OVER_3));
    assert_eq!(s.entry("b", direct("a", "b")).head, 3);
}
