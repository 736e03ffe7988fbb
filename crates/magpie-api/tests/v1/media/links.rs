//! `POST /v1/media/links`

use serde_json::json;

use crate::world::{ROOT, World, uploads};

#[tokio::test]
async fn a_stranger_gets_no_address_and_a_member_does() {
    let world = World::new();
    let media = world.upload("小明", "cat.png", "message", &uploads::png()).await["media"].clone();
    let count = async |user: &str| world.links(user, &media["id"]).await.as_array().unwrap().len();
    assert_eq!((count("小明").await, count("翠花").await, count("17").await), (1, 0, 0));
    let body = json!({"from": "小明", "to": "翠花",
        "body": {"k": "image", "x": "[图片]", "media": media}});
    world.call("POST", "/v1/messages").bearer(ROOT).body(&body.to_string()).send().await.ok();
    assert_eq!((count("小明").await, count("翠花").await, count("17").await), (1, 1, 0));
    let link = world.links("翠花", &media["id"]).await[0].clone();
    for field in ["url", "thumb"] {
        let answer = world.call("GET", link[field].as_str().unwrap()).send().await;
        assert_eq!(answer.status, 200, "{field}");
    }
    let left_ms = link["expires"].as_u64().unwrap() - crate::world::NOW_MS;
    assert!((1_800_000..=3_600_000).contains(&left_ms), "{left_ms}");
    // The browser knows the address when it asks again.
    world.clock.advance_ms(1_000);
    assert_eq!(world.links("翠花", &media["id"]).await[0], link);
    world.clock.advance_ms(3_600_000);
    let late = world.call("GET", link["url"].as_str().unwrap()).send().await;
    assert_eq!(late.code(), "token_expired");
}

#[tokio::test]
async fn what_nobody_made_is_left_out_and_too_many_are_refused() {
    let world = World::new();
    let ask = async |body: serde_json::Value| {
        let call = world.call("POST", "/v1/media/links").bearer(&world.token("小明"));
        call.body(&body.to_string()).send().await
    };
    let nothing = ask(json!({"ids": ["x", "../..", "0".repeat(32), ""]})).await.ok();
    assert_eq!(nothing, json!({"links": []}));
    assert_eq!(ask(json!({"ids": vec!["0".repeat(32); 101]})).await.code(), "bad_request");
}
