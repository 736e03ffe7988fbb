//! `HEAD /v1/media/{id}/content`

use crate::world::World;

#[tokio::test]
async fn an_upload_says_where_it_stands_to_those_who_hold_its_address() {
    let world = World::new();
    let made = world.announce("小明", "a.txt", "message", 10).await;
    let upload = made["upload"].as_str().unwrap();
    world.put(upload, 0, b"0123").await.ok();
    let answer = world.call("HEAD", upload).send().await;
    assert_eq!(answer.status, 200);
    assert_eq!((answer.header("upload-offset"), answer.header("upload-length")), ("4", "10"));
    let bare = upload.split('?').next().unwrap();
    for wrong in [bare.to_owned(), format!("{upload}x"), format!("{upload}&exp=1")] {
        assert_eq!(world.call("HEAD", &wrong).send().await.status, 401, "{wrong}");
        assert_eq!(world.put(&wrong, 4, b"4").await.code(), "unauthorized", "{wrong}");
    }
    world.clock.advance_ms(86_400_000);
    assert_eq!(world.put(upload, 4, b"4").await.code(), "token_expired");
}
