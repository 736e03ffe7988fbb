//! `GET /v1/users/{id}/channels`

use serde_json::{Value, json};

use crate::world::World;

fn names(list: &Value) -> Vec<&str> {
    let all = list["channels"].as_array().unwrap().iter();
    all.map(|value| value["channel"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_page_that_knows_only_its_user_polls_all_his_channels() {
    let world = World::new();
    for (channel, data) in [("2", json!("0_扣费成功_剩余次数: 5")), ("steps", json!({"n": 1}))]
    {
        let body = json!({"user": "17", "channel": channel, "data": data});
        world.json("POST", "/v1/push", &body).await.ok();
    }
    assert_eq!(names(&world.get("/v1/users/17/channels?peek=true").await.ok()), ["2", "steps"]);
    assert_eq!(names(&world.get("/v1/users/17/channels").await.ok()), ["2", "steps"]);
    // The payment result was delivered; the other value is for every page.
    assert_eq!(names(&world.get("/v1/users/17/channels").await.ok()), ["steps"]);
    world.clock.advance_ms(90_000_000);
    assert_eq!(world.get("/v1/users/17/channels").await.ok(), json!({"channels": []}));
}
