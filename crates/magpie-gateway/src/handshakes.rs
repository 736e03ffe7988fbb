//! The limit of handshakes per address. Loopback is exempt; behind a trusted proxy the address is
//! the client's, and an IPv6 site counts as one. Bounded: full buckets are forgotten.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use ahash::AHashMap;
use http::HeaderMap;
use magpie_core::Refusal;
use magpie_proto::{ErrorCode, Retry};
use parking_lot::Mutex;

use crate::limiter::{Bucket, Rate};

/// Addresses remembered at once.
const ADDRESSES_MAX: usize = 65_536;

/// Whose request it is: from the peer's address and the `X-Forwarded-For` header, if the peer is a
/// proxy of ours.
#[derive(Clone)]
pub struct ClientAddress(Arc<Rule>);

type Rule = dyn Fn(IpAddr, Option<&str>) -> IpAddr + Send + Sync;

impl ClientAddress {
    /// A rule of the composition root.
    pub fn new(rule: impl Fn(IpAddr, Option<&str>) -> IpAddr + Send + Sync + 'static) -> Self {
        Self(Arc::new(rule))
    }

    /// The client behind a request.
    #[must_use]
    pub fn of(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let forwarded = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
        (self.0)(peer, forwarded)
    }
}

impl Default for ClientAddress {
    fn default() -> Self {
        Self::new(|peer, _| peer)
    }
}

impl fmt::Debug for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientAddress")
    }
}

/// The buckets.
#[derive(Default)]
pub struct Handshakes {
    buckets: Mutex<AHashMap<IpAddr, Bucket>>,
}

impl Handshakes {
    /// Takes a handshake of this address.
    ///
    /// # Errors
    /// `rate_limited` with the wait.
    pub fn admit(&self, address: IpAddr, rate: Rate, now_ms: u64) -> Result<(), Refusal> {
        // A socket that listens on IPv6 sees every IPv4 client inside one /64.
        let address = address.to_canonical();
        if address.is_loopback() {
            return Ok(());
        }
        let mut buckets = self.buckets.lock();
        if buckets.len() >= ADDRESSES_MAX {
            buckets.retain(|_, bucket| !bucket.is_full(now_ms));
        }
        let bucket = buckets.entry(network(address)).or_default();
        bucket.take(rate, now_ms).map_err(|wait_ms| Refusal {
            code: ErrorCode::RateLimited,
            retry: Retry::AfterMs(wait_ms),
            message: format!("at most {} handshakes a second from one address", rate.per_second),
        })
    }
}

/// An IPv6 site is a /64: whoever has one has 2^64 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const RATE: Rate = Rate { per_second: 1, burst: 2 };

    fn admitted(handshakes: &Handshakes, address: &str) -> usize {
        let address = address.parse().unwrap();
        (0..5).filter(|_| handshakes.admit(address, RATE, 1_000).is_ok()).count()
    }

    #[test]
    fn each_address_has_its_burst_and_loopback_has_no_limit() {
        let handshakes = Handshakes::default();
        assert_eq!(admitted(&handshakes, "203.0.113.1"), 2);
        assert_eq!(admitted(&handshakes, "203.0.113.2"), 2);
        assert_eq!(admitted(&handshakes, "127.0.0.1"), 5);
        assert_eq!(admitted(&handshakes, "::1"), 5);
    }

    #[test]
    fn an_ipv6_site_counts_as_one_address() {
        let handshakes = Handshakes::default();
        assert_eq!(admitted(&handshakes, "2001:db8::1"), 2);
        assert_eq!(admitted(&handshakes, "2001:db8::2"), 0);
        assert_eq!(admitted(&handshakes, "2001:db8:0:1::1"), 2);
    }

    #[test]
    fn ipv4_clients_of_an_ipv6_listener_do_not_share_one_bucket() {
        let handshakes = Handshakes::default();
        assert_eq!(admitted(&handshakes, "::ffff:203.0.113.1"), 2);
        assert_eq!(admitted(&handshakes, "::ffff:203.0.113.2"), 2);
        assert_eq!(admitted(&handshakes, "203.0.113.1"), 0, "the same client by either way");
        assert_eq!(admitted(&handshakes, "::ffff:127.0.0.1"), 5);
    }

    #[test]
    fn a_refusal_says_how_long_to_wait() {
        let handshakes = Handshakes::default();
        let address = "203.0.113.1".parse().unwrap();
        let refused = (0..3).find_map(|_| handshakes.admit(address, RATE, 1_000).err());
        assert_eq!(refused.unwrap().retry, Retry::AfterMs(1_000));
    }
}
