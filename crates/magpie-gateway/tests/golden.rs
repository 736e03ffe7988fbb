//! The golden frames that the gateway builds, and `docs/protocol.md` held to all golden frames and
//! to the two code tables. `MAGPIE_BLESS=1` writes the files and the tables of the page anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "golden/calls.rs"]
mod calls;
#[path = "golden/frames.rs"]
mod frames;
#[path = "golden/page.rs"]
mod page;
