//! `POST /v1/dialect-links`

use serde_json::json;

use crate::world::{NOW_MS, World};

#[tokio::test]
async fn a_signed_address_is_taken_by_this_server_until_it_expires() {
    let world = World::new();
    let cases = [
        ("market", json!(["A", "B"]), "/wx/A/B", "/wx/A/B"),
        (
            "miao",
            json!(["小明", "翠花"]),
            "/ws/%E5%B0%8F%E6%98%8E/%E7%BF%A0%E8%8A%B1",
            "/ws/小明/翠花",
        ),
        ("miniapp", json!(["A b"]), "/websocket/A%20b", "/websocket/A b"),
        ("carwash", json!(["17", "2"]), "/webSocket/17/2", "/webSocket/17/2"),
        ("helpdesk", json!(["17"]), "/webSocket/17", "/webSocket/17"),
    ];
    for (dialect, path, encoded, decoded) in cases {
        let body = json!({"dialect": dialect, "path": path, "ttl_s": 600});
        let answer = world.json("POST", "/v1/dialect-links", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let link = answer.ok();
        assert_eq!(link["path"], encoded);
        assert_eq!(link["expires"], NOW_MS + 600_000);
        let query = link["query"].as_str().unwrap();
        assert_eq!(link["address"], format!("{encoded}?{query}"));
        let proved = |at_ms| world.auth.verify_path(dialect, decoded, query, at_ms);
        assert_eq!(proved(NOW_MS).unwrap().expires_ms, NOW_MS + 600_000);
        assert!(proved(NOW_MS + 600_000).is_err());
        assert!(world.auth.verify_path(dialect, "/wx/A/C", query, NOW_MS).is_err());
    }
}

#[tokio::test]
async fn an_address_that_could_be_read_two_ways_is_not_signed() {
    let world = World::new();
    for body in [
        json!({"dialect": "miao", "path": ["a/b", "c"]}),
        json!({"dialect": "miao", "path": ["a"]}),
        json!({"dialect": "helpdesk", "path": ["17", "2"]}),
        json!({"dialect": "miao", "path": ["a", ""]}),
        json!({"dialect": "miao", "path": ["a", "b\n"]}),
        json!({"dialect": "miao", "path": ["a", "b"], "ttl_s": 86_401}),
        json!({"dialect": "native", "path": ["a"]}),
    ] {
        let answer = world.json("POST", "/v1/dialect-links", &body).await;
        assert_eq!(answer.code(), "bad_request", "{body}");
    }
}
