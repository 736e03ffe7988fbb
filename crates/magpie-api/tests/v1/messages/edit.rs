//! `PUT /v1/conversations/{conversation}/messages/{seq}`

use serde_json::json;

use crate::world::{ROOT, World, direct};

#[tokio::test]
async fn the_backend_edits_a_text_at_any_time_and_readers_see_that() {
    let world = World::new();
    world.say("17", "agent", "嗨").await;
    world.clock.advance_ms(400 * 86_400_000);
    let c = direct("17", "agent");
    let path = format!("/v1/conversations/{c}/messages/1");
    assert_eq!(world.json("PUT", &path, &json!({"text": "嗨!"})).await.status, 204);
    let page = world.get(&format!("/v1/users/agent/conversations/{c}/messages")).await.ok();
    let item = &page["items"][0];
    assert_eq!((&item["body"]["x"], &item["rev"]), (&json!("嗨!"), &json!(1)));
    assert!(item["edited"].as_u64().unwrap() > item["ts"].as_u64().unwrap());
}

#[tokio::test]
async fn only_texts_that_are_there_are_edited_and_only_into_texts() {
    let world = World::new();
    world.say("17", "agent", "嗨").await;
    let path = format!("/v1/conversations/{}/messages/1", direct("17", "agent"));
    let image = json!({"body": {"k": "image", "x": "[图片]"}});
    assert_eq!(world.json("PUT", &path, &image).await.code(), "bad_request");
    assert_eq!(world.json("PUT", &path, &json!({})).await.code(), "bad_request");
    world.call("DELETE", &path).bearer(ROOT).send().await;
    assert_eq!(world.json("PUT", &path, &json!({"text": "x"})).await.code(), "recalled");
}
