//! Section `calls`: voice and video between two users.

use std::path::PathBuf;

use super::{SecretText, table::section};

section! {
    /// Voice and video between two users. Media goes directly from one client to the other; this
    /// server rings, carries what sets the connection up, and keeps a record. Without further
    /// settings calls work where clients reach each other directly: on one machine, in one
    /// network. Between networks most need a TURN server (`docs/operations.md` shows coturn in ten
    /// lines).
    Calls, "calls" {
        /// Whether calls are connected.
        enabled: bool = true;
        /// STUN servers that tell a client its own address on the internet, like
        /// `stun:turn.example.com:3478`.
        stun_urls: Vec<String> = Vec::new();
        /// TURN servers that carry what finds no direct way, like `turn:turn.example.com:3478` or
        /// `turns:turn.example.com:5349?transport=tcp`. They need `turn_secret` or
        /// `turn_secret_file`.
        turn_urls: Vec<String> = Vec::new();
        /// The secret shared with the TURN servers (coturn's `static-auth-secret`), at least 32
        /// characters. Clients never see it: they get a password that expires.
        turn_secret: Option<SecretText> = None;
        /// File with that secret, for container secrets.
        turn_secret_file: Option<PathBuf> = None;
        /// Seconds for which such a password is good. A call that is connected goes on after it.
        turn_ttl_s: u64 = 3_600, in 60..=86_400;
        /// Seconds for which a call rings before it is missed.
        ring_s: u64 = 45, in 1..=600;
        /// Seconds in which a side whose connection broke may come back before the call ends.
        lost_after_s: u64 = 60, in 1..=600;
    }
}
