//! A moment in four bytes: milliseconds of uptime that wrap around after seven weeks. Ages up to
//! half of that are exact, which is far beyond any deadline of a connection.

use std::sync::atomic::{AtomicU32, Ordering};

/// The last time that something happened.
#[derive(Debug)]
pub struct Stamp(AtomicU32);

impl Stamp {
    /// It happened at this uptime.
    #[must_use]
    pub fn at(now_ms: u64) -> Self {
        Self(AtomicU32::new(low(now_ms)))
    }

    /// It happened again.
    pub fn set(&self, now_ms: u64) {
        self.0.store(low(now_ms), Ordering::Relaxed);
    }

    /// How long ago. A stamp newer than `now_ms` (another task looked at the clock later) is now.
    #[must_use]
    pub fn age_ms(&self, now_ms: u64) -> u64 {
        let age_ms = low(now_ms).wrapping_sub(self.0.load(Ordering::Relaxed)).cast_signed();
        u64::try_from(age_ms).unwrap_or(0)
    }
}

/// The lower half: what is lost comes back by wrapping subtraction.
fn low(now_ms: u64) -> u32 {
    u32::try_from(now_ms & u64::from(u32::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_right_across_the_wrap_and_never_negative() {
        let wrap_ms = u64::from(u32::MAX) + 1;
        for begun_ms in [0, 5, wrap_ms - 100, wrap_ms, 3 * wrap_ms - 1] {
            let stamp = Stamp::at(begun_ms);
            assert_eq!(stamp.age_ms(begun_ms + 75_000), 75_000);
            assert_eq!(stamp.age_ms(begun_ms), 0);
            stamp.set(begun_ms + 7);
            assert_eq!(stamp.age_ms(begun_ms), 0, "set by a task that looked later");
        }
    }
}
