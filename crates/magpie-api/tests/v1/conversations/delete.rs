//! `DELETE /v1/users/{id}/conversations/{conversation}`

use serde_json::json;

use crate::world::{ROOT, World, direct};

#[tokio::test]
async fn deleting_is_for_one_side_only() {
    let world = World::new();
    world.say("17", "agent", "嗨").await;
    let c = direct("17", "agent");
    let path = format!("/v1/users/agent/conversations/{c}");
    assert_eq!(world.call("DELETE", &path).bearer(ROOT).send().await.status, 204);
    let list = world.get("/v1/users/agent/conversations").await.ok();
    assert_eq!(list["conversations"], json!([]));
    let other = world.get("/v1/users/17/conversations").await.ok();
    assert_eq!(other["conversations"][0]["last"]["body"]["x"], "嗨");
}

#[tokio::test]
async fn nobody_deletes_what_he_is_not_in() {
    let world = World::new();
    world.say("17", "agent", "嗨").await;
    let path =
        format!("/v1/users/{}/conversations/{}", "%E7%BF%A0%E8%8A%B1", direct("17", "agent"));
    let answer = world.call("DELETE", &path).bearer(ROOT).send().await;
    assert_eq!(answer.code(), "unknown_conversation");
}
