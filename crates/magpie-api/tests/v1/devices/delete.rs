//! `DELETE /v1/users/{id}/devices/{device}`

use magpie_auth::TokenRequest;
use magpie_core::event::Event;
use magpie_proto::CloseCode;
use serde_json::json;

use crate::world::{ROOT, World, id};

#[tokio::test]
async fn a_device_that_is_signed_out_loses_its_connections_its_place_and_its_tokens() {
    let world = World::new();
    world.sign_in("17", "phone", "").await;
    let bound =
        || TokenRequest { device: Some("phone".into()), ..TokenRequest::native(id("17"), 600) };
    let (own, old) = (world.token("17"), world.mint(&bound()));
    let list = |token: String| {
        let call = world.call("GET", "/v1/users/17/devices").bearer(&token);
        async move { call.send().await }
    };
    assert_eq!(list(old.clone()).await.status, 200);
    world.clock.advance_ms(5_000);
    let path = "/v1/users/17/devices/phone";
    assert_eq!(world.call("DELETE", path).bearer(ROOT).send().await.status, 204);
    let (user, device) = (id("17"), Some("phone".into()));
    assert_eq!(world.bus.events(), [Event::Kick { user, device, code: CloseCode::SignedOut }]);
    assert_eq!(list(own).await.ok()["devices"], json!([]));
    assert_eq!(list(old).await.code(), "signed_out");
    world.clock.advance_ms(1_000);
    assert_eq!(list(world.mint(&bound())).await.status, 200);
}

#[tokio::test]
async fn a_device_that_nobody_knows_cannot_be_signed_out() {
    let world = World::new();
    let answer = world.call("DELETE", "/v1/users/17/devices/phone").bearer(ROOT).send().await;
    assert_eq!(answer.code(), "bad_request");
}
