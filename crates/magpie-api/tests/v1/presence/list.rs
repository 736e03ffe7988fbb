//! `GET /v1/presence`

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn who_is_connected_comes_in_pages_that_end() {
    let world = World::new();
    for (user, connections) in [("17", 1), ("a", 2), ("b", 3)] {
        world.presence.set(user, connections);
    }
    let first = world.get("/v1/presence?limit=2").await.ok();
    assert_eq!(
        first,
        json!({"online": [{"user": "17", "connections": 1}, {"user": "a", "connections": 2}],
            "connections": 6, "next": "a"})
    );
    let second = world.get("/v1/presence?limit=2&after=a").await.ok();
    assert_eq!(second["online"], json!([{"user": "b", "connections": 3}]));
    assert_eq!(second["next"], json!(null));
}
