//! `POST /v1/media`

use serde_json::{Value, json};

use crate::world::{Answer, Setup, World};

async fn create(world: &World, body: &Value) -> Answer {
    let call = world.call("POST", "/v1/media").bearer(&world.token("小明"));
    call.body(&body.to_string()).send().await
}

#[tokio::test]
async fn an_announced_file_gets_addresses_that_say_until_when() {
    let world = World::new();
    let made = world.announce("小明", "cat.jpg", "message", 12_345).await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    for (field, last) in [("upload", "content"), ("complete", "complete")] {
        let address = made[field].as_str().unwrap();
        assert!(address.starts_with(&format!("/v1/media/{id}/{last}?exp=")), "{address}");
    }
    assert_eq!(made["chunk_bytes"], 1_048_576);
    assert_eq!(made["expires"], crate::world::NOW_MS + 86_400_000);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_the_field() {
    let world = World::new();
    let cases = [
        (json!({"name": "a", "size": 0, "use": "message"}), "bad_request", "size"),
        (json!({"name": "a", "size": -1, "use": "message"}), "bad_request", "-1"),
        (json!({"name": "a", "size": u64::MAX, "use": "message"}), "bad_request", "2^53"),
        (json!({"name": "a", "size": 104_857_600, "use": "message"}), "too_large", "52428800"),
        (json!({"name": "a", "size": 1, "use": "virus"}), "bad_request", "virus"),
        (json!({"name": "a".repeat(4_097), "size": 1, "use": "message"}), "bad_request", "name"),
        (json!({"name": "a", "size": 1, "use": "message", "ms": 86_400_001}), "bad_request", "ms"),
        (json!({"name": "a", "size": 1, "use": "message", "wave": [101]}), "bad_request", "wave"),
        (json!({"name": "a", "size": 1, "use": "message", "wave": [300]}), "bad_request", "300"),
        (json!({"name": "a", "size": 1, "use": "message", "poster": "x"}), "unknown_media", ""),
        (json!({"name": "a", "size": 1, "use": "avatar", "path": "/"}), "bad_request", "path"),
    ];
    for (body, code, word) in cases {
        let answer = create(&world, &body).await;
        assert_eq!(answer.code(), code, "{body}: {}", answer.text);
        assert!(answer.message().contains(word), "{}", answer.text);
    }
}

#[tokio::test]
async fn quotas_are_told_apart() {
    let world = World::with(Setup {
        media: Some(|settings| {
            settings.user_quota_bytes = 1_000;
            settings.unfinished_per_user = 2;
        }),
        ..Setup::default()
    });
    let file = |size: u64| json!({"name": "a", "size": size, "use": "message"});
    let answer = create(&world, &file(1_001)).await;
    assert_eq!((answer.status, answer.code()), (413, "quota_exceeded"));
    // What helps: nothing else deletes a finished file.
    assert!(answer.message().contains("recall messages"), "{}", answer.text);
    for _ in 0..2 {
        create(&world, &file(100)).await.ok();
    }
    let answer = create(&world, &file(100)).await;
    assert_eq!((answer.status, answer.code()), (429, "rate_limited"));
}

#[tokio::test]
async fn a_server_without_uploads_says_so_everywhere() {
    let world = World::with(Setup { no_media: true, ..Setup::default() });
    let answer = create(&world, &json!({"name": "a", "size": 1, "use": "message"})).await;
    assert_eq!(answer.code(), "not_found");
    assert!(answer.message().contains("media.enabled"), "{}", answer.text);
    let id = "0".repeat(32);
    for path in [format!("/v1/media/{id}/file?exp=1&sig=x"), format!("/v1/avatars/{id}")] {
        let answer = world.call("GET", &path).send().await;
        assert!(answer.message().contains("media.enabled"), "{}", answer.text);
    }
}
