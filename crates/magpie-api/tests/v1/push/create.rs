//! `POST /v1/push`

use magpie_core::event::Event;
use serde_json::json;

use crate::world::{ROOT, World};

#[tokio::test]
async fn a_payment_result_is_stored_word_for_word_and_told_how_far_it_went() {
    let world = World::new();
    world.presence.set("17", 2);
    let body = r#"{"user":"17","channel":"2","data":"0_扣费成功_剩余次数: 5"}"#;
    let pushed = world.call("POST", "/v1/push").bearer(ROOT).body(body).send().await.ok();
    assert_eq!(pushed, json!({"version": 1, "stored": true, "connections": 2}));
    let told = world.bus.events();
    let [Event::Push { value, stored: true }] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(&*value.data, "\"0_扣费成功_剩余次数: 5\"");
}

#[tokio::test]
async fn versions_rise_by_channel_and_the_same_key_pushes_once() {
    let world = World::new();
    let push = async |channel: &str, data: u64, key: &str| {
        let body = json!({"user": "17", "channel": channel, "data": data, "idempotency_key": key});
        world.json("POST", "/v1/push", &body).await
    };
    let version = async |channel, data, key| push(channel, data, key).await.ok()["version"].clone();
    assert_eq!(version("pay", 1, "a").await, 1);
    assert_eq!(version("pay", 1, "a").await, 1);
    assert_eq!(version("pay", 2, "b").await, 2);
    assert_eq!(version("other", 2, "b").await, 1);
    assert_eq!(push("pay", 3, "b").await.code(), "client_msg_id_reused");
    let pushes = world.bus.events().iter().filter(|e| matches!(e, Event::Push { .. })).count();
    assert_eq!(pushes, 3);
}

#[tokio::test]
async fn a_value_with_no_hold_time_passes_and_is_not_kept() {
    let world = World::new();
    let body = json!({"user": "17", "channel": "steps", "data": {"n": 1}, "hold_s": 0});
    let pushed = world.json("POST", "/v1/push", &body).await.ok();
    assert_eq!(pushed, json!({"version": 0, "stored": false, "connections": 0}));
    assert_eq!(world.get("/v1/users/17/channels").await.ok(), json!({"channels": []}));
}

#[tokio::test]
async fn pushes_that_cannot_be_say_why() {
    let world = World::new();
    let cases = [
        (json!({"user": "17", "channel": "2"}), "bad_request", "data"),
        (json!({"user": "17", "channel": "", "data": 1}), "bad_request", "channel"),
        (json!({"user": "-1", "channel": "2", "data": 1}), "bad_request", "user"),
        (
            json!({"user": "17", "channel": "2", "data": 1, "hold_s": 99_999_999}),
            "bad_request",
            "hold_s",
        ),
        (
            json!({"user": "17", "channel": "2", "data": 1, "replay": "never"}),
            "bad_request",
            "variant",
        ),
        (json!({"user": "17", "channel": "2", "data": "x".repeat(65_536)}), "too_large", "bytes"),
    ];
    for (body, code, word) in cases {
        let answer = world.json("POST", "/v1/push", &body).await;
        assert_eq!(answer.code(), code, "{}", answer.text);
        assert!(answer.message().contains(word), "{}", answer.text);
    }
}

#[tokio::test]
async fn the_user_of_a_payment_page_need_not_be_known() {
    let world = World::new();
    let body = json!({"user": "2147483647", "channel": "2", "data": "0_扣费成功_剩余次数: 5"});
    assert_eq!(world.json("POST", "/v1/push", &body).await.ok()["stored"], true);
    let value = world.get("/v1/users/2147483647/channels/2").await.ok();
    assert_eq!(value["data"], "0_扣费成功_剩余次数: 5");
}
