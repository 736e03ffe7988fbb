//! A raw client: builds any frame, right or wrong, writes it cut as a case wants, and reads
//! everything the server says until the end of the stream.

use std::fmt;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const CONTINUATION: u8 = 0x00;
pub(crate) const TEXT: u8 = 0x01;
pub(crate) const BINARY: u8 = 0x02;
pub(crate) const CLOSE: u8 = 0x08;
pub(crate) const PING: u8 = 0x09;
pub(crate) const PONG: u8 = 0x0a;
/// The last or only fragment.
pub(crate) const FIN: u8 = 0x80;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Which echo server a case talks to.
#[derive(Clone, Copy)]
pub(crate) enum Server {
    /// Wide limits, messages up to 64 MiB.
    Wide,
    /// `limits::STRICT`.
    Strict,
}

/// How the bytes of a case are cut into writes.
#[derive(Clone, Copy)]
pub(crate) enum Cut {
    Whole,
    Every(usize),
    /// In the same write as the handshake.
    WithHandshake,
    /// So many bytes in the same write as the handshake, the others after its answer.
    PartlyWithHandshake(usize),
}

pub(crate) struct Case {
    pub(crate) group: &'static str,
    pub(crate) name: String,
    pub(crate) server: Server,
    pub(crate) cut: Cut,
    pub(crate) send: Vec<u8>,
    pub(crate) expect: Vec<Reply>,
}

impl Case {
    /// Sends frames that keep every rule; the client closes at the end.
    pub(crate) fn fine(
        group: &'static str,
        name: impl Into<String>,
        mut send: Vec<u8>,
        mut expect: Vec<Reply>,
    ) -> Self {
        send.extend(close_frame(1000, b""));
        expect.push(Reply::Close(Some(1000)));
        Self::exact(group, name, send, expect)
    }

    /// Sends frames that end the connection themselves.
    pub(crate) fn exact(
        group: &'static str,
        name: impl Into<String>,
        send: Vec<u8>,
        expect: Vec<Reply>,
    ) -> Self {
        Self { group, name: name.into(), server: Server::Wide, cut: Cut::Whole, send, expect }
    }

    /// Sends frames that break a rule; the server closes with `code`.
    pub(crate) fn refused(
        group: &'static str,
        name: impl Into<String>,
        send: Vec<u8>,
        code: u16,
    ) -> Self {
        Self::exact(group, name, send, vec![Reply::Close(Some(code))])
    }

    pub(crate) fn cut(self, cut: Cut) -> Self {
        Self { cut, ..self }
    }

    pub(crate) fn on(self, server: Server) -> Self {
        Self { server, ..self }
    }
}

/// What a server said.
#[derive(PartialEq, Eq, Clone)]
pub(crate) enum Reply {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>),
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, payload) = match self {
            Self::Text(payload) => ("text", payload),
            Self::Binary(payload) => ("binary", payload),
            Self::Pong(payload) => ("pong", payload),
            Self::Close(code) => return write!(f, "close {code:?}"),
        };
        let shown = &payload[..payload.len().min(24)];
        write!(f, "{kind} of {}: {:?}", payload.len(), shown.escape_ascii().to_string())
    }
}

pub(crate) fn text(payload: impl Into<Vec<u8>>) -> Reply {
    Reply::Text(payload.into())
}

pub(crate) fn binary(payload: impl Into<Vec<u8>>) -> Reply {
    Reply::Binary(payload.into())
}

pub(crate) fn pong(payload: impl Into<Vec<u8>>) -> Reply {
    Reply::Pong(payload.into())
}

/// A frame as a good client writes it.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    frame_with_mask(first, MASK, payload)
}

/// A frame with a mask of the caller's choice.
pub(crate) fn frame_with_mask(first: u8, mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    if payload.len() < 126 {
        bytes.push(0x80 + u8::try_from(payload.len()).expect("checked"));
    } else if let Ok(len) = u16::try_from(payload.len()) {
        bytes.push(0x80 + 126);
        bytes.extend(len.to_be_bytes());
    } else {
        bytes.push(0x80 + 127);
        bytes.extend((payload.len() as u64).to_be_bytes());
    }
    push_masked(&mut bytes, mask, payload);
    bytes
}

/// A frame whose length is written as the caller says, right or wrong: `form` is 126 or 127.
pub(crate) fn frame_with_length(first: u8, form: u8, declared: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first, 0x80 + form];
    let declared = declared.to_be_bytes();
    bytes.extend(if form == 126 { &declared[6..] } else { &declared[..] });
    push_masked(&mut bytes, MASK, payload);
    bytes
}

/// A frame without a mask, as only a server may write it.
pub(crate) fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let len = u8::try_from(payload.len()).expect("short");
    [&[first, len], payload].concat()
}

pub(crate) fn close_frame(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

fn push_masked(bytes: &mut Vec<u8>, mask: [u8; 4], payload: &[u8]) {
    bytes.extend(mask);
    if mask == [0; 4] {
        bytes.extend(payload);
    } else {
        bytes.extend(payload.iter().enumerate().map(|(index, byte)| byte ^ mask[index % 4]));
    }
}

/// Plays one case and compares everything the server said.
pub(crate) async fn run(address: SocketAddr, case: &Case) -> Result<(), String> {
    let said = converse(address, case).await.map_err(|error| format!("socket: {error}"))?;
    let replies = parse(&said)?;
    if replies == case.expect {
        Ok(())
    } else {
        Err(format!("expected {:?}, got {replies:?}", case.expect))
    }
}

async fn converse(address: SocketAddr, case: &Case) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let early = match case.cut {
        Cut::WithHandshake => case.send.len(),
        Cut::PartlyWithHandshake(count) => count,
        Cut::Whole | Cut::Every(_) => 0,
    };
    let (early, later) = case.send.split_at(early);
    stream.write_all(&[REQUEST, early].concat()).await?;
    skip_answer(&mut stream).await?;
    let (mut reading, mut writing) = stream.split();
    let write = async {
        let size = if let Cut::Every(size) = case.cut { size } else { later.len().max(1) };
        for piece in later.chunks(size) {
            writing.write_all(piece).await?;
        }
        writing.shutdown().await
    };
    let mut said = Vec::new();
    // A reset instead of an end makes this fail, and so the case.
    let (written, read) = tokio::join!(write, reading.read_to_end(&mut said));
    written?;
    read?;
    Ok(said)
}

/// Reads the head of the answer to the handshake, and not a byte more.
async fn skip_answer(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    if head.starts_with(b"HTTP/1.1 101 ") {
        return Ok(());
    }
    Err(std::io::Error::other(String::from_utf8_lossy(&head).into_owned()))
}

/// Reads frames as strictly as RFC 6455 asks of a client.
fn parse(mut bytes: &[u8]) -> Result<Vec<Reply>, String> {
    let mut replies = Vec::new();
    while !bytes.is_empty() {
        let cut = || format!("the stream ends inside a frame after {replies:?}");
        let [first, second, rest @ ..] = bytes else { return Err(cut()) };
        let (len, rest) = match second {
            len @ 0..=125 => (u64::from(*len), rest),
            126 => {
                let (len, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
                (u64::from(u16::from_be_bytes(*len)), rest)
            }
            127 => {
                let (len, rest) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
                (u64::from_be_bytes(*len), rest)
            }
            _ => return Err("the server masked a frame".to_owned()),
        };
        let shortest = match len {
            0..=125 => *second <= 125,
            126..=0xffff => *second == 126,
            _ => *second == 127,
        };
        if !shortest {
            return Err(format!("length {len} in form {second}"));
        }
        let len = usize::try_from(len).map_err(|error| error.to_string())?;
        let (payload, rest) = rest.split_at_checked(len).ok_or_else(cut)?;
        if replies.iter().any(|reply| matches!(reply, Reply::Close(_))) {
            return Err("a frame after the close".to_owned());
        }
        replies.push(reply(*first, payload)?);
        bytes = rest;
    }
    Ok(replies)
}

fn reply(first: u8, payload: &[u8]) -> Result<Reply, String> {
    match first {
        0x81 => Ok(Reply::Text(payload.to_vec())),
        0x82 => Ok(Reply::Binary(payload.to_vec())),
        0x8a if payload.len() <= 125 => Ok(Reply::Pong(payload.to_vec())),
        0x88 if payload.is_empty() => Ok(Reply::Close(None)),
        0x88 if payload.len() <= 125 => {
            let (code, reason) = payload.split_first_chunk::<2>().ok_or("a close of one byte")?;
            std::str::from_utf8(reason).map_err(|error| error.to_string())?;
            Ok(Reply::Close(Some(u16::from_be_bytes(*code))))
        }
        _ => Err(format!("a frame that begins with {first:#x} and has {} bytes", payload.len())),
    }
}
