//! A user's own side of a conversation: open, pin, mute, hide, delete, hide one message, block.
//! What one device does, the other devices see.

use magpie_client::{ConversationState, Edge, Event, Item};
use serde_json::json;

use crate::common::{Session, TestServer};

async fn state(session: &mut Session) -> ConversationState {
    let pick = |event| match event {
        Event::ConversationState(state) => Some(state),
        _ => None,
    };
    session.expect("the state of a conversation", pick).await
}

async fn visible(session: &Session) -> Vec<String> {
    let page = session.client.inbox(None, 50).await.unwrap();
    page.convs.into_iter().map(|conversation| conversation.c).collect()
}

#[tokio::test]
async fn pin_mute_and_hide_are_seen_on_the_other_device() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let phone = server.sign_in("bob", "phone").await;
    let mut tablet = server.sign_in("bob", "tablet").await;
    let c = alice.send("bob", "hello").await.c;
    for (op, pin, mute) in [("conv.pin", true, false), ("conv.mute", true, true)] {
        let reply = phone.client.request(op, json!({"c": c, "on": true})).await.unwrap();
        assert_eq!((reply["pin"].as_bool(), reply["mute"].as_bool()), (Some(pin), Some(mute)));
        let seen = state(&mut tablet).await;
        assert_eq!((seen.c.as_str(), seen.pin, seen.mute), (c.as_str(), pin, mute));
    }
    phone.client.request("conv.hide", json!({"c": c})).await.unwrap();
    assert_eq!(state(&mut tablet).await.hidden, 1);
    assert!(visible(&tablet).await.is_empty());
    alice.send("bob", "again").await;
    assert_eq!(visible(&tablet).await, [c], "the next message brings it back");
}

#[tokio::test]
async fn opening_shows_a_conversation_without_messages_on_every_device() {
    let server = TestServer::start();
    let phone = server.sign_in("bob", "phone").await;
    let mut tablet = server.sign_in("bob", "tablet").await;
    let opened = phone.client.open("carol").await.unwrap();
    assert_eq!((opened.head, opened.visible), (0, true));
    assert_eq!(opened.peer.unwrap().id, "carol");
    let seen = state(&mut tablet).await;
    assert_eq!((seen.c.as_str(), seen.hidden), (opened.c.as_str(), -1));
    assert_eq!(visible(&tablet).await, std::slice::from_ref(&opened.c));
    let carol = server.user("carol").await;
    assert!(visible(&carol).await.is_empty(), "only on the side that opened it");
}

#[tokio::test]
async fn deleting_ones_own_side_clears_it_there_and_nowhere_else() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let bob = server.user("bob").await;
    let c = alice.send("bob", "one").await.c;
    alice.send("bob", "two").await;
    bob.client.request("conv.delete", json!({"c": c})).await.unwrap();
    let page = bob.client.history(&c, Edge::Newest, 50).await.unwrap();
    let gone = |item: &Item| matches!(item, Item::Gone { gone, .. } if gone == "deleted");
    assert!(page.items.iter().all(gone), "{:?}", page.items);
    assert_eq!(bob.client.unread(&c).await.unwrap().count, 0);
    assert!(visible(&bob).await.is_empty());
    let other = alice.client.history(&c, Edge::Newest, 50).await.unwrap();
    assert_eq!(other.items.iter().filter_map(Item::message).count(), 2);
    alice.send("bob", "three").await;
    let page = bob.client.history(&c, Edge::Newest, 50).await.unwrap();
    let texts: Vec<_> = page.items.iter().filter_map(Item::message).map(|m| &m.b.x).collect();
    assert_eq!(texts, ["three"]);
    assert_eq!(visible(&bob).await, [c]);
}

#[tokio::test]
async fn hiding_one_message_leaves_a_marked_place_and_tells_the_other_device() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let phone = server.sign_in("bob", "phone").await;
    let mut tablet = server.sign_in("bob", "tablet").await;
    let mut c = String::new();
    for text in ["one", "two", "three"] {
        c = alice.send("bob", text).await.c;
    }
    phone.client.request("msg.hide", json!({"c": c, "seq": 2})).await.unwrap();
    let pick = |event| match event {
        Event::MessageHidden(hidden) => Some(hidden),
        _ => None,
    };
    assert_eq!(tablet.expect("msg.hidden", pick).await.seq, 2);
    let page = tablet.client.history(&c, Edge::Newest, 50).await.unwrap();
    let spans: Vec<_> = page.items.iter().map(Item::span).collect();
    assert_eq!(spans, [(1, 1), (2, 2), (3, 3)], "dense all the same");
    assert!(page.items[1].message().is_none());
    let other = alice.client.history(&c, Edge::Newest, 50).await.unwrap();
    assert!(other.items[1].message().is_some(), "the other side keeps it");
}

#[tokio::test]
async fn changes_made_while_a_device_was_away_come_with_its_resume() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let c = alice.send("bob", "hello").await.c;
    let phone = server.sign_in("bob", "phone").await;
    let tablet = server.sign_in("bob", "tablet").await;
    let cursor = tablet.cursor.clone();
    tablet.close().await;
    phone.client.request("conv.pin", json!({"c": c, "on": true})).await.unwrap();
    let options = server.options("bob", "tablet").await.cursor(Some(cursor));
    let tablet = Session::open(options).await;
    let changed = tablet.changed();
    assert_eq!((changed.len(), changed[0].pin, changed[0].items.len()), (1, true, 0));
}

#[tokio::test]
async fn a_blocked_sender_is_refused_until_the_block_is_lifted() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let mut bob = server.user("bob").await;
    let block = |on| json!({"user": "alice", "on": on});
    bob.client.request("block", block(true)).await.unwrap();
    let refused = alice.try_send("bob", "hello?", None).await.unwrap_err();
    assert_eq!(refused.code(), Some("blocked"));
    bob.client.request("block", block(false)).await.unwrap();
    alice.send("bob", "hello").await;
    assert!(bob.messages_until("hello").await.is_empty(), "nothing of the refused ones");
}

#[tokio::test]
async fn a_user_sees_on_every_device_whom_he_has_blocked_and_nobody_elses_blocks() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let phone = server.sign_in("bob", "phone").await;
    let tablet = server.sign_in("bob", "tablet").await;
    server.user("carol").await;
    alice.client.set_profile(Some("Alice 李"), None).await.unwrap();
    for user in ["carol", "alice"] {
        phone.client.block(user, true).await.unwrap();
    }
    let names = async |session: &Session| {
        let blocked = session.client.blocks().await.unwrap();
        blocked.into_iter().map(|user| (user.id, user.name)).collect::<Vec<_>>()
    };
    let pair = |id: &str, name: &str| (id.to_owned(), name.to_owned());
    assert_eq!(names(&tablet).await, [pair("alice", "Alice 李"), pair("carol", "carol")]);
    assert!(names(&alice).await.is_empty(), "who is blocked is not told");
    tablet.client.block("carol", false).await.unwrap();
    assert_eq!(names(&phone).await, [pair("alice", "Alice 李")]);
}

#[tokio::test]
async fn a_stranger_may_send_as_many_as_configured_until_the_other_side_shows_up() {
    let server = TestServer::with(&[("limits.stranger_limit", "2")]);
    let alice = server.user("alice").await;
    alice.send("bob", "1").await;
    alice.send("bob", "2").await;
    let refused = alice.try_send("bob", "3", None).await.unwrap_err();
    assert_eq!(refused.code(), Some("stranger_limit"));
    let bob = server.user("bob").await;
    alice.send("bob", "he is connected").await;
    bob.send("alice", "hello").await;
    bob.close().await;
    // He has answered: the count starts anew behind his answer.
    alice.send("bob", "a").await;
    alice.send("bob", "b").await;
    assert!(alice.try_send("bob", "c", None).await.is_err());
}

#[tokio::test]
async fn nobody_reads_or_changes_a_conversation_of_others() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let c = alice.send("bob", "secret").await.c;
    let eve = server.user("eve").await;
    let body = json!({"k": "text", "x": "me too"});
    let frames = [
        ("history", json!({"c": c})),
        ("unread", json!({"c": c})),
        ("conv.pin", json!({"c": c, "on": true})),
        ("conv.delete", json!({"c": c})),
        ("msg.hide", json!({"c": c, "seq": 1})),
        ("send", json!({"c": c, "b": body})),
    ];
    for (op, frame) in frames {
        let refused = eve.client.request(op, frame).await.unwrap_err();
        assert_eq!(refused.code(), Some("unknown_conversation"), "{op}");
    }
}
