//! How often one user may ask with tokens of his own. A bounded table of the times at which each
//! one's allowance would be whole again; takes the time, owns no clock.

use std::collections::HashMap;

use magpie_core::Refusal;
use magpie_proto::{ErrorCode, Retry, UserId};
use parking_lot::Mutex;

use crate::state::Limits;

/// Users that are remembered before those whose allowance is whole are forgotten.
const USERS_MAX: usize = 65_536;

/// Everyone's allowance.
#[derive(Default)]
pub(crate) struct Rates {
    whole_at_us: Mutex<HashMap<UserId, u64>>,
}

impl Rates {
    /// Takes one request out of a user's allowance.
    ///
    /// # Errors
    /// `rate_limited`, with the time until there is one.
    pub(crate) fn take(&self, user: &UserId, limits: Limits, now_ms: u64) -> Result<(), Refusal> {
        let interval_us = 1_000_000 / u64::from(limits.user_requests_per_s.max(1));
        let burst_us = interval_us * u64::from(limits.user_requests_burst.max(1));
        let now_us = now_ms.saturating_mul(1_000);
        let mut users = self.whole_at_us.lock();
        if users.len() >= USERS_MAX {
            users.retain(|_, whole_at_us| *whole_at_us > now_us);
        }
        let next_us = users.get(user).copied().unwrap_or_default().max(now_us) + interval_us;
        if next_us - now_us > burst_us {
            let wait_ms = (next_us - now_us - burst_us).div_ceil(1_000);
            return Err(Refusal {
                code: ErrorCode::RateLimited,
                retry: Retry::AfterMs(u32::try_from(wait_ms).unwrap_or(u32::MAX)),
                message: format!("at most {} requests a second", limits.user_requests_per_s),
            });
        }
        users.insert(user.clone(), next_us);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_allowance_is_each_users_own_and_comes_back_with_time() {
        let (rates, limits) = (
            Rates::default(),
            Limits { user_requests_per_s: 10, user_requests_burst: 2, ..Limits::default() },
        );
        let (a, b) = (UserId::parse("a").unwrap(), UserId::parse("b").unwrap());
        let take = |user: &UserId, now_ms| rates.take(user, limits, now_ms);
        assert!(take(&a, 5_000).is_ok() && take(&a, 5_000).is_ok());
        assert_eq!(take(&a, 5_000).unwrap_err().retry, Retry::AfterMs(100));
        assert!(take(&b, 5_000).is_ok());
        assert!(take(&a, 5_100).is_ok());
        assert!(take(&a, 5_100).is_err());
    }

    #[test]
    fn users_whose_allowance_is_whole_are_forgotten_when_there_are_many() {
        let (rates, limits) = (Rates::default(), Limits::default());
        for n in 0..USERS_MAX {
            rates.take(&UserId::parse(&n.to_string()).unwrap(), limits, 1_000).unwrap();
        }
        rates.take(&UserId::parse("later").unwrap(), limits, 10_000).unwrap();
        assert_eq!(rates.whole_at_us.lock().len(), 1);
    }
}
