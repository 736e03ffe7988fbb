//! `PUT /v1/media/{id}/content`

use crate::world::{Setup, World};

#[tokio::test]
async fn pieces_are_kept_in_their_order_and_a_wrong_place_is_told_the_right_one() {
    let world = World::new();
    let made = world.announce("小明", "a.txt", "message", 10).await;
    let upload = made["upload"].as_str().unwrap();
    assert_eq!(world.put(upload, 0, b"0123").await.header("upload-offset"), "4");
    for offset in [0, 3, 5] {
        let answer = world.put(upload, offset, b"45").await;
        assert_eq!((answer.code(), answer.header("upload-offset")), ("upload_offset", "4"));
        assert_eq!(answer.json["error"]["retry"], "later");
    }
    let answer = world.put(upload, 4, b"456789x").await;
    assert_eq!((answer.code(), answer.header("upload-offset")), ("too_large", "4"));
    assert_eq!(world.put(upload, 4, b"456789").await.header("upload-offset"), "10");
    let done = world.call("POST", made["complete"].as_str().unwrap()).send().await.ok();
    assert_eq!(
        (&done["media"]["size"], &done["media"]["type"]),
        (&10.into(), &"text/plain".into())
    );
}

#[tokio::test]
async fn a_piece_has_its_place_and_its_size() {
    let world =
        World::with(Setup { media: Some(|settings| settings.chunk_bytes = 4), ..Setup::default() });
    let made = world.announce("小明", "a.txt", "message", 10).await;
    let upload = made["upload"].as_str().unwrap();
    assert_eq!(made["chunk_bytes"], 4);
    assert_eq!(world.put(upload, 0, b"01234").await.code(), "too_large");
    let declared = world.call("PUT", upload).header("upload-offset", "0");
    let answer = declared.header("content-length", "104857600").raw_body(b"0".to_vec());
    assert_eq!(answer.send().await.code(), "too_large");
    for offset in ["", "-1", "x", "99999999999999999999999"] {
        let call = world.call("PUT", upload).header("upload-offset", offset);
        assert_eq!(call.raw_body(b"0".to_vec()).send().await.code(), "bad_request", "{offset}");
    }
    let without = world.call("PUT", upload).raw_body(b"0".to_vec()).send().await;
    assert!(without.message().contains("Upload-Offset"), "{}", without.text);
}
