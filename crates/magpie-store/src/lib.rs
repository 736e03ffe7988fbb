//! The embedded store: a commit journal with SQLite behind it, both behind the core's store port.
//! Last stop of a message before its ack. Knows no sockets and no protocol.

// The journal, the tail and the applier build on it.
#[allow(dead_code, reason = "the pieces that use it land one by one")]
mod effect;
pub mod sqlite;

pub use sqlite::{OpenError, OpenOptions, SqliteStore};
