//! `GET /v1/users/{id}/conversations/{conversation}`

use serde_json::json;

use crate::world::{World, direct};

#[tokio::test]
async fn both_sides_see_the_conversation_each_in_his_own_way() {
    let world = World::new();
    world.say("17", "agent", "嗨").await;
    let c = direct("17", "agent");
    let own = world.get(&format!("/v1/users/17/conversations/{c}")).await.ok();
    let other = world.get(&format!("/v1/users/agent/conversations/{c}")).await.ok();
    assert_eq!((&own["unread"], &other["unread"]), (&json!(0), &json!(1)));
    assert_eq!((&own["peer"]["id"], &other["peer"]["id"]), (&json!("agent"), &json!("17")));
    assert_eq!(own["kind"], "direct");
}
