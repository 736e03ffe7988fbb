//! The embedded store: a commit journal with SQLite behind it, both behind the core's store port.
//! Last stop of a message before its ack. Knows no sockets and no protocol.

mod effect;
pub mod fuzz;
mod journal;
pub mod measured;
pub mod sqlite;
mod tail;

pub use sqlite::{OpenError, OpenOptions, SqliteStore};
