//! The generator's clock: microseconds since its start, and a tag that tells runs apart.
//! The only place of this crate that asks the machine for the time.

use std::time::{Duration, Instant};

/// Microseconds since the start of the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    epoch: Instant,
}

impl Clock {
    /// Starts counting.
    #[allow(clippy::disallowed_methods, reason = "a load generator measures real time")]
    pub(crate) fn start() -> Self {
        Self { epoch: Instant::now() }
    }

    /// Microseconds since the start.
    pub(crate) fn now_us(self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Seconds since the start.
    pub(crate) fn now_s(self) -> f64 {
        self.epoch.elapsed().as_secs_f64()
    }
}

/// A number for this run: messages that an earlier run left in the same store carry another.
#[allow(clippy::disallowed_methods, reason = "only has to differ from the run before")]
pub(crate) fn run_tag() -> u16 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let mixed = since.unwrap_or(Duration::ZERO).as_millis() ^ u128::from(std::process::id());
    u16::try_from(mixed & 0xffff).unwrap_or_default()
}
