//! How a token reaches the server, and that it never reaches the log.

use magpie_client::{Options, TokenIn, connect};
use serde_json::json;

use crate::common::{API_KEY, ServerBuilder, Session, TestServer, http};

const WAYS: [TokenIn; 4] = [TokenIn::Hello, TokenIn::Subprotocol, TokenIn::Header, TokenIn::Query];

#[tokio::test]
async fn a_token_may_come_in_the_hello_the_subprotocol_the_header_or_the_query() {
    let server = TestServer::start();
    for way in WAYS {
        let options = server.options("alice", "phone").await.token_in(way);
        let session = Session::open(options).await;
        assert_eq!(session.client.ready().user.id, "alice", "{way:?}");
        session.close().await;
    }
}

#[tokio::test]
async fn without_a_good_token_the_socket_ends_with_a_code_that_says_do_not_come_back() {
    let server = TestServer::start();
    let good = server.token("alice").await;
    let (head, signature) = good.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    for token in ["", "x", "a.b.c", &forged] {
        let refused = connect(Options::new(server.url(), token)).await.err().unwrap();
        assert_eq!(refused.code(), Some("unauthorized"), "{token:?}: {refused}");
    }
    // An API key is no user.
    let refused = connect(Options::new(server.url(), API_KEY)).await.err().unwrap();
    assert_eq!(refused.code(), Some("unauthorized"));
    server.user("alice").await;
}

#[tokio::test]
async fn tokens_and_keys_and_bodies_never_appear_in_the_log_however_chatty_it_is() {
    const SECRET_TEXT: &str = "this-sentence-is-nobody-elses-business";
    let server = ServerBuilder::default().set("log.level", "trace").start();
    let mut tokens = Vec::new();
    for way in WAYS {
        let token = server.token("alice").await;
        let options = Options::new(server.url(), token.clone()).device("phone").token_in(way);
        let session = Session::open(options).await;
        session.send("bob", SECRET_TEXT).await;
        let renewal = server.token("alice").await;
        session.client.renew(&renewal).await.unwrap();
        // A token that is refused is a secret all the same.
        let refused = server.token("bob").await;
        session.client.renew(&refused).await.unwrap_err();
        tokens.extend([token, renewal, refused]);
        session.close().await;
    }
    let short = server.token_with(json!({"user": "alice", "ttl_s": 1})).await;
    let wanted = json!({"user": "7", "audience": "dialect"});
    let dialect = server.token_with(wanted).await;
    let path = format!("/websocket/7?token={dialect}");
    let answer = http::request(server.address, "GET", &path, &[], None).await;
    assert_eq!(answer.status, 426, "a plain request to a socket path");
    let path = format!("/v1/users/alice?token={short}");
    http::request(server.address, "GET", &path, &[format!("Authorization: Bearer {short}")], None)
        .await;
    http::request(
        server.address,
        "GET",
        "/v1/users",
        &["Authorization: Bearer wrong-key".into()],
        None,
    )
    .await;
    tokens.extend([short, dialect]);
    let log = server.log();
    assert!(log.lines().count() > 10, "the log was collected: {log}");
    for token in &tokens {
        let signature = token.rsplit('.').next().unwrap();
        assert!(!log.contains(signature), "a token is in the log");
        let payload = token.split('.').nth(1).unwrap();
        assert!(!log.contains(payload), "a token's payload is in the log");
    }
    assert!(!log.contains(API_KEY) && !log.contains("wrong-key"), "an API key is in the log");
    assert!(!log.contains(SECRET_TEXT), "a message is in the log");
}
