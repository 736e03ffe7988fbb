//! `POST /v1/users/{id}/conversations/{conversation}/read`

use serde_json::json;

use crate::world::{World, direct};

#[tokio::test]
async fn a_read_mark_rises_stops_at_the_newest_and_never_falls() {
    let world = World::new();
    for n in 1..=3 {
        world.say("17", "agent", &n.to_string()).await;
    }
    let path = format!("/v1/users/agent/conversations/{}/read", direct("17", "agent"));
    for (seq, read, unread) in [(2, 2, 1), (1, 2, 1), (1_000_000, 3, 0), (0, 3, 0)] {
        let mark = world.json("POST", &path, &json!({"seq": seq})).await.ok();
        assert_eq!(mark, json!({"read": read, "unread": unread}), "{seq}");
    }
}

#[tokio::test]
async fn marks_that_cannot_be_are_refused() {
    let world = World::new();
    world.say("17", "agent", "嗨").await;
    let path = format!("/v1/users/agent/conversations/{}/read", direct("17", "agent"));
    for body in [json!({}), json!({"seq": -1}), json!({"seq": 1.5}), json!({"seq": 1_u64 << 53})] {
        assert_eq!(world.json("POST", &path, &body).await.code(), "bad_request", "{body}");
    }
    let foreign = format!("/v1/users/agent/conversations/{}/read", direct("17", "小明"));
    let answer = world.json("POST", &foreign, &json!({"seq": 1})).await;
    assert_eq!(answer.code(), "unknown_conversation");
}
