//! Group "handshake": raw requests over TCP and the head of the answer to each.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The request; its line breaks are written as on the wire.
    request: String,
    status: u16,
    /// Lines the head of the answer must have, in any case of letters.
    lines: &'static [&'static str],
    /// Text that must not be in the head.
    absent: &'static str,
}

const GOOD: &[(&str, &str)] = &[
    ("Host", "test"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// A good request with one header changed (or added), or left out when the value is empty.
fn with(name: &str, value: &str) -> String {
    let kept = GOOD.iter().filter(|(other, _)| *other != name);
    let mut request = "GET /v1/ws HTTP/1.1\r\n".to_owned();
    for (name, value) in kept.chain(&[(name, value)]) {
        if !value.is_empty() {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    request + "\r\n"
}

/// A good request whose header names are all small letters.
fn lower_names() -> String {
    let lines = GOOD.iter().map(|(name, value)| format!("{}: {value}\r\n", name.to_lowercase()));
    format!("GET /v1/ws HTTP/1.1\r\n{}\r\n", lines.collect::<String>())
}

fn case(name: &'static str, request: String, status: u16, lines: &'static [&'static str]) -> Case {
    Case { name, request, status, lines, absent: "secret" }
}

pub(crate) fn cases() -> Vec<Case> {
    const ACCEPT: &str = "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    const VERSION: &str = "sec-websocket-version: 13";
    let protocols = "magpie.token.se.cr.et, magpie.v1";
    let good = || with("Origin", "https://shop.example");
    vec![
        case("a good request is upgraded", good(), 101, &[ACCEPT, "upgrade: websocket"]),
        case("the names of headers have no case", lower_names(), 101, &[ACCEPT]),
        case("Connection may be a list", with("Connection", "keep-alive, upgrade"), 101, &[ACCEPT]),
        Case {
            absent: "magpie.token",
            ..case(
                "the subprotocol is chosen, the token is not echoed",
                with("Sec-WebSocket-Protocol", protocols),
                101,
                &["sec-websocket-protocol: magpie.v1"],
            )
        },
        Case {
            absent: "sec-websocket-protocol",
            ..case(
                "an unknown subprotocol is not chosen",
                with("Sec-WebSocket-Protocol", "chat"),
                101,
                &[ACCEPT],
            )
        },
        Case {
            absent: "sec-websocket-extensions",
            ..case(
                "an offered extension is not agreed on",
                with("Sec-WebSocket-Extensions", "permessage-deflate"),
                101,
                &[ACCEPT],
            )
        },
        case("POST", good().replacen("GET", "POST", 1), 405, &["allow: GET"]),
        case("HTTP/1.0", good().replacen("HTTP/1.1", "HTTP/1.0", 1), 505, &[]),
        case("no Upgrade", with("Upgrade", ""), 426, &["upgrade: websocket"]),
        case("another Upgrade", with("Upgrade", "h2c"), 426, &["upgrade: websocket"]),
        case("no Connection", with("Connection", ""), 400, &[]),
        case("another Connection", with("Connection", "keep-alive"), 400, &[]),
        case("no version", with("Sec-WebSocket-Version", ""), 426, &[VERSION]),
        case("version 8", with("Sec-WebSocket-Version", "8"), 426, &[VERSION]),
        case("version 130", with("Sec-WebSocket-Version", "130"), 426, &[VERSION]),
        case("no key", with("Sec-WebSocket-Key", ""), 400, &[]),
        case("a short key", with("Sec-WebSocket-Key", "c2hvcnQ="), 400, &[]),
        case("a key that is not base64", with("Sec-WebSocket-Key", "!!!!"), 400, &[]),
        case("a body", with("Content-Length", "4") + "body", 400, &[]),
        case("no HTTP at all", "hello\r\n\r\n".to_owned(), 400, &[]),
    ]
}

pub(crate) async fn run(address: SocketAddr, case: &Case) -> Result<(), String> {
    let head = answer(address, &case.request).await.map_err(|error| error.to_string())?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != case.status.to_string() {
        return Err(format!("expected {}, got {head:?}", case.status));
    }
    for line in case.lines {
        if !head.lines().any(|other| other.eq_ignore_ascii_case(line)) {
            return Err(format!("no line {line:?} in {head:?}"));
        }
    }
    if head.to_lowercase().contains(case.absent) {
        return Err(format!("{:?} is in {head:?}", case.absent));
    }
    Ok(())
}

async fn answer(address: SocketAddr, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
