//! The port of finished files: one contract, proved on a directory and on a server that speaks S3.
#![allow(unreachable_pub, reason = "one binary: nothing in it is reachable")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod contract;
mod directory;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "s3")]
mod s3_start;
