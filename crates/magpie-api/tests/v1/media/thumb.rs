//! `GET /v1/media/{id}/thumb`

use crate::world::{World, uploads};

#[tokio::test]
async fn a_wide_picture_has_a_small_one_and_a_text_has_none() {
    let world = World::new();
    let done = world.upload("小明", "cat.png", "message", &uploads::png()).await;
    let link = world.links("小明", &done["media"]["id"]).await[0].clone();
    let thumb = world.call("GET", link["thumb"].as_str().unwrap()).send().await;
    assert_eq!((thumb.status, thumb.header("content-type")), (200, "image/jpeg"));
    assert!(thumb.bytes.starts_with(b"\xff\xd8\xff"));
    let file = world.call("GET", link["url"].as_str().unwrap()).send().await;
    assert_ne!(thumb.header("etag"), file.header("etag"));
    let done = world.upload("小明", "a.txt", "message", b"hello").await;
    assert!(world.links("小明", &done["media"]["id"]).await[0].get("thumb").is_none());
}
