//! Cases: the desk, where every agent is a member.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::expect_used,
    reason = "the names are the documentation; test code"
)]

use magpie_core::{
    model::Role,
    port::store::{Op, Outcome, Place, Rejection},
};
use magpie_proto::{ConversationId, client::Change};

use super::subject::{Subject, stored, user};

fn desk(visitor: &str) -> ConversationId {
    ConversationId::desk(&user(visitor))
}

fn staffed(s: &Subject) {
    s.users(&["v", "w", "u"]);
    s.put("agent1", Some(Role::Agent));
    s.put("agent2", Some(Role::Agent));
}

pub fn a_desk_is_opened_by_its_visitor_only(s: &Subject) {
    staffed(s);
    assert_eq!(s.send_desk("agent1", "v"), Err(Rejection::UnknownConversation));
    let answer = s.send_desk("v", "v");
    let Ok(Outcome::Stored { message, members }) = answer else { panic!("{answer:?}") };
    assert_eq!((message.conversation, message.seq), (desk("v"), 1));
    assert_eq!(members, [Some(user("v")), None]);
    assert_eq!(stored(s.send_desk("agent1", "v")).seq, 2);
    assert_eq!(s.send_desk("u", "v"), Err(Rejection::UnknownConversation));
    let by_id = s.message("agent2", Place::Existing(desk("v")), "x");
    assert_eq!(stored(s.append(by_id)).seq, 3);
}

pub fn every_agent_sees_every_desk(s: &Subject) {
    staffed(s);
    stored(s.send_desk("v", "v"));
    stored(s.send_desk("w", "w"));
    for agent in ["agent1", "agent2"] {
        let page = s.read(s.store.inbox(user(agent), true, None, 10));
        let peers: Vec<_> = page
            .entries
            .iter()
            .map(|e| e.peer.as_ref().expect("the visitor").id.as_str().to_owned())
            .collect();
        assert_eq!(peers.len(), 2, "{peers:?}");
        assert!(page.entries.iter().all(|e| e.unread == 1));
    }
    let own = s.read(s.store.inbox(user("v"), false, None, 10)).entries;
    assert_eq!(own.len(), 1);
    assert_eq!((own[0].peer.clone(), own[0].unread), (None, 0));
    assert_eq!(s.read(s.store.entry(user("w"), false, desk("v"))), None);
    s.write(Op::Set { user: user("agent1"), conversation: desk("v"), change: Change::Hide })
        .expect("hidden");
    let left = |who| s.read(s.store.inbox(user(who), true, None, 10)).entries.len();
    assert_eq!((left("agent1"), left("agent2")), (1, 2));
}

pub fn an_agents_own_messages_do_not_count_for_him(s: &Subject) {
    staffed(s);
    let unread = |who: &str| {
        let entry = s.read(s.store.entry(user(who), true, desk("v")));
        entry.expect("an agent's view").unread
    };
    stored(s.send_desk("v", "v"));
    stored(s.send_desk("agent1", "v"));
    stored(s.send_desk("agent2", "v"));
    assert_eq!((unread("agent1"), unread("agent2")), (2, 2));
    assert_eq!(s.entry("v", desk("v")).unread, 2);
    let answer = s.read_to("agent1", desk("v"), 3);
    assert!(matches!(answer, Outcome::Read { unread: 0, moved: true, .. }), "{answer:?}");
    assert_eq!((unread("agent1"), unread("agent2")), (0, 2));
    stored(s.send_desk("agent1", "v"));
    assert_eq!((unread("agent1"), unread("agent2")), (0, 3));
}

pub fn who_stops_being_an_agent_sees_no_desk(s: &Subject) {
    staffed(s);
    stored(s.send_desk("v", "v"));
    stored(s.send_desk("agent1", "v"));
    s.put("agent1", Some(Role::User));
    assert_eq!(s.send_desk("agent1", "v"), Err(Rejection::UnknownConversation));
    let reading = Op::Read { user: user("agent1"), conversation: desk("v"), seq: 1 };
    assert_eq!(s.write(reading), Err(Rejection::UnknownConversation));
    assert_eq!(s.read(s.store.entry(user("agent1"), false, desk("v"))), None);
    assert!(s.read(s.store.inbox(user("agent1"), false, None, 10)).entries.is_empty());
    assert!(s.resume("agent1", false, Some(0)).changed.is_empty());
}

pub fn desk_marks_are_the_highest_of_the_others(s: &Subject) {
    staffed(s);
    for _ in 0..3 {
        stored(s.send_desk("v", "v"));
    }
    s.read_to("agent1", desk("v"), 1);
    s.deliver("agent2", desk("v"), 3);
    let entry = s.entry("v", desk("v"));
    assert_eq!((entry.peer_read_seq, entry.peer_delivered_seq), (1, 3));
    s.read_to("v", desk("v"), 2);
    let entry = s.read(s.store.entry(user("agent1"), true, desk("v"))).expect("an agent's view");
    assert_eq!((entry.peer_read_seq, entry.peer_delivered_seq), (2, 3));
    assert_eq!(entry.delivered_seq, 1);
}
