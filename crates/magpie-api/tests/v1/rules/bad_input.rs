//! Bad input, as tables: what came in, which code goes out, and what the text must name.

use serde_json::json;

use super::samples;
use crate::world::{Answer, ROOT, Setup, World};

async fn post(world: &World, path: &str, body: &str) -> Answer {
    world.call("POST", path).bearer(ROOT).body(body).send().await
}

#[tokio::test]
async fn bad_json_is_refused_with_the_place_where_it_goes_wrong() {
    let world = World::new();
    let deep = "[".repeat(33);
    let bottomless = "{\"a\":".repeat(50_000);
    let cases = [
        ("", "bad_json", "EOF"),
        ("{", "bad_json", "line 1 column 1"),
        ("{\"user\":\"a\",}", "bad_json", "trailing comma"),
        ("{\"user\":\"a\"} x", "bad_json", "trailing characters"),
        (deep.as_str(), "bad_json", "deeper than 32"),
        (bottomless.as_str(), "bad_json", "deeper than 32"),
        ("{\"user\":\"\\ud800\"}", "bad_json", "surrogate pair at byte 9"),
        ("{\"user\":1e999}", "bad_json", "number out of range at byte 8"),
        ("[]", "bad_request", "JSON object"),
        ("[\"a\",60]", "bad_request", "JSON object"),
        ("null", "bad_request", "JSON object"),
        ("{}", "bad_request", "missing field `user`"),
        ("{\"user\":17}", "bad_request", "expected a string"),
        ("{\"user\":\"a\",\"ttl\":5}", "bad_request", "unknown field `ttl`"),
        ("{\"user\":\"a\",\"user\":\"b\"}", "bad_request", "duplicate field"),
        ("{\"user\":\"a\",\"ttl_s\":-1}", "bad_request", "ttl_s"),
        ("{\"user\":\"a\",\"ttl_s\":99999999999999999999}", "bad_request", "ttl_s"),
        ("{\"user\":\"a\",\"ttl_s\":0}", "bad_request", "ttl_s"),
        ("{\"user\":\"a\",\"audience\":\"all\"}", "bad_request", "unknown variant"),
        ("{\"user\":\"\"}", "bad_request", "must not be empty"),
        ("{\"user\":\"-1\"}", "bad_request", "reserved"),
        ("{\"user\":\"a\\u0000b\"}", "bad_request", "control characters"),
    ];
    for (body, code, word) in cases {
        let answer = post(&world, "/v1/tokens", body).await;
        let shown: String = body.chars().take(60).collect();
        assert_eq!(answer.code(), code, "{shown}: {}", answer.text);
        // Numbers are named by their place, fields by their name.
        let named = answer.message().contains(word) || answer.message().contains("invalid");
        assert!(named, "{shown}: {}", answer.text);
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_and_types_that_are_no_json_are_refused() {
    let world = World::new();
    let call = world.call("POST", "/v1/tokens").bearer(ROOT);
    let answer = call.body("").raw_body(b"{\"user\":\"\xff\"}".to_vec()).send().await;
    assert_eq!(answer.code(), "bad_json");
    assert!(answer.message().contains("not UTF-8 at byte 9"), "{}", answer.text);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        let call = world.call("POST", "/v1/tokens").bearer(ROOT).header("content-type", kind);
        let answer = call.raw_body(b"{\"user\":\"a\"}".to_vec()).send().await;
        assert_eq!(answer.code(), "unsupported_media_type", "{kind}");
    }
    let call = world.call("POST", "/v1/tokens").bearer(ROOT);
    let call = call.header("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(call.raw_body(b"{\"user\":\"a\"}".to_vec()).send().await.status, 201);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_or_not_it_declares_its_length() {
    let mut setup = Setup::default();
    setup.limits.http_body_bytes = 1_000;
    let world = World::with(setup);
    let big = json!({"user": "a", "name": "x".repeat(1_000)}).to_string();
    assert_eq!(post(&world, "/v1/tokens", &big).await.code(), "too_large");
    let declared = world.call("POST", "/v1/tokens").bearer(ROOT).body("{}");
    let answer = declared.header("content-length", "1099511627776").send().await;
    assert_eq!(answer.code(), "too_large");
    let undeclared = world.call("POST", "/v1/users/17/kick").bearer(ROOT);
    assert_eq!(undeclared.raw_body(vec![b'x'; 2_000]).send().await.code(), "too_large");
}

#[tokio::test]
async fn unknown_paths_and_methods_answer_in_the_same_shape() {
    let world = World::new();
    let unknown = [
        "/v1",
        "/v1/",
        "/v2/users",
        "/v1/user",
        "/v1/users/",
        "/V1/users",
        "/v1/users/17/friends",
        "/docs/nothing.js",
        "/assets/nothing.js",
        "/wp-login.php",
        "/..%2f..%2fetc%2fpasswd",
    ];
    for path in unknown {
        for method in ["GET", "POST"] {
            let answer = world.call(method, path).bearer(ROOT).body("{}").send().await;
            assert!([404, 405].contains(&answer.status), "{method} {path}: {}", answer.text);
        }
        assert_eq!(world.get(path).await.code(), "not_found", "{path}");
    }
    let wrong = [
        ("DELETE", "/v1/users", "GET"),
        ("PATCH", "/v1/users/17", "PUT"),
        ("GET", "/v1/messages", "POST"),
        ("POST", "/v1/presence", "GET"),
        ("PUT", "/", "GET"),
        ("BREW", "/healthz", "GET"),
    ];
    for (method, path, allowed) in wrong {
        let answer = world.call(method, path).bearer(ROOT).send().await;
        assert_eq!(answer.code(), "method_not_allowed", "{method} {path}");
        assert!(
            answer.header("allow").contains(allowed),
            "{method} {path}: {}",
            answer.header("allow")
        );
    }
}

#[tokio::test]
async fn ids_and_queries_that_cannot_be_are_named() {
    let world = World::new();
    let long = "a".repeat(65);
    let cases = [
        ("/v1/users/%00".to_owned(), "bad_request", "control"),
        ("/v1/users//presence".to_owned(), "bad_request", "empty"),
        ("/v1/users/-1".to_owned(), "bad_request", "reserved"),
        (format!("/v1/users/{long}"), "bad_request", "64 bytes"),
        ("/v1/users/%ff".to_owned(), "bad_request", "path"),
        ("/v1/users?limit=0".to_owned(), "bad_request", "limit"),
        ("/v1/users?limit=201".to_owned(), "bad_request", "limit"),
        ("/v1/users?limit=many".to_owned(), "bad_request", "limit"),
        ("/v1/users?limit=-5".to_owned(), "bad_request", "limit"),
        ("/v1/users?page=2".to_owned(), "bad_request", "page"),
        ("/v1/users?after=".to_owned(), "bad_request", "after"),
        ("/v1/presence?after=%0A".to_owned(), "bad_request", "after"),
        ("/v1/users/17/conversations?before=x".to_owned(), "bad_request", "before"),
        ("/v1/users/17/conversations/x".to_owned(), "unknown_conversation", "conversation"),
        (
            "/v1/users/17/conversations/ffffffffffffffff".to_owned(),
            "unknown_conversation",
            "no such",
        ),
        ("/v1/users/nobody/conversations".to_owned(), "unknown_user", "nobody"),
        ("/v1/users/17/channels/%00".to_owned(), "bad_request", "channel"),
        ("/v1/users/17/channels/2?wait_s=31".to_owned(), "bad_request", "wait_s"),
        ("/v1/users/17/channels/2?after=9007199254740992".to_owned(), "bad_request", "2^53"),
    ];
    for (path, code, word) in cases {
        let answer = world.get(&path).await;
        assert_eq!(answer.code(), code, "{path}: {}", answer.text);
        assert!(answer.message().contains(word), "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn every_operation_with_a_body_refuses_the_same_bad_bodies() {
    let world = samples::world().await;
    for sample in samples::all().iter().filter(|sample| sample.body.is_some()) {
        let call = || {
            world.call(&sample.operation.method, &sample.path).bearer(&sample.credential(&world))
        };
        let name = &sample.operation.id;
        assert_eq!(call().body("{").send().await.code(), "bad_json", "{name}");
        assert_eq!(call().body("[7]").send().await.code(), "bad_request", "{name}");
        assert_eq!(call().body("{\"nope\":1}").send().await.code(), "bad_request", "{name}");
        let untyped = call().raw_body(b"{}".to_vec()).send().await;
        assert_eq!(untyped.code(), "unsupported_media_type", "{name}");
        let big = format!("{{\"text\":\"{}\"}}", "x".repeat(1 << 20));
        assert_eq!(call().body(&big).send().await.code(), "too_large", "{name}");
    }
}
