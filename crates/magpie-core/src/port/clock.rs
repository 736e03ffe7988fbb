//! Time as the core sees it. Wall time and monotonic time come through here, so that tests can
//! jump a year without waiting.

/// The clock port.
pub trait Clock: Send + Sync + 'static {
    /// Unix time in milliseconds.
    fn now_ms(&self) -> u64;

    /// Milliseconds since an arbitrary start, never going back: for ages and leases.
    fn uptime_ms(&self) -> u64;
}
