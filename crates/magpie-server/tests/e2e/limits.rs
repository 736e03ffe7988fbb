//! Bounds of what one client may cost, and that others do not notice: rates, requests in flight,
//! slow readers, silence.

use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use magpie_client::{ClientError, Event};
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use crate::common::{Session, TestServer, within};

type Raw = WebSocketStream<tokio::net::TcpStream>;

/// A signed-in socket without a client behind it: it reads and writes only when told to.
async fn raw(server: &TestServer, user: &str) -> Raw {
    let socket = TcpSocket::new_v4().unwrap();
    // The less the kernel keeps for us, the sooner the server notices a slow reader.
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    let stream = socket.connect(server.address).await.unwrap();
    let (mut ws, _) = tokio_tungstenite::client_async(server.url(), stream).await.unwrap();
    let token = server.token(user).await;
    let hello = json!({"t": "hello", "r": 1, "token": token, "device": "raw"});
    ws.send(Message::text(hello.to_string())).await.unwrap();
    while next(&mut ws).await["t"] != "sync" {}
    ws
}

async fn next(ws: &mut Raw) -> Value {
    loop {
        match within("a frame", ws.next()).await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Close(close) => panic!("closed: {close:?}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn over_the_rate_a_client_is_told_when_to_try_again_and_nothing_is_lost() {
    let limits = [("limits.messages_per_s", "10"), ("limits.messages_burst", "20")];
    let server = TestServer::with(&limits);
    let alice = server.user("alice").await;
    let mut bob = server.user("bob").await;
    let (mut stored, mut refused) = (Vec::new(), 0);
    for number in 0..60 {
        match alice.try_send("bob", &number.to_string(), None).await {
            Ok(_) => stored.push(number.to_string()),
            Err(ClientError::Refused(error)) => {
                assert_eq!(
                    (error.code.as_str(), error.retry.as_str()),
                    ("rate_limited", "after_ms")
                );
                assert!((1..=1_000).contains(&error.after_ms.unwrap()), "{error:?}");
                refused += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(stored.len() >= 20 && refused > 0, "{} stored, {refused} refused", stored.len());
    // Another user has a rate of his own.
    bob.send("alice", "sentinel").await;
    for text in stored {
        assert_eq!(bob.message().await.b.x, text);
    }
}

#[tokio::test]
async fn a_client_with_too_much_in_flight_is_read_no_further_until_it_is_answered() {
    const SENDS: u64 = 600;
    let server = TestServer::with(&[("limits.in_flight", "4")]);
    let mut alice = raw(&server, "alice").await;
    for r in 10..10 + SENDS {
        let send =
            json!({"t": "send", "r": r, "to": "bob", "b": {"k": "text", "x": r.to_string()}});
        alice.feed(Message::text(send.to_string())).await.unwrap();
    }
    alice.flush().await.unwrap();
    for r in 10..10 + SENDS {
        let ack = next(&mut alice).await;
        assert_eq!((ack["t"].as_str(), ack["r"].as_u64()), (Some("ack"), Some(r)));
        assert_eq!(ack["seq"].as_u64(), Some(r - 9), "in the order in which they were sent");
    }
}

#[tokio::test]
async fn a_slow_reader_is_closed_with_a_retryable_code_and_resumes_without_loss() {
    let server = TestServer::start();
    let alice = Arc::new(server.user("alice").await);
    let mut bystander = server.user("bystander").await;
    let mut slow = raw(&server, "slow").await;
    // What the server's socket takes by itself is many megabytes; the outbox is full after that.
    let long = "慢".repeat(16_000);
    let mut sent = 0_u64;
    loop {
        for _ in 0..16 {
            sent = alice.send("slow", &long).await.seq;
            alice.send("bystander", "you are not slow").await;
            assert_eq!(bystander.message().await.b.x, "you are not slow");
        }
        let online = server.call("GET", "/v1/presence?limit=100", None).await.ok();
        if !online.to_string().contains("\"slow\"") {
            break;
        }
        assert!(sent < 4_000, "the server queues without a bound");
    }
    let mut seen = 0;
    let code = loop {
        match within("the close frame", slow.next()).await {
            Some(Ok(Message::Text(text))) => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["t"] == "msg" {
                    seen += 1;
                    assert_eq!(frame["seq"].as_u64(), Some(seen), "in order, none left out");
                }
            }
            Some(Ok(Message::Close(close))) => break close.map(|c| u16::from(c.code)),
            Some(Ok(_)) => {}
            other => panic!("no close frame: {other:?}"),
        }
    };
    assert_eq!(code, Some(4000));
    // Comes back without a cursor: the newest fifty and a hole that reaches down to what it has.
    let session = server.user("slow").await;
    let changed = session.changed();
    assert_eq!(changed[0].head, sent);
    let (first, last) = (changed[0].items[0].span().0, changed[0].items.last().unwrap().span().1);
    assert_eq!(last, sent);
    assert!(seen < sent, "it was slow");
    assert!(
        seen + 1 >= first
            || changed[0].hole.is_some_and(|(from, to)| from <= seen + 1 && to + 1 == first)
    );
}

#[tokio::test]
async fn an_oversized_body_is_refused_and_the_connection_goes_on() {
    let server = TestServer::with(&[("limits.body_bytes", "2048")]);
    let alice = server.user("alice").await;
    let refused = alice.try_send("bob", &"x".repeat(4_000), None).await.unwrap_err();
    assert_eq!(refused.code(), Some("too_large"));
    assert_eq!(alice.send("bob", "short").await.seq, 1);
}

#[tokio::test]
async fn a_silent_peer_is_pinged_and_given_up_and_a_client_that_answers_stays() {
    let times = [("heartbeat.interval_ms", "300"), ("heartbeat.timeout_ms", "6000")];
    let server = TestServer::with(&times);
    // Answers protocol pings, as every client does by itself.
    let mut lively = server.user("lively").await;
    let silent = raw(&server, "silent").await;
    lively.client.watch_presence(&["silent"]).await.unwrap();
    let gone = |event| {
        matches!(event, Event::Presence(p) if p.user == "silent" && !p.online).then_some(())
    };
    lively.expect("the silent one given up", gone).await;
    drop(silent);
    lively.client.ping().await.unwrap();
    assert_eq!(lively.client.closed(), None);
}

#[tokio::test]
async fn a_socket_that_never_says_hello_is_closed() {
    let server = TestServer::with(&[("limits.hello_timeout_ms", "300")]);
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (mut ws, _) = tokio_tungstenite::client_async(server.url(), stream).await.unwrap();
    let frame = within("the close frame", ws.next()).await.unwrap().unwrap();
    let Message::Close(Some(close)) = frame else { panic!("{frame:?}") };
    assert_eq!(u16::from(close.code), 4002);
    Session::open(server.options("alice", "phone").await).await;
}
