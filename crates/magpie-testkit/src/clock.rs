//! A clock that a test sets and moves. It stands still otherwise.

use std::sync::atomic::{AtomicU64, Ordering};

use magpie_core::port::Clock;

/// The mock clock.
#[derive(Debug)]
pub struct MockClock {
    now_ms: AtomicU64,
    uptime_ms: AtomicU64,
}

impl MockClock {
    /// Stands at this Unix time.
    #[must_use]
    pub fn at(now_ms: u64) -> Self {
        Self { now_ms: AtomicU64::new(now_ms), uptime_ms: AtomicU64::new(0) }
    }

    /// Lets time pass, on the wall and since start.
    pub fn advance_ms(&self, ms: u64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
        self.uptime_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Sets the wall clock, as an operator might, also backwards; the uptime stays.
    pub fn set_ms(&self, now_ms: u64) {
        self.now_ms.store(now_ms, Ordering::SeqCst);
    }
}

impl Default for MockClock {
    /// A time in 2023.
    fn default() -> Self {
        Self::at(1_700_000_000_000)
    }
}

impl Clock for MockClock {
    fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    fn uptime_ms(&self) -> u64 {
        self.uptime_ms.load(Ordering::SeqCst)
    }
}
