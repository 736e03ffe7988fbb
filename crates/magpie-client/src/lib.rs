//! A Rust client of protocol v1, for bots, tests and load.
