//! `GET /v1/users/{id}/conversations/{conversation}/unread`

use serde_json::json;

use crate::world::{World, direct};

#[tokio::test]
async fn every_place_above_the_floor_says_whether_it_counts() {
    let world = World::new();
    for (from, to) in [("17", "agent"), ("agent", "17"), ("17", "agent")] {
        world.say(from, to, "x").await;
    }
    let c = direct("17", "agent");
    let path = format!("/v1/users/agent/conversations/{c}");
    world.json("POST", &format!("{path}/read"), &json!({"seq": 1})).await.ok();
    let report = world.get(&format!("{path}/unread")).await.ok();
    assert_eq!(
        report,
        json!({"unread": 1, "floor": 1, "head": 3,
            "places": [{"seq": 2, "why": "own"}, {"seq": 3, "why": "counts"}]})
    );
}
