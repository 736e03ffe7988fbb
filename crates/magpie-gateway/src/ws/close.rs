//! Why a WebSocket ends: the close codes of RFC 6455, the peer's close frame, and every rule a
//! peer can break with the code and text it is answered with. Decides nothing about reconnecting.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use crate::ws::frame;

/// The peer is done; nothing went wrong.
pub const NORMAL: u16 = 1000;
/// A framing rule was broken.
pub const PROTOCOL_ERROR: u16 = 1002;
/// A text message or a close reason is not UTF-8.
pub const INVALID_TEXT: u16 = 1007;
/// A rule of this server was broken, such as a flood of fragments.
pub const POLICY: u16 = 1008;
/// A message is over the size limit.
pub const TOO_BIG: u16 = 1009;

/// Whether a peer may put this code into a close frame.
///
/// 1004, 1005, 1006 and 1015 are reserved, 1016-2999 are not assigned, 5000 and up do not exist.
#[must_use]
pub fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// What the peer said when it closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close<'a> {
    /// The code, if the frame had one.
    pub code: Option<u16>,
    /// The text after the code, often empty.
    pub reason: Cow<'a, str>,
}

impl Close<'_> {
    /// The close frame that completes the handshake: the same code, no text.
    #[must_use]
    pub fn reply(&self) -> Bytes {
        match self.code {
            Some(code) => frame::close(code, ""),
            None => frame::close_without_code(),
        }
    }
}

/// A rule of RFC 6455 or a limit of this server that the peer broke. The connection cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// A frame from a client without a mask.
    Unmasked,
    /// A reserved bit is set although no extension was agreed on.
    ReservedBits,
    /// An opcode that RFC 6455 does not define.
    UnknownOpcode(u8),
    /// A ping, pong or close with FIN unset.
    FragmentedControl,
    /// A ping, pong or close of more than 125 bytes.
    LongControl,
    /// A length written with more bytes than it needs.
    LengthNotMinimal,
    /// A 64-bit length with its highest bit set.
    LengthOutOfRange,
    /// A continuation frame although no message is unfinished.
    UnexpectedContinuation,
    /// A new text or binary frame although a message is unfinished.
    ExpectedContinuation,
    /// A close frame of one byte.
    CloseTooShort,
    /// A close frame with a code that must not be sent.
    CloseCode(u16),
    /// A close reason that is not UTF-8.
    CloseReasonNotUtf8,
    /// A text message that is not UTF-8.
    TextNotUtf8,
    /// A message over the limit, in bytes.
    MessageTooBig {
        /// The limit it broke.
        max_bytes: usize,
    },
    /// A message in more fragments than allowed.
    TooManyFragments {
        /// The limit it broke.
        max: u32,
    },
    /// More empty fragments in one message than allowed.
    TooManyEmptyFragments {
        /// The limit it broke.
        max: u32,
    },
    /// Pings, pongs and closes faster than allowed.
    ControlFlood,
}

impl Violation {
    /// The close code to answer with.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::TextNotUtf8 | Self::CloseReasonNotUtf8 => INVALID_TEXT,
            Self::MessageTooBig { .. } => TOO_BIG,
            Self::TooManyFragments { .. }
            | Self::TooManyEmptyFragments { .. }
            | Self::ControlFlood => POLICY,
            _ => PROTOCOL_ERROR,
        }
    }

    /// The close frame to answer with: the code and the text of this violation.
    #[must_use]
    pub fn to_frame(self) -> Bytes {
        frame::close(self.code(), &self.to_string())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmasked => f.write_str("frames from a client must be masked"),
            Self::ReservedBits => {
                f.write_str("reserved bits must be 0: no extension was agreed on")
            }
            Self::UnknownOpcode(opcode) => write!(f, "opcode {opcode:#x} is not defined"),
            Self::FragmentedControl => f.write_str("control frames must not be fragmented"),
            Self::LongControl => f.write_str("control frames carry at most 125 bytes"),
            Self::LengthNotMinimal => f.write_str("lengths must use their shortest form"),
            Self::LengthOutOfRange => f.write_str("a length must be below 2^63"),
            Self::UnexpectedContinuation => {
                f.write_str("a continuation frame came, but no message is unfinished")
            }
            Self::ExpectedContinuation => {
                f.write_str("a new message began before the fragmented one was finished")
            }
            Self::CloseTooShort => f.write_str("a close frame holds no bytes or at least 2"),
            Self::CloseCode(code) => write!(f, "close code {code} must not be sent"),
            Self::CloseReasonNotUtf8 => f.write_str("the close reason is not UTF-8"),
            Self::TextNotUtf8 => f.write_str("the text message is not UTF-8"),
            Self::MessageTooBig { max_bytes } => {
                write!(f, "a message may have at most {max_bytes} bytes")
            }
            Self::TooManyFragments { max } => {
                write!(f, "a message may have at most {max} fragments")
            }
            Self::TooManyEmptyFragments { max } => {
                write!(f, "a message may have at most {max} empty fragments")
            }
            Self::ControlFlood => f.write_str("too many control frames, send them more slowly"),
        }
    }
}

impl std::error::Error for Violation {}

/// Reads the payload of a close frame.
pub(crate) fn parse(payload: &[u8]) -> Result<Close<'_>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() {
            Ok(Close { code: None, reason: Cow::Borrowed("") })
        } else {
            Err(Violation::CloseTooShort)
        };
    };
    let code = u16::from_be_bytes(*code);
    if !may_be_sent(code) {
        return Err(Violation::CloseCode(code));
    }
    match std::str::from_utf8(reason) {
        Ok(reason) => Ok(Close { code: Some(code), reason: Cow::Borrowed(reason) }),
        Err(_) => Err(Violation::CloseReasonNotUtf8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_violation_fits_into_a_close_frame_with_a_code_that_may_be_sent() {
        let all = [
            Violation::Unmasked,
            Violation::ReservedBits,
            Violation::UnknownOpcode(0xf),
            Violation::FragmentedControl,
            Violation::LongControl,
            Violation::LengthNotMinimal,
            Violation::LengthOutOfRange,
            Violation::UnexpectedContinuation,
            Violation::ExpectedContinuation,
            Violation::CloseTooShort,
            Violation::CloseCode(65535),
            Violation::CloseReasonNotUtf8,
            Violation::TextNotUtf8,
            Violation::MessageTooBig { max_bytes: usize::MAX },
            Violation::TooManyFragments { max: u32::MAX },
            Violation::TooManyEmptyFragments { max: u32::MAX },
            Violation::ControlFlood,
        ];
        for violation in all {
            assert!(may_be_sent(violation.code()), "{violation:?}");
            assert!(violation.to_string().len() <= frame::CLOSE_REASON_MAX_BYTES, "{violation}");
            assert!(violation.to_frame().ends_with(violation.to_string().as_bytes()));
        }
    }

    #[test]
    fn a_close_frame_may_be_empty_or_carry_a_code_and_a_text() {
        assert_eq!(parse(b""), Ok(Close { code: None, reason: "".into() }));
        assert_eq!(parse(b"\x03\xe8bye"), Ok(Close { code: Some(1000), reason: "bye".into() }));
        assert_eq!(parse(b"\x03"), Err(Violation::CloseTooShort));
        assert_eq!(parse(b"\x03\xed"), Err(Violation::CloseCode(1005)));
        assert_eq!(parse(b"\x03\xe8\xff"), Err(Violation::CloseReasonNotUtf8));
    }

    #[test]
    fn a_close_is_answered_with_its_own_code() {
        let coded = Close { code: Some(4001), reason: "x".into() };
        assert_eq!(coded.reply().as_ref(), b"\x88\x02\x0f\xa1");
        assert_eq!(Close { code: None, reason: "".into() }.reply().as_ref(), b"\x88\x00");
    }
}
