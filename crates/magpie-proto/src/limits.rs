//! Names and limits that both ends of a native connection know.

/// The subprotocol name a native client asks for.
pub const SUBPROTOCOL: &str = "magpie.v1";
/// Prefix of the subprotocol entry that carries a token; never echoed and never logged.
pub const SUBPROTOCOL_TOKEN_PREFIX: &str = "magpie.token.";
/// Largest message body, in bytes of UTF-8.
pub const BODY_BYTES_MAX: usize = 65_536;
/// Largest frame of the native protocol: a body whose every byte is escaped, plus its envelope.
pub const FRAME_BYTES_MAX: usize = 6 * BODY_BYTES_MAX + 4_096;
/// Longest client message id, in bytes.
pub const CLIENT_MSG_ID_BYTES_MAX: usize = 64;
