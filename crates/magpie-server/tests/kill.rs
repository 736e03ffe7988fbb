//! `kill -9` in the middle of traffic, again and again: whatever was acknowledged is stored once,
//! in order, and reaches everybody once. Judged from the clients' own logs.
//!
//! `MAGPIE_KILLS` sets the number of kills (50 if absent), `MAGPIE_SEED` repeats the moments.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

mod kill {
    pub(crate) mod checker;
    mod checker_finds;
    pub(crate) mod client;
    pub(crate) mod log;
    mod run;
}
