//! What is said: users, the 142-byte body of the project's figures, and client frames as bytes.

use magpie_proto::{Body, UserId};

/// A text of 41 Chinese characters: with the JSON around it 142 bytes.
const TEXT: &str =
    "鹊桥今晚七点半准时开会请各位同事提前十分钟入场把上周的数据和下周的计划都带来谢谢啦";

/// Bytes of a body in all figures.
pub const BODY_BYTES: usize = 142;

/// The body of every message.
#[must_use]
pub fn body() -> Body {
    Body::text(TEXT)
}

/// User number `n`; all ids have the same length.
///
/// # Errors
/// Never: the form is that of an id.
pub fn user(n: usize) -> Result<UserId, magpie_proto::IdError> {
    UserId::parse(&format!("u{n:07}"))
}

/// The sender's key of a message.
#[must_use]
pub fn key(number: u64) -> Box<str> {
    format!("{:016x}", crate::ports::scattered(number)).into()
}

/// A masked text frame as a client writes it.
#[must_use]
pub fn client_frame(text: &str) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let len = text.len();
    let mut frame = vec![0x81];
    if let Ok(short @ 0..126) = u8::try_from(len) {
        frame.push(0x80 | short);
    } else {
        frame.push(0x80 | 126);
        frame.extend(u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes());
    }
    frame.extend(MASK);
    frame.extend(text.bytes().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// The frame of message `number` to `to`.
#[must_use]
pub fn send_frame(number: u64, to: &UserId, body: &Body) -> Vec<u8> {
    let r = 100_000 + number % 900_000;
    let (cid, body) = (key(number), body.as_json());
    client_frame(&format!(r#"{{"t":"send","r":{r},"to":"{to}","cid":"{cid}","b":{body}}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_as_long_as_in_all_other_figures() {
        assert_eq!(body().as_bytes().len(), BODY_BYTES);
    }
}
