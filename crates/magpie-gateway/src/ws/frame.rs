//! The frame codec of RFC 6455: reads the head of a client's frame, takes its mask off in place,
//! and writes complete server frames that many connections can share. No state, no I/O, no limits.

use std::io;

use bytes::Bytes;

use crate::ws::close::Violation;

/// Longest head of a client frame: 2 bytes, 8 of length, 4 of mask.
pub const HEAD_MAX_BYTES: usize = 14;
/// Longest payload of a control frame.
pub const CONTROL_MAX_BYTES: usize = 125;
/// Longest reason in a close frame (two bytes are the code).
pub const CLOSE_REASON_MAX_BYTES: usize = CONTROL_MAX_BYTES - 2;
/// Longest head of a server frame.
const SERVER_HEAD_MAX_BYTES: usize = 10;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpCode {
    /// A further fragment of a message.
    Continuation,
    /// The first or only fragment of a text message.
    Text,
    /// The first or only fragment of a binary message.
    Binary,
    /// The end of the connection.
    Close,
    /// Asks for a pong.
    Ping,
    /// Answers a ping, or comes unasked.
    Pong,
}

impl OpCode {
    /// Close, ping and pong may stand between the fragments of a message and are short.
    #[must_use]
    pub fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    fn from_bits(bits: u8) -> Result<Self, Violation> {
        Ok(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            other => return Err(Violation::UnknownOpcode(other)),
        })
    }

    fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }
}

/// The head of a frame from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Whether the message ends with this frame.
    pub fin: bool,
    /// What the frame is.
    pub opcode: OpCode,
    /// The mask of the payload.
    pub mask: [u8; 4],
    /// Length of the payload, as declared: not yet checked against any limit.
    pub payload_len: u64,
    /// Length of this head itself.
    pub head_len: usize,
}

impl Head {
    /// Reads a head from the beginning of `bytes`; `None` when more bytes are needed.
    ///
    /// Each byte is judged as soon as it is there, in order, so the verdict does not depend on
    /// how the bytes were cut.
    ///
    /// # Errors
    /// The first rule of RFC 6455 that the bytes break.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, Violation> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        if first & 0x70 != 0 {
            return Err(Violation::ReservedBits);
        }
        let opcode = OpCode::from_bits(first & 0x0f)?;
        let fin = first & 0x80 != 0;
        if opcode.is_control() && !fin {
            return Err(Violation::FragmentedControl);
        }
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        if second & 0x80 == 0 {
            return Err(Violation::Unmasked);
        }
        let short_len = second & 0x7f;
        if opcode.is_control() && usize::from(short_len) > CONTROL_MAX_BYTES {
            return Err(Violation::LongControl);
        }
        let Some((payload_len, rest)) = parse_len(short_len, &bytes[2..])? else {
            return Ok(None);
        };
        let Some(mask) = rest.first_chunk::<4>() else { return Ok(None) };
        let head_len = bytes.len() - rest.len() + 4;
        Ok(Some(Self { fin, opcode, mask: *mask, payload_len, head_len }))
    }
}

/// The payload length and the bytes after it.
fn parse_len(short_len: u8, bytes: &[u8]) -> Result<Option<(u64, &[u8])>, Violation> {
    match short_len {
        126 => {
            let Some((len, rest)) = bytes.split_first_chunk::<2>() else { return Ok(None) };
            let len = u64::from(u16::from_be_bytes(*len));
            if len < 126 {
                return Err(Violation::LengthNotMinimal);
            }
            Ok(Some((len, rest)))
        }
        127 => {
            let Some((len, rest)) = bytes.split_first_chunk::<8>() else { return Ok(None) };
            let len = u64::from_be_bytes(*len);
            if len >> 63 != 0 {
                return Err(Violation::LengthOutOfRange);
            }
            if len <= u64::from(u16::MAX) {
                return Err(Violation::LengthNotMinimal);
            }
            Ok(Some((len, rest)))
        }
        len => Ok(Some((u64::from(len), bytes))),
    }
}

/// Takes a mask off (or puts it on) in place. `offset` is where `payload` begins in its frame.
pub fn unmask(payload: &mut [u8], mask: [u8; 4], offset: usize) {
    let mut turned = mask;
    turned.rotate_left(offset % 4);
    let [a, b, c, d] = turned;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(turned.iter().cycle()) {
        *byte ^= key;
    }
}

/// A complete text frame.
#[must_use]
pub fn text(payload: &str) -> Bytes {
    encode(OpCode::Text, payload.as_bytes())
}

/// A complete binary frame.
#[must_use]
pub fn binary(payload: &[u8]) -> Bytes {
    encode(OpCode::Binary, payload)
}

/// A complete ping; a payload over 125 bytes is cut.
#[must_use]
pub fn ping(payload: &[u8]) -> Bytes {
    encode(OpCode::Ping, &payload[..payload.len().min(CONTROL_MAX_BYTES)])
}

/// A complete pong; a payload over 125 bytes is cut.
#[must_use]
pub fn pong(payload: &[u8]) -> Bytes {
    encode(OpCode::Pong, &payload[..payload.len().min(CONTROL_MAX_BYTES)])
}

/// A complete close frame; a reason over 123 bytes is cut between two characters.
#[must_use]
pub fn close(code: u16, reason: &str) -> Bytes {
    let reason = &reason[..reason.floor_char_boundary(CLOSE_REASON_MAX_BYTES)];
    let mut payload = Vec::with_capacity(2 + reason.len());
    payload.extend_from_slice(&code.to_be_bytes());
    payload.extend_from_slice(reason.as_bytes());
    encode(OpCode::Close, &payload)
}

/// A complete close frame that says nothing: the answer to one that said nothing.
#[must_use]
pub fn close_without_code() -> Bytes {
    Bytes::from_static(&[0x88, 0x00])
}

fn encode(opcode: OpCode, payload: &[u8]) -> Bytes {
    let (head, head_len) = server_head(opcode, payload.len());
    let mut frame = Vec::with_capacity(head_len + payload.len());
    frame.extend_from_slice(&head[..head_len]);
    frame.extend_from_slice(payload);
    Bytes::from(frame)
}

/// The head of a server frame, and how many bytes of it count.
fn server_head(opcode: OpCode, payload_len: usize) -> ([u8; SERVER_HEAD_MAX_BYTES], usize) {
    let mut head = [0; SERVER_HEAD_MAX_BYTES];
    head[0] = 0x80 | opcode.bits();
    let [.., high, low] = (payload_len as u64).to_be_bytes();
    let head_len = match payload_len {
        0..=125 => {
            head[1] = low;
            2
        }
        126..=0xffff => {
            head[1] = 126;
            head[2..4].copy_from_slice(&[high, low]);
            4
        }
        _ => {
            head[1] = 127;
            head[2..].copy_from_slice(&(payload_len as u64).to_be_bytes());
            SERVER_HEAD_MAX_BYTES
        }
    };
    (head, head_len)
}

/// Builds a frame by writing its payload, for serialisers: the payload is never copied again.
#[derive(Debug)]
pub struct FrameWriter {
    /// Room for the longest head, then the payload.
    buffer: Vec<u8>,
}

impl FrameWriter {
    /// An empty frame with room for a payload of `payload_bytes`; it grows when that is too small.
    #[must_use]
    pub fn with_capacity(payload_bytes: usize) -> Self {
        let mut buffer = Vec::with_capacity(SERVER_HEAD_MAX_BYTES + payload_bytes);
        buffer.resize(SERVER_HEAD_MAX_BYTES, 0);
        Self { buffer }
    }

    /// Appends to the payload.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Length of the payload so far.
    #[must_use]
    pub fn payload_len(&self) -> usize {
        self.buffer.len() - SERVER_HEAD_MAX_BYTES
    }

    /// The payload so far.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.buffer[SERVER_HEAD_MAX_BYTES..]
    }

    /// The complete text frame. What was written has to be UTF-8: a client refuses it otherwise.
    #[must_use]
    pub fn finish_text(self) -> Bytes {
        self.finish(OpCode::Text)
    }

    /// The complete binary frame.
    #[must_use]
    pub fn finish_binary(self) -> Bytes {
        self.finish(OpCode::Binary)
    }

    fn finish(mut self, opcode: OpCode) -> Bytes {
        let (head, head_len) = server_head(opcode, self.payload_len());
        let start = SERVER_HEAD_MAX_BYTES - head_len;
        self.buffer[start..SERVER_HEAD_MAX_BYTES].copy_from_slice(&head[..head_len]);
        Bytes::from(self.buffer).slice(start..)
    }
}

impl io::Write for FrameWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
