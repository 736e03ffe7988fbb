//! The depot on the memory store and a real directory: uploads, what is refused, who sees what,
//! and what is erased.
#![allow(unreachable_pub, reason = "one binary: nothing in it is reachable")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod erasing;
mod files;
mod finishing;
mod pictures;
mod refused;
mod samples;
mod uploads;
mod watched;
mod world;
