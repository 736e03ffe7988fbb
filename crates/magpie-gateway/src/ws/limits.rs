//! What one peer may cost: message size, fragments, control frames. Handed to the reader with
//! every call, so that a million connections share one copy.

/// Limits for what a peer sends. Breaking one ends the connection with a clear close frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest message, all fragments together (close code 1009).
    pub message_max_bytes: usize,
    /// Most fragments in one message (1008).
    pub fragments_max: u32,
    /// Most empty fragments before the last one in one message (1008).
    pub empty_fragments_max: u32,
    /// How many control frames may come at once (1008).
    pub control_burst: u32,
    /// One more control frame is allowed each time this has passed.
    pub control_interval_ms: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_max_bytes: 64 * 1024,
            fragments_max: 1024,
            empty_fragments_max: 16,
            control_burst: 128,
            control_interval_ms: 50,
        }
    }
}

/// A token bucket in one number: the time at which it would be full again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ControlBudget {
    full_at_ms: u64,
}

impl ControlBudget {
    /// Takes one token; false when there is none.
    pub(crate) fn take(&mut self, limits: &Limits, now_ms: u64) -> bool {
        let interval_ms = u64::from(limits.control_interval_ms);
        let spent_until_ms = self.full_at_ms.max(now_ms).saturating_add(interval_ms);
        let burst_ms = interval_ms.saturating_mul(u64::from(limits.control_burst));
        if spent_until_ms - now_ms > burst_ms {
            return false;
        }
        self.full_at_ms = spent_until_ms;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_one_frame_per_interval() {
        let limits = Limits { control_burst: 3, control_interval_ms: 100, ..Limits::default() };
        let mut budget = ControlBudget::default();
        let taken: Vec<bool> = (0..5).map(|_| budget.take(&limits, 1_000)).collect();
        assert_eq!(taken, [true, true, true, false, false]);
        assert!(!budget.take(&limits, 1_099));
        assert!(budget.take(&limits, 1_100));
        assert!(!budget.take(&limits, 1_100));
        let refilled = (0..5).filter(|_| budget.take(&limits, 60_000)).count();
        assert_eq!(refilled, 3);
    }

    #[test]
    fn a_clock_that_steps_back_refuses_nothing_for_longer_than_the_step() {
        let limits = Limits { control_burst: 2, control_interval_ms: 10, ..Limits::default() };
        let mut budget = ControlBudget::default();
        assert!(budget.take(&limits, 1_000));
        assert!(!budget.take(&limits, 500));
        assert!(budget.take(&limits, 1_000));
    }
}
