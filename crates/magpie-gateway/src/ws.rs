//! RFC 6455, server side, on a byte stream: handshake, frames, messages, closing.
//! Everything below `transport` is pure: bytes in, events or a violation out; no clock, no socket.
//! Knows nothing of sessions, protocols or JSON: the connection loop on top of it does.

pub mod buffer;
pub mod close;
pub mod frame;
pub mod limits;
pub mod reader;
pub mod transport;
mod utf8;
