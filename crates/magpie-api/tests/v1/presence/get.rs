//! `GET /v1/users/{id}/presence`

use serde_json::json;

use crate::world::{NOW_MS, World};

#[tokio::test]
async fn a_user_is_online_while_he_has_a_connection() {
    let world = World::new();
    world.presence.set("17", 2);
    let online = world.get("/v1/users/17/presence").await.ok();
    assert_eq!(
        online,
        json!({"user": "17", "online": true, "connections": 2, "last_seen": NOW_MS})
    );
    let stranger = world.get("/v1/users/nobody/presence").await.ok();
    assert_eq!(
        stranger,
        json!({"user": "nobody", "online": false, "connections": 0, "last_seen": 0})
    );
}
