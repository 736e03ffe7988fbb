//! `DELETE /v1/media/{id}/content`

use crate::world::{Setup, World};

#[tokio::test]
async fn an_upload_that_is_given_up_gives_its_room_back() {
    let world = World::with(Setup {
        media: Some(|settings| settings.user_quota_bytes = 1_000),
        ..Setup::default()
    });
    let made = world.announce("小明", "a", "message", 1_000).await;
    let upload = made["upload"].as_str().unwrap();
    world.put(upload, 0, &[1; 500]).await.ok();
    assert_eq!(world.call("DELETE", upload).send().await.status, 204);
    assert_eq!(world.call("DELETE", upload).send().await.code(), "unknown_media");
    assert_eq!(world.put(upload, 500, &[1; 500]).await.code(), "unknown_media");
    world.announce("小明", "a", "message", 1_000).await;
}

#[tokio::test]
async fn a_finished_one_is_not_touched() {
    let world = World::new();
    let made = world.announce("小明", "a.txt", "message", 5).await;
    let upload = made["upload"].as_str().unwrap();
    world.put(upload, 0, b"hello").await.ok();
    world.call("POST", made["complete"].as_str().unwrap()).send().await.ok();
    assert_eq!(world.call("DELETE", upload).send().await.code(), "unknown_media");
    assert_eq!(world.links("小明", &made["id"]).await.as_array().unwrap().len(), 1);
}
