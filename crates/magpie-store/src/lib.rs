//! The embedded store: SQLite behind the core's store port. Last stop of a message before its
//! ack. Knows no sockets and no protocol.

pub mod sqlite;

pub use sqlite::{OpenError, OpenOptions, SqliteStore};
