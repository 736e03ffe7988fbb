//! Uploads and downloads as a client makes them, over plain HTTP.

use magpie_client::Body;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{TestServer, http, within};

/// An answer with a body that is no text.
pub struct Raw {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Raw {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value.trim())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

pub async fn raw(
    server: &TestServer,
    method: &str,
    path: &str,
    lines: &[&str],
    body: &[u8],
) -> Raw {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    lines.iter().for_each(|line| head.push_str(&format!("{line}\r\n")));
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // A refusal may come before the whole body is written.
    let _ = stream.write_all(body).await;
    let mut bytes = Vec::new();
    within("an answer", stream.read_to_end(&mut bytes)).await.unwrap();
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Raw { status, head, body: bytes[end + 4..].to_vec() }
}

pub async fn as_user(server: &TestServer, user: &str, path: &str, body: Value) -> http::Answer {
    let token = format!("Authorization: Bearer {}", server.token(user).await);
    http::request(server.address, "POST", path, &[token], Some(&body)).await
}

pub async fn announce(server: &TestServer, user: &str, name: &str, size: usize) -> Value {
    let body = json!({"name": name, "size": size, "use": "message"});
    as_user(server, user, "/v1/media", body).await.ok()
}

pub async fn put(server: &TestServer, upload: &Value, offset: usize, bytes: &[u8]) -> Raw {
    let line = format!("Upload-Offset: {offset}");
    raw(server, "PUT", upload["upload"].as_str().unwrap(), &[&line], bytes).await
}

pub async fn complete(server: &TestServer, upload: &Value) -> Raw {
    raw(server, "POST", upload["complete"].as_str().unwrap(), &[], &[]).await
}

pub async fn upload(server: &TestServer, user: &str, name: &str, bytes: &[u8]) -> Value {
    let made = announce(server, user, name, bytes.len()).await;
    assert_eq!(put(server, &made, 0, bytes).await.status, 204);
    let done = complete(server, &made).await;
    assert_eq!(done.status, 200, "{:?}", done.json());
    done.json()["media"].clone()
}

pub async fn link(server: &TestServer, user: &str, media: &Value) -> Option<String> {
    let answer = as_user(server, user, "/v1/media/links", json!({"ids": [media["id"]]})).await.ok();
    answer["links"][0]["url"].as_str().map(str::to_owned)
}

/// A message that carries an upload.
pub fn file_body(media: &Value) -> Body {
    let more = [("media".to_owned(), media.clone())].into_iter().collect();
    Body { k: "file".to_owned(), x: "[文件]".to_owned(), more }
}

pub fn noise(len: usize) -> Vec<u8> {
    (0..len).map(|n| u8::try_from((n * 31 + n / 251) % 251).unwrap()).collect()
}
