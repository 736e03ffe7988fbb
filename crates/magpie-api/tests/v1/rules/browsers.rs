//! Pages on other origins: who is on the list, and nobody else.

use crate::world::{ROOT, Setup, World};

#[tokio::test]
async fn without_a_list_no_other_origin_may_read_answers() {
    let world = World::new();
    let call = world.call("GET", "/v1/info").header("origin", "https://shop.example");
    let answer = call.send().await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, ""));
    assert_eq!(answer.header("vary"), "origin");
    let call = world.call("OPTIONS", "/v1/messages").header("origin", "https://shop.example");
    let answer = call.header("access-control-request-method", "POST").send().await;
    assert_eq!(answer.code(), "origin_refused");
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_listed_origin_gets_its_preflight_and_its_answers() {
    let world = World::with(Setup { origins: vec!["https://shop.example"], ..Setup::default() });
    let call =
        world.call("OPTIONS", "/v1/users/17/channels/2").header("origin", "https://shop.example");
    let call = call.header("access-control-request-method", "GET");
    let answer = call.header("access-control-request-headers", "authorization").send().await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "https://shop.example");
    assert!(answer.header("access-control-allow-headers").contains("authorization"));
    assert!(answer.header("access-control-allow-methods").contains("GET"));
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    let call = world.call("GET", "/v1/users/17/channels/2").bearer(ROOT);
    let answer = call.header("origin", "https://shop.example").send().await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://shop.example");
    assert!(answer.header("access-control-expose-headers").contains("magpie-channel-version"));
    for near in [
        "https://shop.example.evil.com",
        "http://shop.example",
        "https://shop.example:8443",
        "null",
    ] {
        let call = world.call("GET", "/v1/info").header("origin", near);
        assert_eq!(call.send().await.header("access-control-allow-origin"), "", "{near}");
    }
}

#[tokio::test]
async fn the_page_of_this_server_needs_no_entry() {
    let world = World::new();
    let call = world.call("GET", "/v1/info").header("origin", "http://127.0.0.1:8080");
    let answer = call.header("host", "127.0.0.1:8080").send().await;
    assert_eq!(answer.header("access-control-allow-origin"), "http://127.0.0.1:8080");
}

#[tokio::test]
async fn options_that_is_no_preflight_is_an_ordinary_wrong_method() {
    let world = World::new();
    assert_eq!(world.call("OPTIONS", "/v1/info").send().await.code(), "method_not_allowed");
}
