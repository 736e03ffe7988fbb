//! Which connections a user may have, and how they end: device limit, replaced pages, expiry,
//! renewal, kick, ban.

use magpie_client::{Options, connect};
use serde_json::json;

use crate::common::{Session, TestServer};

#[tokio::test]
async fn the_sixth_connection_of_a_user_closes_the_one_that_was_quiet_longest() {
    let server = TestServer::start();
    let mut devices = Vec::new();
    for number in 0..5 {
        devices.push(server.sign_in("alice", &format!("device-{number}")).await);
    }
    // All but number 2 give a sign of life after the last one came.
    let uptime = devices[4].client.ping().await.unwrap().now;
    for number in [0, 1, 3, 4] {
        while devices[number].client.ping().await.unwrap().now <= uptime {}
    }
    let sixth = server.sign_in("alice", "device-5").await;
    let closed = devices[2].closed().await;
    assert_eq!(closed.code, 4505, "{closed}");
    devices.remove(2);
    for device in devices.iter().chain([&sixth]) {
        device.client.ping().await.unwrap();
    }
}

#[tokio::test]
async fn the_same_page_of_the_same_device_replaces_itself_and_nothing_else() {
    let server = TestServer::start();
    let page = |instance: &'static str| {
        let server = &server;
        async move {
            let options = server.options("alice", "phone").await.instance(instance);
            Session::open(options).await
        }
    };
    let mut first = page("page-1").await;
    let other_page = page("page-2").await;
    let again = page("page-1").await;
    assert_eq!(first.closed().await.code, 4501);
    other_page.client.ping().await.unwrap();
    again.client.ping().await.unwrap();
    // Another user's page of the same name is another page.
    let bobs = Session::open(server.options("bob", "phone").await.instance("page-1")).await;
    again.client.ping().await.unwrap();
    bobs.client.ping().await.unwrap();
}

#[tokio::test]
async fn a_live_socket_ends_when_its_token_expires_and_lives_on_with_a_new_one() {
    let server = TestServer::start();
    let short = json!({"user": "alice", "ttl_s": 4});
    let token = server.token_with(short.clone()).await;
    let mut ends = Session::open(Options::new(server.url(), token).device("a")).await;
    let token = server.token_with(short).await;
    let renewed = Session::open(Options::new(server.url(), token).device("b")).await;
    let expires = renewed.client.renew(&server.token("alice").await).await.unwrap();
    assert!(expires > renewed.client.ready().expires);
    assert_eq!(ends.closed().await.code, 4003);
    renewed.client.ping().await.unwrap();
    assert_eq!(renewed.client.closed(), None);
}

#[tokio::test]
async fn a_socket_is_renewed_only_for_its_own_user_and_with_a_good_token() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let other = alice.client.renew(&server.token("bob").await).await.unwrap_err();
    assert_eq!(other.code(), Some("forbidden"));
    let bad = alice.client.renew("no.token.atall").await.unwrap_err();
    assert_eq!(bad.code(), Some("unauthorized"));
    alice.client.ping().await.unwrap();
}

#[tokio::test]
async fn a_renewal_cannot_keep_a_permission_that_the_new_token_lacks() {
    let server = TestServer::start();
    let token = |permissions: &[&str]| {
        server.token_with(json!({ "user": "alice", "permissions": permissions }))
    };
    let options = Options::new(server.url(), token(&["broadcast"]).await).device("a");
    let alice = Session::open(options).await;
    let fewer = alice.client.renew(&token(&[]).await).await.unwrap_err();
    assert_eq!(fewer.code(), Some("forbidden"));
    assert!(alice.client.renew(&token(&["broadcast"]).await).await.is_ok());
}

#[tokio::test]
async fn a_kick_ends_all_connections_or_one_device_and_the_user_may_come_back() {
    let server = TestServer::start();
    let mut phone = server.sign_in("alice", "phone").await;
    let mut tablet = server.sign_in("alice", "tablet").await;
    server.api("POST", "/v1/users/alice/kick", json!({"device": "phone"})).await;
    assert_eq!(phone.closed().await.code, 4502);
    tablet.client.ping().await.unwrap();
    server.api("POST", "/v1/users/alice/kick", json!({})).await;
    assert_eq!(tablet.closed().await.code, 4502);
    server.user("alice").await;
}

#[tokio::test]
async fn a_ban_ends_the_connections_and_keeps_the_user_out_until_it_is_lifted() {
    let server = TestServer::start();
    let mut alice = server.user("alice").await;
    let options = server.options("alice", "phone").await;
    server.api("POST", "/v1/users/alice/ban", json!({})).await;
    assert_eq!(alice.closed().await.code, 4503);
    let refused = connect(options.clone()).await.err().unwrap();
    assert_eq!(refused.code(), Some("forbidden"), "{refused}");
    server.api("POST", "/v1/users/alice/unban", json!({})).await;
    Session::open(options).await;
}
