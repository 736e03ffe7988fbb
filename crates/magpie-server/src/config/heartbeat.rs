//! Section `heartbeat`: how a dead connection is noticed.

use super::table::section;

section! {
    /// How a dead connection is noticed.
    Heartbeat, "heartbeat" {
        /// How often clients are asked to ping, and how often the server pings a silent one. Keep it
        /// below the read timeout of a proxy in front.
        interval_ms: u64 = 30_000, in 100..=3_600_000;
        /// Silence after which a connection is given up; larger than `interval_ms`.
        timeout_ms: u64 = 75_000, in 200..=7_200_000;
    }
}
