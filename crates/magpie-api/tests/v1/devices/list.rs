//! `GET /v1/users/{id}/devices`

use serde_json::json;

use crate::world::{NOW_MS, World};

#[tokio::test]
async fn devices_are_listed_newest_first_with_the_names_they_gave_themselves() {
    let world = World::new();
    world.sign_in("17", "phone", "Chrome on Linux").await;
    world.clock.advance_ms(60_000);
    world.sign_in("17", "tablet", "").await;
    let list = world.get("/v1/users/17/devices").await.ok();
    let device = |device: &str, name: &str, at: u64| json!({"device": device, "name": name, "first_seen": at, "last_seen": at});
    let wanted =
        [device("tablet", "", NOW_MS + 60_000), device("phone", "Chrome on Linux", NOW_MS)];
    assert_eq!(list["devices"], json!(wanted));
    assert_eq!(world.get("/v1/users/agent/devices").await.ok()["devices"], json!([]));
}
