//! `POST /v1/media/{id}/content`

use crate::world::{Answer, World, uploads::BOUNDARY};

async fn post(world: &World, upload: &str, kind: &str, form: &[u8]) -> Answer {
    world.call("POST", upload).header("content-type", kind).raw_body(form.to_vec()).send().await
}

fn part(head: &str, content: &str) -> String {
    format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
}

#[tokio::test]
async fn a_form_brings_the_whole_file_whatever_was_there_before() {
    let world = World::new();
    let made = world.announce("小明", "a.txt", "message", 5).await;
    let upload = made["upload"].as_str().unwrap();
    world.put(upload, 0, b"old").await.ok();
    let file = part("name=\"file\"; filename=\"../x\"", "hello");
    let form = format!("{}{file}--x--\r\n", part("name=\"user\"", "小明"));
    let answer = post(&world, upload, BOUNDARY, form.as_bytes()).await;
    assert_eq!((answer.status, answer.header("upload-offset")), (204, "5"));
    let done = world.call("POST", made["complete"].as_str().unwrap()).send().await.ok();
    // The form's name does not count.
    assert_eq!(done["media"]["name"], "a.txt");
}

#[tokio::test]
async fn a_form_that_does_not_hold_the_file_is_refused() {
    let world = World::new();
    let made = world.announce("小明", "a.txt", "message", 5).await;
    let upload = made["upload"].as_str().unwrap();
    let file = |content: &str| part("name=\"file\"; filename=\"a\"", content);
    let cases = [
        (BOUNDARY, "--x--\r\n".to_owned(), "bad_request"),
        (BOUNDARY, part("name=\"file\"", "hello") + "--x--\r\n", "bad_request"),
        (BOUNDARY, file("hell") + "--x--\r\n", "bad_request"),
        (BOUNDARY, file("hello!") + "--x--\r\n", "too_large"),
        (BOUNDARY, file("hello"), "bad_request"),
        (BOUNDARY, "no form at all".to_owned(), "bad_request"),
        (BOUNDARY, part("name=\"n\"", "x").repeat(50) + &file("hello"), "bad_request"),
        ("text/plain", file("hello"), "unsupported_media_type"),
        ("multipart/form-data", file("hello"), "unsupported_media_type"),
    ];
    for (kind, form, code) in cases {
        let answer = post(&world, upload, kind, form.as_bytes()).await;
        assert_eq!(answer.code(), code, "{kind} {form}: {}", answer.text);
    }
    let form = file("hello") + "--x--\r\n";
    assert_eq!(post(&world, upload, BOUNDARY, form.as_bytes()).await.status, 204);
}
