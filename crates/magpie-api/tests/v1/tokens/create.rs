//! `POST /v1/tokens`

use magpie_auth::Audience;
use magpie_core::Role;
use serde_json::json;

use crate::world::{NOW_MS, World};

#[tokio::test]
async fn a_token_says_what_was_asked_and_is_taken_by_this_server() {
    let world = World::new();
    let body = json!({"user": "w5", "ttl_s": 60, "role": "agent", "permissions": ["broadcast"],
        "name": "王五"});
    let answer = world.json("POST", "/v1/tokens", &body).await;
    assert_eq!(answer.status, 201);
    let json = answer.ok();
    assert_eq!(json["expires"], NOW_MS + 60_000);
    let token = json["token"].as_str().unwrap();
    let identity = world.auth.verify_user(token, Audience::Native, NOW_MS).unwrap();
    assert_eq!((identity.user.as_str(), identity.role), ("w5", Role::Agent));
    assert!(identity.may("broadcast"));
    assert_eq!(identity.name.as_deref(), Some("王五"));
}

#[tokio::test]
async fn a_token_for_old_addresses_opens_nothing_else_and_lives_a_day_at_most() {
    let world = World::new();
    let body = json!({"user": "17", "audience": "dialect"});
    let json = world.json("POST", "/v1/tokens", &body).await.ok();
    let token = json["token"].as_str().unwrap();
    assert!(world.auth.verify_user(token, Audience::Native, NOW_MS).is_err());
    assert!(world.auth.verify_user(token, Audience::Dialect, NOW_MS).is_ok());
    let body = json!({"user": "17", "audience": "dialect", "ttl_s": 200_000});
    let answer = world.json("POST", "/v1/tokens", &body).await;
    assert_eq!(answer.code(), "bad_request");
    assert!(answer.message().contains("86400 seconds"), "{}", answer.text);
}

#[tokio::test]
async fn a_wish_that_breaks_a_rule_of_tokens_is_a_bad_request() {
    let world = World::new();
    for body in [
        json!({"user": "17", "ttl_s": 40_000_000}),
        json!({"user": "17", "permissions": [""]}),
        json!({"user": "17", "permissions": vec!["x"; 33]}),
        json!({"user": "17", "name": "x".repeat(300)}),
    ] {
        assert_eq!(world.json("POST", "/v1/tokens", &body).await.code(), "bad_request", "{body}");
    }
}
