//! Section `limits`: what one user, connection or address may cost.

use super::table::section;

section! {
    /// What one user, connection or address may cost. Over a limit a client gets an error that says
    /// when to try again; nothing is dropped.
    Limits, "limits" {
        /// Messages a user may send each second.
        messages_per_s: u32 = 1_000, in 1..=10_000_000;
        /// Messages a user may send at once before the rate counts.
        messages_burst: u32 = 2_000, in 1..=10_000_000;
        /// Requests that store nothing (typing, presence, pings) a user may send each second.
        ephemeral_per_s: u32 = 2_000, in 1..=10_000_000;
        /// New connections each second from one address; loopback is exempt.
        handshakes_per_s: u32 = 100, in 1..=10_000_000;
        /// Connections of one user; the oldest idle one is closed for a new one.
        connections_per_user: u32 = 5, in 1..=10_000;
        /// Sends of one connection that may wait for the disk; beyond it the connection is not read.
        in_flight: u32 = 64, in 1..=65_536;
        /// The same in bytes.
        in_flight_bytes: usize = 262_144, in 65_536..=67_108_864;
        /// Bytes that may wait for a slow reader; beyond it the connection is closed and resumes later.
        outbox_bytes: usize = 262_144, in 65_536..=67_108_864;
        /// Largest body of a message in bytes of UTF-8.
        body_bytes: usize = 65_536, in 1_024..=65_536;
        /// Largest body of an HTTP request in bytes.
        http_body_bytes: usize = 1_048_576, in 65_536..=67_108_864;
        /// Time in which the head of a request has to arrive.
        header_timeout_ms: u64 = 10_000, in 100..=600_000;
        /// Time in which the body of a request has to arrive, plus a second for each 16 KiB that came.
        /// No more than 30 seconds, or this time if it is longer, may pass without a byte.
        body_timeout_ms: u64 = 10_000, in 100..=600_000;
        /// Time in which a new connection has to say who it is.
        hello_timeout_ms: u64 = 10_000, in 100..=600_000;
        /// Messages to someone who has neither answered nor connected; 0 sets no limit. The market
        /// dialect has its own (`dialects.market.stranger_limit`).
        stranger_limit: u32 = 0, in 0..=1_000_000;
    }
}
