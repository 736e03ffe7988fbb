//! RFC 6455, server side, on a byte stream: handshake, frames, messages, closing.
//! Everything except the transports is pure: bytes in, events or a violation out.
//! Knows nothing of sessions, protocols or JSON: the connection loop on top of it does.

pub mod buffer;
pub mod close;
pub mod echo;
pub mod frame;
#[doc(hidden)]
pub mod fuzz;
pub mod handshake;
pub mod limits;
pub mod memory;
pub mod reader;
pub mod transport;
mod utf8;
pub mod write;
