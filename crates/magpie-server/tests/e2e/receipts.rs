//! Receipts and unread: marks reach the other side and the own devices; the count is explained.

use magpie_client::{ConversationState, Event, ReceiptEvent};

use crate::common::{Session, TestServer};

async fn receipt(session: &mut Session, wanted: impl Fn(&ReceiptEvent) -> bool) -> ReceiptEvent {
    let pick = |event| match event {
        Event::Receipt(receipt) if wanted(&receipt) => Some(receipt),
        _ => None,
    };
    session.expect("a receipt", pick).await
}

async fn state(session: &mut Session) -> ConversationState {
    let pick = |event| match event {
        Event::ConversationState(state) => Some(state),
        _ => None,
    };
    session.expect("the state of a conversation", pick).await
}

#[tokio::test]
async fn delivered_and_read_reach_the_other_side() {
    let server = TestServer::start();
    let mut alice = server.user("alice").await;
    let mut bob = server.user("bob").await;
    alice.send("bob", "one").await;
    let last = alice.send("bob", "two").await;
    bob.messages_until("two").await;
    bob.client.receipts(&[(&last.c, 2)], &[]).await.unwrap();
    let delivered = receipt(&mut alice, |r| r.delivered == 2).await;
    assert_eq!((delivered.user.as_str(), delivered.c.as_str()), ("bob", last.c.as_str()));
    bob.client.receipts(&[], &[(&last.c, 1)]).await.unwrap();
    assert_eq!(receipt(&mut alice, |r| r.read > 0).await.read, 1);
    // Whoever comes later finds both marks in the list.
    let later = server.sign_in("alice", "tablet").await;
    assert_eq!(later.changed()[0].peer_read, 1);
}

#[tokio::test]
async fn a_read_on_one_device_clears_the_count_on_the_others() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let phone = server.sign_in("bob", "phone").await;
    let mut tablet = server.sign_in("bob", "tablet").await;
    let mut last = alice.send("bob", "one").await;
    last = alice.send("bob", &last.seq.to_string()).await;
    alice.send("bob", "three").await;
    phone.client.receipts(&[], &[(&last.c, 2)]).await.unwrap();
    let state = state(&mut tablet).await;
    assert_eq!((state.c.as_str(), state.read, state.unread), (last.c.as_str(), 2, 1));
}

#[tokio::test]
async fn receipts_ride_on_pings_and_are_clamped_and_never_fall() {
    let server = TestServer::start();
    let mut alice = server.user("alice").await;
    let bob = server.user("bob").await;
    let sent = alice.send("bob", "one").await;
    let marks = serde_json::json!({"read": [[sent.c, 9_000]], "delivered": [[sent.c, 9_000]]});
    bob.client.request("ping", marks).await.unwrap();
    let read = receipt(&mut alice, |r| r.read > 0).await;
    assert_eq!(read.read, 1, "nobody reads what is not there");
    bob.client.receipts(&[], &[(&sent.c, 0)]).await.unwrap();
    assert_eq!(bob.client.unread(&sent.c).await.unwrap().floor, 1, "the mark only rises");
}

#[tokio::test]
async fn a_receipt_for_a_foreign_conversation_is_refused_and_tells_nothing() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let sent = alice.send("bob", "secret").await;
    let eve = server.user("eve").await;
    let refused = eve.client.receipts(&[], &[(&sent.c, 1)]).await.unwrap_err();
    let unknown = eve.client.receipts(&[], &[("ffffffffffffffff", 1)]).await.unwrap_err();
    assert_eq!(refused.code(), Some("unknown_conversation"));
    assert_eq!(unknown.code(), Some("unknown_conversation"));
}

#[tokio::test]
async fn unread_counts_what_others_sent_and_nobody_saw_and_says_why() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let bob = server.user("bob").await;
    let conversation = alice.send("bob", "1").await.c;
    alice.send("bob", "2").await;
    bob.send("alice", "3: an own message is no read mark").await;
    alice.send("bob", "4").await;
    alice.send("bob", "5").await;
    let hide = serde_json::json!({"c": conversation, "seq": 4});
    bob.client.request("msg.hide", hide).await.unwrap();
    bob.client.receipts(&[], &[(&conversation, 1)]).await.unwrap();
    let unread = bob.client.unread(&conversation).await.unwrap();
    assert_eq!((unread.count, unread.floor, unread.head), (2, 1, 5));
    let why: Vec<_> = unread.places.iter().map(|(seq, why)| (*seq, why.as_str())).collect();
    assert_eq!(why, [(2, "counts"), (3, "own"), (4, "hidden"), (5, "counts")]);
    // The list, a fresh device and the API say the same.
    let fresh = server.sign_in("bob", "tablet").await;
    assert_eq!(fresh.changed()[0].unread, 2);
    let path = format!("/v1/users/bob/conversations/{conversation}/unread");
    assert_eq!(server.call("GET", &path, None).await.ok()["unread"], 2);
}

#[tokio::test]
async fn marks_survive_a_kill_once_they_were_answered() {
    let mut server = TestServer::start();
    let alice = server.user("alice").await;
    let bob = server.user("bob").await;
    let sent = alice.send("bob", "one").await;
    bob.client.receipts(&[], &[(&sent.c, 1)]).await.unwrap();
    server.kill();
    server.restart();
    let bob = server.user("bob").await;
    assert_eq!((bob.changed()[0].read, bob.changed()[0].unread), (1, 0));
}
