//! `POST /v1/users/{id}/kick`

use magpie_core::event::Event;
use magpie_proto::CloseCode;
use serde_json::json;

use crate::world::{ROOT, World, id};

#[tokio::test]
async fn a_kick_goes_to_all_connections_or_one_device_over_the_bus() {
    let world = World::new();
    world.presence.set("17", 2);
    let all = world.call("POST", "/v1/users/17/kick").bearer(ROOT).send().await.ok();
    assert_eq!(all, json!({"connections": 2}));
    world.json("POST", "/v1/users/17/kick", &json!({"device": "phone"})).await.ok();
    let kick = |device: Option<&str>| Event::Kick {
        user: id("17"),
        device: device.map(Into::into),
        code: CloseCode::Kicked,
    };
    assert_eq!(world.bus.events(), [kick(None), kick(Some("phone"))]);
}

#[tokio::test]
async fn a_body_that_is_no_json_is_not_taken_for_no_body() {
    let world = World::new();
    let call = world.call("POST", "/v1/users/17/kick").bearer(ROOT);
    let answer = call.raw_body(b"device=phone".to_vec()).send().await;
    assert_eq!(answer.code(), "unsupported_media_type");
    let empty = world.json("POST", "/v1/users/17/kick", &json!({"device": ""})).await;
    assert_eq!(empty.code(), "bad_request");
    assert_eq!(world.bus.events(), []);
}
