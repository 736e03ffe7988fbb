//! `POST /v1/media/{id}/complete`

use serde_json::json;

use crate::world::{World, uploads};

#[tokio::test]
async fn a_picture_is_described_and_asking_again_answers_the_same() {
    let world = World::new();
    let bytes = uploads::png();
    let made = world.announce("小明", "猫/../cat.png", "message", bytes.len()).await;
    world.put(made["upload"].as_str().unwrap(), 0, &bytes).await.ok();
    let complete = made["complete"].as_str().unwrap();
    let done = world.call("POST", complete).send().await.ok();
    let size = done["media"]["size"].clone();
    let wanted = json!({"media": {"id": made["id"], "name": "cat.png", "type": "image/png",
        "size": size, "w": 600, "h": 4, "thumb": true}});
    assert_eq!(done, wanted);
    assert_eq!(world.call("POST", complete).send().await.ok(), done);
}

#[tokio::test]
async fn what_is_not_whole_or_not_what_it_must_be_is_refused() {
    let world = World::new();
    let made = world.announce("小明", "a.txt", "message", 10).await;
    world.put(made["upload"].as_str().unwrap(), 0, b"0123").await.ok();
    let answer = world.call("POST", made["complete"].as_str().unwrap()).send().await;
    assert_eq!((answer.code(), answer.header("upload-offset")), ("upload_offset", "4"));
    let picture = uploads::png();
    let cases: [(&str, &str, &[u8]); 3] = [
        ("cut.png", "message", &picture[..picture.len() / 2]),
        ("page.jpg", "avatar", b"<html><script>alert(1)</script>"),
        ("drawing.svg", "poster", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
    ];
    for (name, usage, bytes) in cases {
        let made = world.announce("小明", name, usage, bytes.len()).await;
        world.put(made["upload"].as_str().unwrap(), 0, bytes).await.ok();
        let complete = made["complete"].as_str().unwrap();
        let answer = world.call("POST", complete).send().await;
        assert_eq!((answer.status, answer.code()), (422, "media_refused"), "{name}");
        assert_eq!(world.call("POST", complete).send().await.code(), "unknown_media", "{name}");
    }
}
