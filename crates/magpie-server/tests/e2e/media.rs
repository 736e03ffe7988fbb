//! Files: resumed after a crash, read to the byte by those they were sent to, refused without
//! cost, erased from the disk.

use std::path::PathBuf;

use magpie_client::Target;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::common::{
    ServerBuilder, TestServer, body,
    files::{announce, as_user, complete, file_body, link, noise, put, raw, upload},
    within,
};

/// The file of an upload in the server's directory.
fn file(server: &TestServer, media: &Value) -> PathBuf {
    let id = media["id"].as_str().unwrap();
    server.folder.path().join("data/media").join(&id[..2]).join(id)
}

#[tokio::test]
async fn an_upload_goes_on_after_the_server_was_killed_in_the_middle_of_it() {
    let mut server = TestServer::start();
    let bytes = noise(700_000);
    let made = announce(&server, "小明", "clip.bin", bytes.len()).await;
    let answer = put(&server, &made, 0, &bytes[..300_000]).await;
    assert_eq!(answer.header("upload-offset"), Some("300000"));
    // A second piece is on its way when the server is killed.
    let mut half = TcpStream::connect(server.address).await.unwrap();
    let path = made["upload"].as_str().unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: x\r\nUpload-Offset: 300000\r\nContent-Length: 400000\r\n\r\n"
    );
    half.write_all(head.as_bytes()).await.unwrap();
    half.write_all(&bytes[300_000..500_000]).await.unwrap();
    server.kill();
    server.restart();
    let stand = raw(&server, "HEAD", path, &[], &[]).await;
    let offset: usize = stand.header("upload-offset").unwrap().parse().unwrap();
    // Nothing that was acknowledged is lost; what was not may be there.
    assert!((300_000..=500_000).contains(&offset), "{offset}");
    assert_eq!(put(&server, &made, offset, &bytes[offset..]).await.status, 204);
    let done = complete(&server, &made).await;
    assert_eq!(done.status, 200, "{:?}", done.json());
    let url = link(&server, "小明", &done.json()["media"]).await.unwrap();
    assert!(raw(&server, "GET", &url, &[], &[]).await.body == bytes);
}

#[tokio::test]
async fn a_file_is_read_by_those_it_was_sent_to_in_ranges() {
    let server = TestServer::start();
    let bytes = noise(400_000);
    let media = upload(&server, "小明", "a.bin", &bytes).await;
    assert_eq!(link(&server, "翠花", &media).await, None);
    let xm = server.user("小明").await;
    xm.client.send(Target::User("翠花"), &file_body(&media), None).await.unwrap();
    let url = link(&server, "翠花", &media).await.unwrap();
    for (from, to) in [(0, 0), (1, 131_073), (399_999, 399_999), (0, 399_999)] {
        let range = format!("Range: bytes={from}-{to}");
        let answer = raw(&server, "GET", &url, &[&range], &[]).await;
        assert_eq!(answer.status, 206);
        assert!(answer.body == bytes[from..=to], "{from}-{to}");
    }
    let bare = url.split('?').next().unwrap();
    assert_eq!(raw(&server, "GET", bare, &[], &[]).await.status, 401);
}

#[tokio::test]
async fn a_stranger_gets_at_a_file_neither_by_its_id_nor_by_a_message_of_his_own_that_names_it() {
    let server = TestServer::start();
    let media = upload(&server, "小明", "a.bin", &noise(1_000)).await;
    let xm = server.user("小明").await;
    let mut ch = server.user("翠花").await;
    xm.client.send(Target::User("翠花"), &file_body(&media), None).await.unwrap();
    assert_eq!(ch.message().await.b.more["media"], media);
    let stranger = server.user("stranger").await;
    assert_eq!(link(&server, "stranger", &media).await, None);
    // He knows all that is told about it, and sends that to others as his.
    for to in ["翠花", "小明", "friend"] {
        let sent = stranger.client.send(Target::User(to), &file_body(&media), None).await;
        assert_eq!(sent.unwrap_err().code(), Some("unknown_media"), "to {to}");
    }
    assert_eq!(link(&server, "stranger", &media).await, None);
    // It is the file that is refused: a text comes, and his own file.
    let own = upload(&server, "stranger", "b.bin", &noise(900)).await;
    stranger.client.send(Target::User("翠花"), &body("hello"), None).await.unwrap();
    stranger.client.send(Target::User("翠花"), &file_body(&own), None).await.unwrap();
    assert_eq!(ch.message().await.b.x, "hello");
    assert_eq!(ch.message().await.b.more["media"], own);
    assert!(link(&server, "翠花", &own).await.is_some());
    assert!(link(&server, "小明", &own).await.is_none());
}

#[tokio::test]
async fn what_no_message_holds_is_erased_from_the_disk() {
    let server = TestServer::with(&[("media.orphan_after_s", "1")]);
    let media = upload(&server, "小明", "a.bin", &noise(1_000)).await;
    assert!(file(&server, &media).is_file());
    erased(&server, &media).await;
    assert_eq!(link(&server, "小明", &media).await, None);
}

/// Waits until the server says that it erased its only file, which is then gone from the disk.
async fn erased(server: &TestServer, media: &Value) {
    let told = async {
        loop {
            let metrics = server.call("GET", "/metrics", None).await.text;
            if metrics.lines().any(|line| line == "magpie_media_erased_total 1") {
                break;
            }
        }
    };
    within("the erasing of the file", told).await;
    assert!(!file(server, media).exists());
}

#[tokio::test]
async fn a_recalled_message_takes_its_file_along_for_everybody() {
    let server = TestServer::start();
    let media = upload(&server, "小明", "a.bin", &noise(1_000)).await;
    let body = json!({"from": "小明", "to": "翠花",
        "body": {"k": "file", "x": "[文件]", "media": media}});
    let sent = server.api("POST", "/v1/messages", body).await;
    let url = link(&server, "翠花", &media).await.unwrap();
    assert_eq!(raw(&server, "GET", &url, &[], &[]).await.status, 200);
    let c = sent["conversation"].as_str().unwrap();
    let recall = format!("/v1/conversations/{c}/messages/{}", sent["seq"]);
    assert_eq!(server.call("DELETE", &recall, None).await.status, 204);
    erased(&server, &media).await;
    assert_eq!(raw(&server, "GET", &url, &[], &[]).await.status, 404);
    assert_eq!(link(&server, "翠花", &media).await, None);
}

/// The server's highest use of memory so far, in KiB.
fn peak_kib(server: &TestServer) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

fn png_bomb() -> Vec<u8> {
    let chunk = |name: &[u8], body: &[u8]| {
        let named = [name, body].concat();
        let len = u32::try_from(body.len()).unwrap().to_be_bytes();
        [len.as_slice(), &named, &crc(&named).to_be_bytes()].concat()
    };
    let side = 50_000_u32.to_be_bytes();
    let head = chunk(b"IHDR", &[side.as_slice(), &side, &[8, 6, 0, 0, 0]].concat());
    let parts =
        [b"\x89PNG\r\n\x1a\n".to_vec(), head, chunk(b"IDAT", &[0; 64]), chunk(b"IEND", &[])];
    parts.concat()
}

#[tokio::test]
async fn a_picture_of_too_many_pixels_costs_no_memory_and_100_mb_not_a_byte() {
    let server = TestServer::start();
    let bomb = png_bomb();
    upload(&server, "小明", "warm.txt", b"hello").await;
    let before = peak_kib(&server);
    let made = announce(&server, "小明", "b.png", bomb.len()).await;
    put(&server, &made, 0, &bomb).await;
    let done = complete(&server, &made).await;
    assert_eq!((done.status, &done.json()["error"]["code"]), (422, &json!("media_refused")));
    let grown = peak_kib(&server) - before;
    assert!(grown < 32 * 1_024, "{grown} KiB for a picture that was refused");
    let body = json!({"name": "a", "size": 104_857_600, "use": "message"});
    let answer = as_user(&server, "小明", "/v1/media", body).await;
    assert_eq!(answer.json()["error"]["code"], "too_large");
}

#[tokio::test]
async fn a_quota_is_kept_and_a_slow_piece_counts_as_far_as_it_came() {
    let server = ServerBuilder::default()
        .set("media.user_quota_bytes", 5_000)
        .set("limits.body_timeout_ms", 300)
        .start();
    let made = announce(&server, "小明", "a.bin", 3_000).await;
    let body = json!({"name": "b.bin", "size": 2_001, "use": "message"});
    let answer = as_user(&server, "小明", "/v1/media", body).await;
    assert_eq!(answer.json()["error"]["code"], "quota_exceeded");
    // Half a piece, and then silence.
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    let path = made["upload"].as_str().unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: x\r\nUpload-Offset: 0\r\nContent-Length: 3000\r\n\r\n"
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    slow.write_all(&noise(1_200)).await.unwrap();
    let mut told = [0; 12];
    within("the end of a slow piece", slow.read_exact(&mut told)).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 400");
    let stand = raw(&server, "HEAD", path, &[], &[]).await;
    assert_eq!(stand.header("upload-offset"), Some("1200"));
    assert_eq!(put(&server, &made, 1_200, &noise(3_000)[1_200..]).await.status, 204);
}

#[tokio::test]
async fn uploads_that_are_switched_off_are_told_so() {
    let server = TestServer::with(&[("media.enabled", "false")]);
    let body = json!({"name": "a", "size": 1, "use": "message"});
    let answer = as_user(&server, "小明", "/v1/media", body).await;
    assert_eq!(answer.status, 404);
    assert!(answer.text.contains("media.enabled"), "{answer:?}");
    assert!(!server.folder.path().join("data/media").exists());
}
