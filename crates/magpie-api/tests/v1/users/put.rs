//! `PUT /v1/users/{id}`

use serde_json::json;

use crate::world::{NOW_MS, World};

#[tokio::test]
async fn a_user_is_created_and_later_changed_only_where_named() {
    let world = World::new();
    let body = json!({"name": "王五", "avatar": "https://x/a.png", "role": "agent"});
    let user = world.json("PUT", "/v1/users/w5", &body).await.ok();
    assert_eq!(
        user,
        json!({"id": "w5", "name": "王五", "avatar": "https://x/a.png", "role": "agent",
            "banned": false, "created": NOW_MS, "last_seen": 0})
    );
    let user = world.json("PUT", "/v1/users/w5", &json!({"name": ""})).await.ok();
    assert_eq!((&user["name"], &user["avatar"]), (&json!(""), &json!("https://x/a.png")));
    assert_eq!(world.json("PUT", "/v1/users/w5", &json!({})).await.ok()["role"], "agent");
}

#[tokio::test]
async fn names_have_limits_and_roles_are_a_list() {
    let world = World::new();
    for body in [
        json!({"name": "x".repeat(257)}),
        json!({"name": "a\u{0}"}),
        json!({"avatar": "x".repeat(1_025)}),
        json!({"role": "root"}),
        json!({"banned": true}),
    ] {
        let answer = world.json("PUT", "/v1/users/17", &body).await;
        assert_eq!(answer.code(), "bad_request", "{body}");
    }
    assert_eq!(world.json("PUT", "/v1/users/-1", &json!({})).await.code(), "bad_request");
}
