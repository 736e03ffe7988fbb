//! Sending: what the core refuses before the store, and what is told after the commit.

use magpie_core::{
    Audience, Caller, Dialect, Event, Policy, Role,
    message::send::{self, Send},
    port::store::{Origin, Outcome},
};
use magpie_proto::{Body, ConversationId, ErrorCode, client::Target};

use crate::world::{World, uid};

fn to(target: Target, key: &str) -> Send {
    Send { target, client_msg_id: Some(key.into()), body: Body::text("hi") }
}

#[tokio::test]
async fn a_stored_message_is_told_once_to_both_sides() {
    let world = World::new(Policy::default());
    let (a, b) = (world.user("a").await, world.user("b").await);
    world.say(&a, "b", "one").await.unwrap();
    let told = world.told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, Audience::pair(&a.user, &b.user));
    assert!(matches!(&told[0].1, Event::Message(m) if m.seq == 1 && m.sender == a.user));
}

#[tokio::test]
async fn a_resend_is_answered_with_the_first_result_and_told_to_nobody() {
    let world = World::new(Policy::default());
    let a = world.user("a").await;
    world.user("b").await;
    let send = || to(Target::User(uid("b")), "k1");
    let first = send::send_and_wait(&world.core, &a, send()).await.unwrap();
    let Outcome::Stored { message, .. } = first else { panic!("not stored") };
    world.told();
    let again = send::send_and_wait(&world.core, &a, send()).await.unwrap();
    assert!(matches!(again, Outcome::Duplicate { id, seq: 1, .. } if id == message.id));
    assert_eq!(world.told(), []);
}

#[tokio::test]
async fn nothing_is_answered_or_told_before_the_commit() {
    let world = World::delayed(Policy { create_unknown_users: true, ..Policy::default() });
    let a = Caller { user: uid("a"), role: Role::User, broadcast: false, dialect: None };
    let (origin, mut answer) = Origin::call();
    send::send(&world.core, &a, to(Target::User(uid("b")), "k"), origin).unwrap();
    assert!(answer.try_recv().is_err(), "answered before the commit");
    assert_eq!(world.told(), []);
    world.store.release();
    assert!(answer.try_recv().is_ok());
}

#[tokio::test]
async fn messages_that_lead_nowhere_are_refused_with_their_reason() {
    let world = World::new(Policy::default());
    let a = world.user("a").await;
    let agent = world.user_as("agent", Role::Agent).await;
    let foreign = ConversationId::direct(&uid("x"), &uid("y"));
    let cases = [
        (&a, Target::User(uid("a")), ErrorCode::BadRequest),
        (&a, Target::User(uid("nobody")), ErrorCode::UnknownUser),
        (&a, Target::Conversation(foreign), ErrorCode::UnknownConversation),
        (&agent, Target::Desk, ErrorCode::BadRequest),
    ];
    for (caller, target, code) in cases {
        let refused = send::send_and_wait(&world.core, caller, to(target.clone(), "k")).await;
        assert_eq!(refused.unwrap_err().code, code, "{target:?}");
    }
    assert_eq!(world.told(), []);
}

#[tokio::test]
async fn a_third_user_cannot_write_into_a_conversation_of_two() {
    let world = World::new(Policy::default());
    let (a, c) = (world.user("a").await, world.user("c").await);
    world.user("b").await;
    world.say(&a, "b", "secret").await.unwrap();
    let id = ConversationId::direct(&uid("a"), &uid("b"));
    let refused = send::send_and_wait(&world.core, &c, to(Target::Conversation(id), "k")).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::UnknownConversation);
}

#[tokio::test]
async fn a_block_stops_people_and_not_the_owners_backend() {
    let world = World::new(Policy::default());
    let (a, b) = (world.user("a").await, world.user("b").await);
    magpie_core::conversation::settings::block(&world.core, &b, uid("a"), true).await.unwrap();
    assert_eq!(world.say(&a, "b", "hi").await.unwrap_err().code, ErrorCode::Blocked);
    let backend = send::system_caller(uid("a"));
    assert!(world.say(&backend, "b", "your order has shipped").await.is_ok());
}

#[tokio::test]
async fn the_stranger_limit_counts_only_while_the_receiver_is_away() {
    let world = World::new(Policy { create_unknown_users: true, ..Policy::default() });
    let mut a = world.user("a").await;
    a.dialect = Some(Dialect::Market);
    for n in 0..3 {
        assert!(world.say(&a, "b", &n.to_string()).await.is_ok());
    }
    assert_eq!(world.say(&a, "b", "4").await.unwrap_err().code, ErrorCode::StrangerLimit);
    world.presence.online.lock().insert(uid("b"), 1);
    assert!(world.say(&a, "b", "4").await.is_ok());
    world.presence.online.lock().clear();
    let b = world.user("b").await;
    world.say(&b, "a", "an answer").await.unwrap();
    assert!(world.say(&a, "b", "5").await.is_ok(), "an answer opens the way again");
}

#[tokio::test]
async fn a_visitor_reaches_the_desk_and_an_agent_answers() {
    let world = World::new(Policy::default());
    let visitor = world.user("17").await;
    let agent = world.user_as("agent", Role::Agent).await;
    send::send_and_wait(&world.core, &visitor, to(Target::Desk, "q")).await.unwrap();
    let desk = Target::Conversation(ConversationId::desk(&visitor.user));
    send::send_and_wait(&world.core, &agent, to(desk, "a")).await.unwrap();
    let audiences: Vec<_> = world.told().into_iter().map(|(audience, _)| audience).collect();
    assert_eq!(audiences, vec![Audience::Desk { visitor: visitor.user }; 2]);
}
