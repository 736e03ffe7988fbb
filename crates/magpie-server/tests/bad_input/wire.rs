//! The attacker's end of a TCP connection: raw bytes, a WebSocket client without scruples, an HTTP
//! answer reader. Blocking, with a deadline on every read, so that a server that hangs is seen.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

/// A server that says nothing for so long has failed.
const PATIENCE: Duration = Duration::from_secs(10);
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// What the server sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Got {
    Text(String),
    Close(u16, String),
    Control(u8),
    End,
}

/// An HTTP answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The code in the one error shape.
    pub(crate) fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// One connection.
pub(crate) struct Wire {
    stream: TcpStream,
    pending: Vec<u8>,
}

impl Wire {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, pending: Vec::new() }
    }

    /// Opens a WebSocket; `headers` are further lines of the request.
    pub(crate) fn socket(address: SocketAddr, path: &str, headers: &str) -> Self {
        let mut wire = Self::open(address);
        wire.send(handshake(path, headers).as_bytes());
        let answer = wire.answer().unwrap();
        assert_eq!(answer.status, 101, "{}", answer.head);
        wire
    }

    /// Sends bytes. A server that has had enough may have gone: the answer tells.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        // Broken pipe and reset are no news here; what was said before is still read.
        let _ = self.stream.write_all(bytes);
    }

    /// Sends a masked text message in one frame.
    pub(crate) fn text(&mut self, text: &str) {
        self.send(&frame(0x81, text.as_bytes()));
    }

    /// Makes `len` bytes available; false when the connection ended before.
    fn fill(&mut self, len: usize) -> bool {
        let mut chunk = [0; 16_384];
        while self.pending.len() < len {
            match self.stream.read(&mut chunk) {
                Ok(0) => return false,
                Ok(n) => self.pending.extend_from_slice(&chunk[..n]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    panic!("the server said nothing within {PATIENCE:?}")
                }
                Err(_) => return false,
            }
        }
        true
    }

    fn take(&mut self, len: usize) -> Vec<u8> {
        let rest = self.pending.split_off(len);
        std::mem::replace(&mut self.pending, rest)
    }

    /// The next frame.
    pub(crate) fn next(&mut self) -> Got {
        if !self.fill(2) {
            return Got::End;
        }
        let opcode = self.pending[0] & 0x0f;
        let short = self.pending[1];
        let (head, len) = match short {
            126 if self.fill(4) => {
                (4, usize::from(u16::from_be_bytes(self.pending[2..4].try_into().unwrap())))
            }
            127 if self.fill(10) => {
                let len = u64::from_be_bytes(self.pending[2..10].try_into().unwrap());
                (10, usize::try_from(len).unwrap())
            }
            len => (2, usize::from(len)),
        };
        if !self.fill(head + len) {
            return Got::End;
        }
        let payload = self.take(head + len).split_off(head);
        match opcode {
            1 => Got::Text(String::from_utf8(payload).unwrap()),
            8 if payload.len() >= 2 => {
                let code = u16::from_be_bytes([payload[0], payload[1]]);
                Got::Close(code, String::from_utf8(payload[2..].to_vec()).unwrap())
            }
            8 => Got::Close(1005, String::new()),
            other => Got::Control(other),
        }
    }

    /// The next JSON frame that `wanted` picks; a close or the end stops the search.
    pub(crate) fn find(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<Value, Got> {
        loop {
            match self.next() {
                Got::Text(text) => {
                    let value: Value = serde_json::from_str(&text).unwrap();
                    if wanted(&value) {
                        return Ok(value);
                    }
                }
                Got::Control(_) => {}
                end => return Err(end),
            }
        }
    }

    /// Reads up to the close frame; `None` when the connection was cut without one.
    pub(crate) fn closed(&mut self) -> Option<u16> {
        match self.find(|_| false) {
            Err(Got::Close(code, _)) => Some(code),
            _ => None,
        }
    }

    /// Says hello and waits until the connection is live. The user's id or the refusal.
    pub(crate) fn hello(&mut self, hello: &Value) -> Result<Value, Value> {
        self.text(&hello.to_string());
        let reply = self.find(|frame| frame["t"] == "ready" || frame["t"] == "error");
        let reply = reply.map_err(|end| serde_json::json!({ "end": format!("{end:?}") }))?;
        if reply["t"] == "error" {
            return Err(reply);
        }
        let last = |frame: &Value| frame["t"] == "sync" && frame["more"] == false;
        self.find(last).map_err(|end| serde_json::json!({ "end": format!("{end:?}") }))
    }

    /// An HTTP answer; `None` when the connection ended without one.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let end = loop {
            let at = self.pending.windows(4).position(|w| w == b"\r\n\r\n");
            match at {
                Some(at) => break at + 4,
                None if !self.fill(self.pending.len() + 1) => return None,
                None => {}
            }
        };
        let head = String::from_utf8(self.take(end)).unwrap();
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap();
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
            })
            .unwrap_or(0);
        if !self.fill(length) {
            return None;
        }
        let body = String::from_utf8(self.take(length)).unwrap();
        Some(Answer { status, head, body })
    }

    /// Whether the server has ended the connection.
    pub(crate) fn ended(&mut self) -> bool {
        !self.fill(self.pending.len() + 1)
    }
}

/// A handshake that is right, with further header lines.
pub(crate) fn handshake(path: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: magpie\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n{headers}\r\n"
    )
}

/// A masked frame with this first byte.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        len @ 0..=125 => out.push(0x80 | u8::try_from(len).unwrap()),
        len @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}
