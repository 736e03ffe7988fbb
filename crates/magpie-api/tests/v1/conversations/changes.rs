//! `GET /v1/users/{id}/conversations/{conversation}/changes`

use serde_json::json;

use crate::world::{ROOT, World, direct};

#[tokio::test]
async fn each_changed_place_comes_once_as_it_is_now_and_what_is_known_does_not_come() {
    let world = World::new();
    for n in 1..=4 {
        world.say("17", "agent", &n.to_string()).await;
    }
    let c = direct("17", "agent");
    let message = |seq: u64| format!("/v1/conversations/{c}/messages/{seq}");
    world.json("PUT", &message(3), &json!({"text": "three"})).await;
    world.json("PUT", &message(2), &json!({"text": "two"})).await;
    world.json("PUT", &message(3), &json!({"text": "third"})).await;
    world.call("DELETE", &message(1)).bearer(ROOT).send().await;
    let path = format!("/v1/users/agent/conversations/{c}/changes");
    let all = world.get(&path).await.ok();
    assert_eq!((&all["rev"], &all["more"]), (&json!(4), &json!(false)));
    let items = all["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!((&items[0]["body"]["x"], &items[1]["body"]["x"]), (&json!("two"), &json!("third")));
    assert_eq!((&items[2]["gone"], &items[2]["by"]), (&json!("recalled"), &json!("17")));
    let later = world.get(&format!("{path}?after=3")).await.ok();
    assert_eq!(later["items"].as_array().unwrap().len(), 1);
    let first = world.get(&format!("{path}?limit=1")).await.ok();
    assert_eq!((&first["more"], &first["rev"]), (&json!(true), &json!(2)));
    let strange = world
        .get(
            &format!("/v1/users/翠花/conversations/{c}/changes")
                .replace("翠花", "%E7%BF%A0%E8%8A%B1"),
        )
        .await;
    assert_eq!(strange.code(), "unknown_conversation");
}
