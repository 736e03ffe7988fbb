//! `POST /v1/media/{id}/content`

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::body::{Body, Bytes};
use futures_util::stream;

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

/// Sends the beginning of a form and then more and more of something; says how many bytes of that
/// were read until the answer came.
async fn endless(world: &World, upload: &str, begin: &str, more: &str) -> (Answer, usize) {
    const PIECES: usize = 1_000;
    let more = Bytes::from(more.repeat(8_192 / more.len()));
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    let first = stream::iter([Bytes::from(begin.to_owned())]);
    let pieces = (0..PIECES).map(move |_| {
        count.fetch_add(more.len(), Ordering::Relaxed);
        more.clone()
    });
    let all = futures_util::StreamExt::chain(first, stream::iter(pieces));
    let body = Body::from_stream(futures_util::StreamExt::map(all, Ok::<_, Infallible>));
    let call = world.call("POST", upload).header("content-type", BOUNDARY);
    let answer = call.stream_body(body).send().await;
    (answer, taken.load(Ordering::Relaxed))
}

#[tokio::test]
async fn what_stands_before_the_file_is_read_up_to_64_kib_and_no_further() {
    let world = World::new();
    let made = world.announce("小明", "a.txt", "message", 5).await;
    let upload = made["upload"].as_str().unwrap();
    world.put(upload, 0, b"old").await.ok();
    let field = "--x\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n";
    let head = "--x\r\nContent-Disposition: form-data; name=\"";
    for (begin, more) in [
        ("", "no boundary"),
        (field, "a long field "),
        (head, "a long name"),
        ("--x\r\n", "a: b\r\n"),
        ("--x", " "),
        ("", "--x\r\nContent-Disposition: form-data; name=n\r\n\r\nx\r\n"),
    ] {
        let (answer, read) = endless(&world, upload, begin, more).await;
        assert!(matches!(answer.code(), "too_large" | "bad_request"), "{more:?}: {}", answer.text);
        assert!(read <= 80 * 1_024, "{read} bytes of {more:?} were read");
    }
    let stand = world.call("HEAD", upload).send().await;
    assert_eq!(stand.header("upload-offset"), "3", "what was there stays");
    // A form may be so large.
    let before = part("name=\"n\"", &"x".repeat(60_000));
    let form = before + &part("name=\"file\"; filename=\"a\"", "hello") + "--x--\r\n";
    assert_eq!(post(&world, upload, BOUNDARY, form.as_bytes()).await.status, 204);
}

#[tokio::test]
async fn a_file_is_read_as_far_as_it_was_announced() {
    let world = World::new();
    let made = world.announce("小明", "a.txt", "message", 200_000).await;
    let upload = made["upload"].as_str().unwrap();
    let head = "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n";
    let (answer, read) = endless(&world, upload, head, "too much").await;
    assert_eq!(answer.code(), "too_large", "{}", answer.text);
    assert!(read <= 200_000 + 80 * 1_024, "{read} bytes were read");
    // In one piece with what stands before it, and larger than that may be.
    let form = part("name=\"n\"", "x")
        + &part("name=\"f\"; filename=\"a\"", &"y".repeat(200_000))
        + "--x--\r\n";
    let answer = post(&world, upload, BOUNDARY, form.as_bytes()).await;
    assert_eq!((answer.status, answer.header("upload-offset")), (204, "200000"));
    let done = world.call("POST", made["complete"].as_str().unwrap()).send().await.ok();
    assert_eq!(done["media"]["size"], 200_000);
    // What follows the file is not read.
    let made = world.announce("小明", "a.txt", "message", 5).await;
    let form = head.to_owned() + "hello\r\n--x\r\n";
    let (answer, read) = endless(&world, made["upload"].as_str().unwrap(), &form, "more").await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    assert!(read <= 144 * 1_024, "{read} bytes were read");
}
