//! Start, stop, restart: drains, data that stays, servers that stand in each other's way.

use magpie_client::{Edge, Target};

use crate::common::{ServerBuilder, TestServer, body, within};

#[tokio::test]
async fn sigterm_closes_with_a_jittered_wait_and_everything_acknowledged_is_there_after_it() {
    let mut server = TestServer::start();
    let mut bob = server.user("bob").await;
    let alice = server.user("alice").await;
    let client = alice.client.clone();
    // Sends until the connection ends; counts what was acknowledged.
    let sender = tokio::spawn(async move {
        let mut acked = 0;
        loop {
            let text = (acked + 1).to_string();
            match client.send(Target::User("bob"), &body(&text), Some(&text)).await {
                Ok(ack) => {
                    acked += 1;
                    assert_eq!(ack.seq, acked);
                }
                Err(error) => return (acked, error.closed().cloned().unwrap()),
            }
        }
    });
    for _ in 0..200 {
        bob.message().await;
    }
    server.terminate();
    let closed = bob.closed().await;
    assert_eq!(closed.code, 1012);
    let wait_ms: u64 = closed.reason.strip_prefix("retry_after_ms=").unwrap().parse().unwrap();
    assert!((1..=10_000).contains(&wait_ms));
    let (acked, end) = sender.await.unwrap();
    assert_eq!(end.code, 1012);
    assert!(server.ended().await.success(), "a drain is a clean end: {}", server.log());
    server.restart();
    let alice = server.user("alice").await;
    let head = alice.changed()[0].head;
    assert!(head >= acked, "{acked} acknowledged, {head} stored");
}

#[tokio::test]
async fn a_peer_that_ignores_the_goodbye_does_not_hold_up_the_end() {
    let mut server = TestServer::with(&[("server.drain_s", "1")]);
    let stubborn = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (ws, _) = tokio_tungstenite::client_async(server.url(), stubborn).await.unwrap();
    // A connection in the middle of a request head.
    let half = tokio::net::TcpStream::connect(server.address).await.unwrap();
    half.writable().await.unwrap();
    half.try_write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n").unwrap();
    server.terminate();
    assert!(server.ended().await.success(), "{}", server.log());
    drop((ws, half));
}

#[tokio::test]
async fn a_restart_keeps_users_messages_marks_and_tokens() {
    let mut server = TestServer::start();
    let alice = server.user("alice").await;
    let bob = server.user("bob").await;
    let sent = alice.send_as("bob", "before", "key").await;
    bob.client.receipts(&[], &[(&sent.c, 1)]).await.unwrap();
    let options = server.options("alice", "phone").await;
    let cursor = alice.client.ping().await.unwrap().cur;
    server.terminate();
    assert!(server.ended().await.success());
    server.restart();
    let alice = crate::common::Session::open(options.cursor(cursor)).await;
    assert!(!alice.pages[0].gap, "the same history, the same cursors, the same tokens");
    let history = alice.client.history(&sent.c, Edge::Newest, 50).await.unwrap();
    assert_eq!(history.items[0].message().unwrap().b.x, "before");
    assert!(alice.send_as("bob", "before", "key").await.dup, "keys are remembered");
    assert_eq!(alice.send("bob", "after").await.seq, 2);
    let alice_again = server.sign_in("alice", "tablet").await;
    assert_eq!(alice_again.changed()[0].peer_read, 1);
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused_and_the_first_is_undisturbed() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let elsewhere = std::net::SocketAddr::new(server.address.ip(), 0);
    let second = ServerBuilder::default().start_on(server.folder.clone(), elsewhere);
    let Err(failed) = second else { panic!("two servers on one data directory") };
    assert!(!failed.status.success());
    assert!(failed.log.contains("data"), "it says which directory: {}", failed.log);
    alice.send("bob", "still here").await;
}

#[tokio::test]
async fn a_port_in_use_is_named_and_nothing_is_disturbed() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let base = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = std::sync::Arc::new(tempfile::tempdir_in(base).unwrap());
    let Err(failed) = ServerBuilder::default().start_on(folder, server.address) else {
        panic!("two servers on one port")
    };
    assert!(!failed.status.success());
    assert!(failed.log.contains(&server.address.to_string()), "{}", failed.log);
    within("an ack", alice.send("bob", "still here")).await;
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    let mut server = TestServer::start();
    let alice = server.user("alice").await;
    let mut last = 0;
    for number in 0..50 {
        last = alice.send("bob", &number.to_string()).await.seq;
        if number % 10 == 0 {
            server.call("GET", "/healthz", None).await.ok();
        }
    }
    server.kill();
    server.restart();
    let bob = server.user("bob").await;
    assert_eq!((bob.changed()[0].head, bob.changed()[0].unread), (last, 50));
}
