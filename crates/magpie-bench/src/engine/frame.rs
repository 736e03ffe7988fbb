//! RFC 6455 framing by hand, client side: text frames with a mask of zeros, which is a mask, and
//! a reader of whole unmasked frames. Knows nothing of what a frame says.

/// Opcodes that a client meets.
pub(crate) const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// Appends one masked frame whose payload `fill` writes.
pub(crate) fn push_with(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    // Room for the two-byte length, which most frames need; the others are moved.
    let start = out.len();
    out.extend_from_slice(&[TEXT, 0x80 | 126, 0, 0, 0, 0, 0, 0]);
    fill(out);
    let length = out.len() - start - 8;
    match u16::try_from(length) {
        Ok(short) if short >= 126 => {
            out[start + 2..start + 4].copy_from_slice(&short.to_be_bytes())
        }
        Ok(tiny) => {
            out[start + 1] = 0x80 | tiny.to_le_bytes()[0];
            out.copy_within(start + 8.., start + 6);
            out.truncate(out.len() - 2);
        }
        Err(_) => {
            out.splice(start + 2..start + 4, (length as u64).to_be_bytes());
            out[start + 1] = 0x80 | 127;
        }
    }
}

/// Appends a masked text frame.
pub(crate) fn push(out: &mut Vec<u8>, payload: &[u8]) {
    push_with(out, |out| out.extend_from_slice(payload));
}

/// Appends the answer to a protocol ping.
pub(crate) fn push_pong(out: &mut Vec<u8>, payload: &[u8]) {
    let start = out.len();
    push(out, payload);
    out[start] = PONG;
}

/// One frame of the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A whole text or binary message.
    Message(&'a [u8]),
    /// Has to be answered by a pong.
    Ping(&'a [u8]),
    /// The server ends the connection, with this code.
    Close(u16),
    /// A pong.
    Pong,
    /// Something this client does not read: a fragment, a masked or an unknown frame.
    Odd(u8),
}

/// The first frame and the bytes it takes, if it is there as a whole.
pub(crate) fn first(bytes: &[u8]) -> Option<(Frame<'_>, usize)> {
    let (start, length): (usize, usize) = match *bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(length).ok()?)
        }
        length @ 0..126 => (2, usize::from(length)),
        128.. => return Some((Frame::Odd(bytes[0]), bytes.len())),
    };
    let payload = bytes.get(start..start.checked_add(length)?)?;
    let frame = match bytes[0] {
        TEXT | 0x82 => Frame::Message(payload),
        PING => Frame::Ping(payload),
        PONG => Frame::Pong,
        CLOSE => Frame::Close(match payload {
            [high, low, ..] => u16::from_be_bytes([*high, *low]),
            _ => 1005,
        }),
        other => Frame::Odd(other),
    };
    Some((frame, start + length))
}

/// Appends a number in decimal.
pub(crate) fn push_decimal(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// The number that a text begins with.
pub(crate) fn decimal(text: &[u8]) -> u64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |value, byte| value * 10 + u64::from(byte - b'0'))
}

/// What follows the first `key`.
pub(crate) fn after<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::find(text, key)?;
    Some(&text[at + key.len()..])
}

/// What follows the first `key`, up to the next quote.
pub(crate) fn quoted<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let rest = after(text, key)?;
    Some(&rest[..memchr::memchr(b'"', rest)?])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// What a server reads of it, with the mask bit taken away.
    fn unmasked(frame: &[u8]) -> Vec<u8> {
        let header = match frame[1] & 0x7f {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        let mut bytes = frame.to_vec();
        bytes[1] &= 0x7f;
        assert_eq!(bytes.drain(header..header + 4).collect::<Vec<_>>(), [0; 4]);
        bytes
    }

    #[test]
    fn every_length_is_framed_as_the_rfc_wants() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
            let payload = vec![b'x'; length];
            let mut out = b"before".to_vec();
            push(&mut out, &payload);
            let frame = unmasked(&out[6..]);
            assert_eq!(first(&frame).unwrap(), (Frame::Message(&payload[..]), frame.len()));
            let header = if length < 126 {
                6
            } else if length < 65_536 {
                8
            } else {
                14
            };
            assert_eq!(out.len(), 6 + header + length, "{length}");
        }
    }

    #[test]
    fn an_unfinished_frame_is_waited_for_at_every_byte() {
        let mut out = Vec::new();
        push(&mut out, &[b'x'; 300]);
        let frame = unmasked(&out);
        for end in 0..frame.len() {
            assert_eq!(first(&frame[..end]), None, "{end}");
        }
    }

    #[test]
    fn control_frames_and_what_is_not_read_are_told_apart() {
        assert_eq!(first(&[0x89, 1, b'a']).unwrap().0, Frame::Ping(b"a"));
        assert_eq!(first(&[0x88, 2, 0x0f, 0xa0]).unwrap().0, Frame::Close(4000));
        assert_eq!(first(&[0x88, 0]).unwrap().0, Frame::Close(1005));
        assert_eq!(first(&[0x01, 1, b'a']).unwrap().0, Frame::Odd(1));
        assert!(matches!(first(&[0x81, 0x81, 0, 0, 0, 0, 1]), Some((Frame::Odd(_), _))));
    }

    #[test]
    fn numbers_and_texts_are_found_by_scanning() {
        let mut out = Vec::new();
        push_decimal(&mut out, 0);
        push_decimal(&mut out, 19_000);
        assert_eq!(out, b"019000");
        assert_eq!(decimal(b"19000,"), 19_000);
        assert_eq!(quoted(br#"{"cur":"abc","x":"#, br#""cur":""#), Some(&b"abc"[..]));
        assert_eq!(quoted(br#"{"cur":"abc"#, br#""cur":""#), None);
    }
}
