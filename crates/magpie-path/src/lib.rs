//! The message path without threads that race, clocks that run and ids that vary: the same work in
//! every run, so that callgrind counts the same instructions. `cargo xtask ratchet` runs it.
//! A measuring stand, never part of the server.

pub mod append;
pub mod codec;
pub mod commit;
pub mod ledger;
pub mod measured;
pub mod ports;
pub mod session;
pub mod wire;
pub mod words;

pub use measured::Fault;
