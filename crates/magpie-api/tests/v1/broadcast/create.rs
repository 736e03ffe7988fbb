//! `POST /v1/broadcast`

use magpie_core::event::Event;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_broadcast_goes_to_everyone_or_to_one_dialect_and_is_not_stored() {
    let world = World::new();
    world.presence.set("17", 2);
    let all = world.json("POST", "/v1/broadcast", &json!({"text": "维护"})).await.ok();
    assert_eq!(all, json!({"connections": 2}));
    let body = json!({"body": {"k": "text", "x": "hi"}, "dialect": "market"});
    assert_eq!(world.json("POST", "/v1/broadcast", &body).await.ok(), json!({"connections": 0}));
    let told = world.bus.events();
    let [Event::Broadcast { from: None, body }, Event::Broadcast { .. }] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(body.as_json(), r#"{"k":"text","x":"维护"}"#);
}

#[tokio::test]
async fn a_broadcast_without_content_or_to_an_unknown_dialect_is_refused() {
    let world = World::new();
    for body in [
        json!({}),
        json!({"text": "a", "body": {"k": "a", "x": ""}}),
        json!({"text": "a", "dialect": "qq"}),
    ] {
        assert_eq!(
            world.json("POST", "/v1/broadcast", &body).await.code(),
            "bad_request",
            "{body}"
        );
    }
    assert_eq!(world.bus.events(), []);
}
