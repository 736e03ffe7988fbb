//! `POST /v1/demo/sign-in`

use magpie_auth::Audience;
use serde_json::json;

use crate::{
    rules::samples,
    world::{NOW_MS, ROOT, World},
};

#[tokio::test]
async fn a_demo_user_gets_a_token_for_native_sockets() {
    let world = samples::world().await;
    let call = world.call("POST", "/v1/demo/sign-in").body(r#"{"user":"小明"}"#);
    let session = call.send().await.ok();
    assert_eq!(session["user"]["name"], "小明!");
    assert_eq!(session["expires"], NOW_MS + 3_600_000);
    let token = session["token"].as_str().unwrap();
    let identity = world.auth.verify_user(token, Audience::Native, NOW_MS).unwrap();
    assert_eq!(identity.user.as_str(), "小明");
}

#[tokio::test]
async fn nobody_else_signs_in_without_a_password() {
    let world = samples::world().await;
    for (user, code) in [("17", "unknown_user"), ("nobody", "unknown_user"), ("", "bad_request")] {
        let body = json!({"user": user}).to_string();
        let answer = world.call("POST", "/v1/demo/sign-in").body(&body).send().await;
        assert_eq!(answer.code(), code, "{user}");
    }
    let ban = format!("/v1/users/{}/ban", samples::XM);
    world.call("POST", &ban).bearer(ROOT).send().await.ok();
    let call = world.call("POST", "/v1/demo/sign-in").body(r#"{"user":"小明"}"#);
    assert_eq!(call.send().await.code(), "forbidden");
}

#[tokio::test]
async fn without_a_demo_the_route_does_not_exist_whatever_the_body() {
    let world = World::new();
    for body in [r#"{"user":"小明"}"#, "{"] {
        let answer = world.call("POST", "/v1/demo/sign-in").body(body).send().await;
        assert_eq!(answer.code(), "not_found", "{body}");
    }
}
