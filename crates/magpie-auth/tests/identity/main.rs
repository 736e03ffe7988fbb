//! Promises of the identity crate, through its public surface only: what is refused and why, what
//! is kept on disk, what is never printed. The keys in `tests/keys` are for tests only.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod api_keys;
mod bad_keys;
mod bad_tokens;
mod good_tokens;
mod mint;
mod origins;
mod secrets;
mod signed_paths;
mod tickets;
mod world;
