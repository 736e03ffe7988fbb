//! Sending: acks, the sender's other devices, resends, order.

use std::collections::HashSet;

use magpie_client::Target;

use crate::common::{TestServer, body, within};

#[tokio::test]
async fn a_send_is_acknowledged_with_id_and_seq_and_reaches_the_receiver() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let mut bob = server.user("bob").await;
    let first = alice.send("bob", "你好").await;
    let second = alice.send("bob", "在吗").await;
    assert_eq!((first.seq, second.seq), (1, 2));
    assert_eq!(first.c, second.c);
    assert_ne!(first.id, second.id);
    let message = bob.message().await;
    assert_eq!((message.c, message.seq, message.id), (first.c, 1, first.id));
    assert_eq!((message.from.as_str(), message.b.x.as_str()), ("alice", "你好"));
    assert_eq!(message.ts, first.ts);
}

#[tokio::test]
async fn the_senders_other_devices_get_the_message_with_its_key_and_nobody_else_gets_the_key() {
    let server = TestServer::start();
    let mut phone = server.sign_in("alice", "phone").await;
    let mut tablet = server.sign_in("alice", "tablet").await;
    let mut bob = server.user("bob").await;
    let ack = phone.send_as("bob", "hello", "key-1").await;
    let copy = tablet.message().await;
    assert_eq!((copy.seq, copy.cid.as_deref()), (ack.seq, Some("key-1")));
    assert_eq!(bob.message().await.cid, None);
    // The sending device has its ack; the message does not come a second time.
    bob.send("alice", "sentinel").await;
    assert!(phone.messages_until("sentinel").await.is_empty());
}

#[tokio::test]
async fn a_resend_returns_the_first_result_and_another_body_under_the_same_key_is_refused() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let mut bob = server.user("bob").await;
    let first = alice.send_as("bob", "once", "key").await;
    let again = alice.send_as("bob", "once", "key").await;
    assert!(!first.dup && again.dup);
    assert_eq!((&again.c, &again.id, again.seq, again.ts), (&first.c, &first.id, 1, first.ts));
    let other = alice.try_send("bob", "twice", Some("key")).await.unwrap_err();
    assert_eq!(other.code(), Some("client_msg_id_reused"));
    alice.send("bob", "sentinel").await;
    assert_eq!(bob.messages_until("sentinel").await.len(), 1);
    // From another device and after a reconnect it is still the same message.
    alice.close().await;
    let later = server.sign_in("alice", "tablet").await;
    let third = later.send_as("bob", "once", "key").await;
    assert!(third.dup);
    assert_eq!(third.id, first.id);
}

#[tokio::test]
async fn the_same_key_from_another_sender_or_in_another_conversation_is_another_message() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let bob = server.user("bob").await;
    assert_eq!(alice.send_as("bob", "a", "key").await.seq, 1);
    assert_eq!(bob.send_as("alice", "b", "key").await.seq, 2);
    assert_eq!(alice.send_as("carol", "a", "key").await.seq, 1);
}

#[tokio::test]
async fn twenty_parallel_senders_to_one_conversation_get_a_dense_order_that_everyone_sees_alike() {
    const SENDERS: usize = 20;
    const EACH: usize = 25;
    let server = TestServer::with(&[("limits.connections_per_user", "64")]);
    let mut agent_a = server.token_with(serde_json::json!({"user":"a1","role":"agent"})).await;
    let mut sessions = Vec::new();
    let mut visitor = server.user("visitor").await;
    let opened = visitor.client.send(Target::Desk, &body("hello"), None).await.unwrap();
    for number in 0..SENDERS {
        if number > 0 {
            let wanted = serde_json::json!({"user": format!("a{number}"), "role": "agent"});
            agent_a = server.token_with(wanted).await;
        }
        let options = magpie_client::Options::new(server.url(), agent_a.clone()).device("desk");
        sessions.push(crate::common::Session::open(options).await);
    }
    let mut tasks = Vec::new();
    for (number, session) in sessions.into_iter().enumerate() {
        let conversation = opened.c.clone();
        tasks.push(tokio::spawn(async move {
            let mut seqs = Vec::new();
            for n in 0..EACH {
                let text = format!("{number}-{n}");
                let target = Target::Conversation(&conversation);
                let content = body(&text);
                let sent = session.client.send(target, &content, Some(&text));
                seqs.push(within("ack", sent).await.unwrap().seq);
            }
            seqs
        }));
    }
    let mut all = HashSet::new();
    for task in tasks {
        let seqs = task.await.unwrap();
        assert!(seqs.is_sorted(), "one sender's messages keep their order");
        all.extend(seqs);
    }
    let expected: HashSet<u64> = (2..=(SENDERS * EACH) as u64 + 1).collect();
    assert_eq!(all, expected, "dense, and no seq given twice");
    for seq in 2..=(SENDERS * EACH) as u64 + 1 {
        assert_eq!(visitor.message().await.seq, seq, "delivered in order");
    }
}
