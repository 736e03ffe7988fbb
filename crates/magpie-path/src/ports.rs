//! The core's clock and ids for a run that is the same every time.

use std::sync::atomic::{AtomicU64, Ordering};

use magpie_core::port::{Clock, Ids};
use magpie_proto::MessageId;

/// Start of every run: all times of a run have as many digits.
const START_MS: u64 = 1_800_000_000_000;

/// A clock that moves when told to.
#[derive(Debug, Default)]
pub struct SteppedClock(AtomicU64);

impl SteppedClock {
    /// Lets a millisecond pass.
    pub fn step(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Clock for SteppedClock {
    fn now_ms(&self) -> u64 {
        START_MS + self.uptime_ms()
    }

    fn uptime_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Ids out of a counter, spread like random ones.
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

impl Ids for CountingIds {
    fn message_id(&self, now_ms: u64) -> MessageId {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&now_ms.to_be_bytes()[2..]);
        bytes[8..].copy_from_slice(&self.random().to_be_bytes());
        bytes[6] = 0x70;
        bytes[8] = 0x80 | bytes[8] & 0x3f;
        MessageId::from_bytes(bytes)
    }

    fn random(&self) -> u64 {
        scattered(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// A number that looks random; different numbers give different ones.
#[must_use]
pub fn scattered(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 27)
}
