//! Token buckets in one number each: the time at which the bucket would be full again.
//! Used per user for messages and per address for handshakes; takes the time, owns no clock.

use std::sync::atomic::{AtomicU64, Ordering};

/// A rate and a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come back each second.
    pub per_second: u32,
    /// Tokens that a full bucket holds.
    pub burst: u32,
}

/// One bucket.
#[derive(Debug, Default)]
pub struct Bucket {
    full_at_us: AtomicU64,
}

impl Bucket {
    /// Takes a token.
    ///
    /// # Errors
    /// Milliseconds until there is one.
    pub fn take(&self, rate: Rate, now_ms: u64) -> Result<(), u32> {
        self.take_many(rate, 1, now_ms)
    }

    /// Takes `count` tokens or none; more than a full bucket costs a full bucket, so that no
    /// request is refused for ever.
    ///
    /// # Errors
    /// Milliseconds until there are as many.
    pub fn take_many(&self, rate: Rate, count: u32, now_ms: u64) -> Result<(), u32> {
        let interval_us = 1_000_000 / u64::from(rate.per_second.max(1));
        let burst = rate.burst.max(1);
        let burst_us = interval_us * u64::from(burst);
        let cost_us = interval_us * u64::from(count.min(burst));
        let now_us = now_ms.saturating_mul(1_000);
        let mut full_at_us = self.full_at_us.load(Ordering::Relaxed);
        loop {
            let next_us = full_at_us.max(now_us) + cost_us;
            if next_us - now_us > burst_us {
                let wait_us = next_us - now_us - burst_us;
                return Err(u32::try_from(wait_us.div_ceil(1_000)).unwrap_or(u32::MAX));
            }
            match self.full_at_us.compare_exchange_weak(
                full_at_us,
                next_us,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(seen) => full_at_us = seen,
            }
        }
    }

    /// Takes a token in any case; gives how long to wait before the next one, in milliseconds.
    /// For callers that are slowed down instead of refused.
    pub fn charge(&self, rate: Rate, now_ms: u64) -> u32 {
        let interval_us = 1_000_000 / u64::from(rate.per_second.max(1));
        let burst_us = interval_us * u64::from(rate.burst.max(1));
        let now_us = now_ms.saturating_mul(1_000);
        let next = |full_at_us: u64| Some(full_at_us.max(now_us) + interval_us);
        let before_us = self.full_at_us.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        let debt_us = before_us.unwrap_or_default().max(now_us) + interval_us - now_us;
        let wait_us = debt_us.saturating_sub(burst_us);
        u32::try_from(wait_us.div_ceil(1_000)).unwrap_or(u32::MAX)
    }

    /// Whether the bucket is full: nothing was taken for a while, it may be forgotten.
    #[must_use]
    pub fn is_full(&self, now_ms: u64) -> bool {
        self.full_at_us.load(Ordering::Relaxed) <= now_ms.saturating_mul(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate_holds_and_the_wait_is_told() {
        let rate = Rate { per_second: 10, burst: 3 };
        let bucket = Bucket::default();
        let taken: Vec<_> = (0..5).map(|_| bucket.take(rate, 1_000)).collect();
        assert_eq!(taken, [Ok(()), Ok(()), Ok(()), Err(100), Err(100)]);
        assert_eq!(bucket.take(rate, 1_100), Ok(()));
        assert!(!bucket.is_full(1_100));
        assert!(bucket.is_full(2_000));
    }

    #[test]
    fn many_tokens_are_taken_together_or_not_at_all() {
        let rate = Rate { per_second: 10, burst: 5 };
        let bucket = Bucket::default();
        assert_eq!(bucket.take_many(rate, 3, 1_000), Ok(()));
        assert_eq!(bucket.take_many(rate, 3, 1_000), Err(100));
        assert_eq!(bucket.take_many(rate, 2, 1_000), Ok(()));
        assert_eq!(bucket.take_many(rate, 0, 1_000), Ok(()), "nothing costs nothing");
        assert_eq!(bucket.take_many(rate, 900, 1_500), Ok(()), "more than fits costs all");
        assert_eq!(bucket.take(rate, 1_500), Err(100));
    }

    #[test]
    fn who_is_charged_is_never_refused_but_waits_for_what_he_overdrew() {
        let rate = Rate { per_second: 10, burst: 3 };
        let bucket = Bucket::default();
        let waits: Vec<_> = (0..5).map(|_| bucket.charge(rate, 1_000)).collect();
        assert_eq!(waits, [0, 0, 0, 100, 200]);
        assert_eq!(bucket.take(rate, 1_300), Ok(()));
    }
}
