//! The cheapest native client: a hand-written handshake, frames masked with a zero key, a scanner
//! in place of a JSON parser. It must cost less than what it measures.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::Fallible;

/// Opens a socket, signs in and waits for the end of the resume.
pub(crate) async fn sign_in(server: SocketAddr, token: &str) -> Fallible<TcpStream> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let hello = format!(r#"{{"t":"hello","token":"{token}","device":"d"}}"#);
    let mut bytes = format!(
        "GET /v1/ws HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: magpie.v1\r\n\r\n"
    )
    .into_bytes();
    push_frame(&mut bytes, hello.as_bytes());
    stream.write_all(&bytes).await?;
    let mut seen = Vec::new();
    while !contains(&seen, br#""cur":""#) {
        if stream.read_buf(&mut seen).await? == 0 {
            return Err(format!("closed: {}", String::from_utf8_lossy(&seen)).into());
        }
    }
    Ok(stream)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Appends a text frame. A mask of zeros is a mask.
pub(crate) fn push_frame(out: &mut Vec<u8>, payload: &[u8]) {
    out.push(0x81);
    match u16::try_from(payload.len()) {
        Ok(length) if length < 126 => out.push(0x80 | length.to_le_bytes()[0]),
        Ok(length) => {
            out.push(0x80 | 126);
            out.extend(length.to_be_bytes());
        }
        Err(_) => {
            out.push(0x80 | 127);
            out.extend((payload.len() as u64).to_be_bytes());
        }
    }
    out.extend([0; 4]);
    out.extend_from_slice(payload);
}

/// Calls `take` with the payload of each whole frame and removes them from the buffer.
pub(crate) fn take_frames(buffer: &mut Vec<u8>, mut take: impl FnMut(&[u8])) {
    let mut at = 0;
    while let Some((start, end)) = frame_at(&buffer[at..]) {
        take(&buffer[at + start..at + end]);
        at += end;
    }
    buffer.drain(..at);
}

/// Where the payload of the first frame begins and ends, if it is all there.
fn frame_at(bytes: &[u8]) -> Option<(usize, usize)> {
    let (start, length) = match *bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(length).ok()?)
        }
        length => (2, usize::from(length)),
    };
    let end = start + length;
    (bytes.len() >= end).then_some((start, end))
}

/// The text behind `key` up to the next quote.
pub(crate) fn text_after<'a>(payload: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let start = payload.windows(key.len()).position(|window| window == key)? + key.len();
    let rest = &payload[start..];
    Some(&rest[..rest.iter().position(|byte| *byte == b'"')?])
}
