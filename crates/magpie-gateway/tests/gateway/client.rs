//! A client over a pipe that writes frames by hand and reads what comes, one frame at a time.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Weak};

use magpie_gateway::conn::Conn;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

/// What the server wrote.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Got {
    Text(Value),
    Ping,
    Close(u16),
    /// The end of the stream without a close frame.
    End,
}

pub(crate) struct Client {
    pub(crate) pipe: DuplexStream,
    /// The server's side; weak, so that a test sees when nothing keeps it any more.
    pub(crate) conn: Weak<Conn>,
}

impl Client {
    pub(crate) fn conn(&self) -> Arc<Conn> {
        self.conn.upgrade().unwrap()
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.frame(0x81, text.as_bytes()).await;
    }

    /// Writes a masked frame; a mask of zeros changes nothing.
    pub(crate) async fn frame(&mut self, first: u8, payload: &[u8]) {
        let mut bytes = vec![first];
        match u16::try_from(payload.len()).unwrap() {
            len @ 0..126 => bytes.push(0x80 | len as u8),
            len => {
                bytes.push(0x80 | 126);
                bytes.extend(len.to_be_bytes());
            }
        }
        bytes.extend([0; 4]);
        bytes.extend(payload);
        self.pipe.write_all(&bytes).await.unwrap();
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> Got {
        let mut head = [0; 2];
        if self.pipe.read_exact(&mut head).await.is_err() {
            return Got::End;
        }
        let len = match head[1] {
            126 => u64::from(self.pipe.read_u16().await.unwrap()),
            127 => self.pipe.read_u64().await.unwrap(),
            len => u64::from(len),
        };
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        self.pipe.read_exact(&mut payload).await.unwrap();
        match head[0] & 0x0f {
            1 => Got::Text(serde_json::from_slice(&payload).unwrap()),
            8 => Got::Close(u16::from_be_bytes([payload[0], payload[1]])),
            9 => Got::Ping,
            other => panic!("opcode {other}"),
        }
    }

    /// The next text frame of this type; others before it are dropped.
    pub(crate) async fn until(&mut self, t: &str) -> Value {
        loop {
            match self.next().await {
                Got::Text(value) if value["t"] == t => return value,
                Got::Text(_) | Got::Ping => {}
                other => panic!("{other:?} while waiting for {t}"),
            }
        }
    }

    /// The close code; everything before it is dropped.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            match self.next().await {
                Got::Close(code) => return code,
                Got::End => return 0,
                Got::Text(_) | Got::Ping => {}
            }
        }
    }
}
