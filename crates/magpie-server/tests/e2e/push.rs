//! Server push by channel: version, replay to a late page, long-poll, idempotency, who was there.

use magpie_client::{Event, PushEvent};
use serde_json::{Value, json};

use crate::common::{Session, TestServer};

async fn pushed(session: &mut Session) -> PushEvent {
    let pick = |event| match event {
        Event::Push(push) => Some(push),
        _ => None,
    };
    session.expect("a push", pick).await
}

async fn push(server: &TestServer, data: Value) -> Value {
    let body = json!({"user": "17", "channel": "pay", "data": data});
    server.api("POST", "/v1/push", body).await
}

#[tokio::test]
async fn a_push_reaches_every_page_of_the_user_and_says_how_many_were_there() {
    let server = TestServer::start();
    let nobody = push(&server, json!({"n": 0})).await;
    assert_eq!((nobody["version"].as_u64(), nobody["connections"].as_u64()), (Some(1), Some(0)));
    let mut phone = server.sign_in("17", "phone").await;
    let mut tablet = server.sign_in("17", "tablet").await;
    let mut other = server.user("18").await;
    let done = push(&server, json!({"n": 1})).await;
    assert_eq!(done, json!({"version": 2, "stored": true, "connections": 2}));
    for session in [&mut phone, &mut tablet] {
        while pushed(session).await.version < 2 {}
    }
    other.send("17", "sentinel").await;
    phone.messages_until("sentinel").await;
    assert!(!other.drain().await.iter().any(|event| matches!(event, Event::Push(_))));
}

#[tokio::test]
async fn a_late_page_gets_the_last_value_unless_it_has_that_version() {
    let server = TestServer::start();
    push(&server, json!("old")).await;
    let body = json!({"user": "17", "channel": "pay", "data": {"paid": true}, "replay": "always"});
    server.api("POST", "/v1/push", body).await;
    let mut late = server.user("17").await;
    let value = pushed(&mut late).await;
    assert_eq!((value.version, &value.data), (2, &json!({"paid": true})));
    let options = server.options("17", "tablet").await.channels(vec![("pay".to_owned(), 2)]);
    let mut knows = Session::open(options).await;
    push(&server, json!({"next": 1})).await;
    assert_eq!(pushed(&mut knows).await.version, 3, "not the version it named");
    assert_eq!(knows.client.channel("pay").await.unwrap().version, 3);
    assert_eq!(knows.client.channel("other").await.unwrap().version, 0);
}

#[tokio::test]
async fn a_result_that_one_page_has_got_is_not_shown_to_a_page_that_opens_later() {
    let server = TestServer::start();
    let mut first = server.user("17").await;
    push(&server, json!("0_扣费成功_剩余次数: 5")).await;
    assert_eq!(pushed(&mut first).await.version, 1);
    // The proof is a pong, so it may take a moment until the server knows.
    let waits = |peek: Value| peek["version"].as_u64() == Some(1);
    while waits(server.api("GET", "/v1/users/17/channels/pay?peek=true", json!(null)).await) {
        first.client.ping().await.unwrap();
    }
    let mut late = server.sign_in("17", "tablet").await;
    push(&server, json!("0_扣费成功_剩余次数: 4")).await;
    assert_eq!(pushed(&mut late).await.version, 2, "not the result of the visit before");
}

#[tokio::test]
async fn a_push_under_the_same_key_is_done_once_and_refused_with_other_data() {
    let server = TestServer::start();
    let body = |data: &str| json!({"user": "17", "channel": "pay", "data": data, "idempotency_key": "order-1"});
    let first = server.api("POST", "/v1/push", body("paid")).await;
    let again = server.api("POST", "/v1/push", body("paid")).await;
    assert_eq!((first["version"].as_u64(), again["version"].as_u64()), (Some(1), Some(1)));
    let other = server.call("POST", "/v1/push", Some(body("refunded"))).await;
    assert_eq!(other.status, 409, "{other:?}");
}

#[tokio::test]
async fn a_page_without_a_socket_waits_for_a_value_by_long_poll() {
    let server = TestServer::start();
    let waiting = server.call("GET", "/v1/users/17/channels/pay?wait_s=30", None);
    let (answer, done) = tokio::join!(waiting, async {
        // Whichever comes first, the value is not missed.
        push(&server, json!("0_ok")).await
    });
    assert_eq!(done["version"], 1);
    assert_eq!(answer.ok()["data"], "0_ok");
    let newer = server.call("GET", "/v1/users/17/channels/pay?after=1", None).await;
    assert_eq!(newer.status, 204);
    assert!(newer.head.contains("magpie-channel-version: 1"), "{}", newer.head);
}

#[tokio::test]
async fn a_stored_push_survives_a_kill_and_a_passing_one_is_not_stored() {
    let mut server = TestServer::start();
    push(&server, json!({"kept": true})).await;
    let passing = json!({"user": "17", "channel": "live", "data": 1, "hold_s": 0});
    let done = server.api("POST", "/v1/push", passing).await;
    assert_eq!((done["stored"].as_bool(), done["version"].as_u64()), (Some(false), Some(0)));
    server.kill();
    server.restart();
    let mut page = server.user("17").await;
    assert_eq!(pushed(&mut page).await.data, json!({"kept": true}));
    assert_eq!(page.client.channel("live").await.unwrap().version, 0);
}

#[tokio::test]
async fn a_batch_reaches_each_page_with_its_own_and_one_bad_item_spoils_nothing() {
    let server = TestServer::start();
    let (mut buyer, mut walker) = (server.user("17").await, server.user("18").await);
    let items = json!({"items": [
        {"user": "17", "channel": "pay", "data": {"paid": true}},
        {"user": "18", "channel": "pay", "data": 1, "hold": 0},
        {"user": "18", "channel": "steps", "data": 6_234, "hold_s": 0},
    ]});
    let results = server.api("POST", "/v1/push/batch", items).await;
    assert_eq!(results["results"][0], json!({"version": 1, "stored": true, "connections": 1}));
    assert_eq!(results["results"][1]["error"]["code"], "bad_request", "{results}");
    assert_eq!(results["results"][2], json!({"version": 0, "stored": false, "connections": 1}));
    let paid = pushed(&mut buyer).await;
    assert_eq!((paid.version, &paid.data), (1, &json!({"paid": true})));
    let steps = pushed(&mut walker).await;
    assert_eq!((&*steps.channel, steps.version, &steps.data), ("steps", 0, &json!(6_234)));
    for session in [&mut buyer, &mut walker] {
        assert!(!session.drain().await.iter().any(|event| matches!(event, Event::Push(_))));
    }
}
