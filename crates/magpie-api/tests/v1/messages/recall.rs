//! `DELETE /v1/conversations/{conversation}/messages/{seq}`

use serde_json::json;

use crate::world::{ROOT, World, direct};

#[tokio::test]
async fn the_backend_recalls_any_message_at_any_time_and_again() {
    let world = World::new();
    world.say("17", "agent", "secret").await;
    world.clock.advance_ms(400 * 86_400_000);
    let c = direct("17", "agent");
    for _ in 0..2 {
        let path = format!("/v1/conversations/{c}/messages/1");
        assert_eq!(world.call("DELETE", &path).bearer(ROOT).send().await.status, 204);
    }
    let path = format!("/v1/users/agent/conversations/{c}");
    let page = world.get(&format!("{path}/messages")).await.ok();
    let gone = json!({"from_seq": 1, "to_seq": 1, "gone": "recalled", "by": "17"});
    assert_eq!(page["items"], json!([gone]));
    let entry = world.get(&path).await.ok();
    assert_eq!(entry["unread"], 0);
    assert!(!entry.to_string().contains("secret"));
}

#[tokio::test]
async fn what_is_not_there_cannot_be_recalled() {
    let world = World::new();
    world.say("17", "agent", "嗨").await;
    let recall = |place: String| {
        let path = format!("/v1/conversations/{place}");
        async { world.call("DELETE", &{ path }).bearer(ROOT).send().await.code().to_owned() }
    };
    let c = direct("17", "agent");
    assert_eq!(recall(format!("{c}/messages/2")).await, "unknown_message");
    assert_eq!(recall(format!("{c}/messages/0")).await, "bad_request");
    assert_eq!(recall(format!("{c}/messages/x")).await, "bad_request");
    let other = direct("小明", "翠花");
    assert_eq!(recall(format!("{other}/messages/1")).await, "unknown_conversation");
}
