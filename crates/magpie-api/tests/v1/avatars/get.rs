//! `GET /v1/avatars/{id}`

use crate::world::{World, uploads};

#[tokio::test]
async fn a_users_picture_is_for_everyone_and_another_upload_is_not() {
    let world = World::new();
    let made = world.upload("小明", "me.png", "avatar", &uploads::png()).await;
    let path = made["avatar"].as_str().unwrap();
    let answer = world.call("GET", path).send().await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    let tag = answer.header("etag").to_owned();
    assert_eq!(world.call("GET", path).header("if-none-match", &tag).send().await.status, 304);
    let other = world.upload("小明", "cat.png", "message", &uploads::png()).await;
    assert!(other.get("avatar").is_none());
    let path = format!("/v1/avatars/{}", other["media"]["id"].as_str().unwrap());
    assert_eq!(world.call("GET", &path).send().await.code(), "unknown_media");
    for id in ["x", "../../etc/passwd", "%2e%2e", &"0".repeat(32)] {
        let answer = world.call("GET", &format!("/v1/avatars/{id}")).send().await;
        assert_eq!(answer.status, 404, "{id}");
    }
}
