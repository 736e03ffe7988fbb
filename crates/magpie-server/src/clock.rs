//! The real clock behind the core's port. The only place that reads the machine's time.

#![allow(clippy::disallowed_methods, reason = "implements the clock port")]

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use magpie_core::port::Clock;

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose uptime counts from now.
    #[must_use]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        // A machine set before 1970 is reported by `magpie doctor`; here it counts as 1970.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn uptime_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_never_goes_back() {
        let clock = SystemClock::new();
        let readings: Vec<_> = (0..1_000).map(|_| clock.uptime_ms()).collect();
        assert!(readings.is_sorted());
        assert!(clock.now_ms() > 1_600_000_000_000);
    }
}
