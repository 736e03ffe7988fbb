//! An address or a network of addresses, as written in `server.trusted_proxies`.

use std::{fmt, net::IpAddr, str::FromStr};

use super::setting::{Raw, Setting, quote};

/// One address or one network in CIDR form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyNet {
    address: IpAddr,
    prefix_bits: u8,
}

impl ProxyNet {
    /// Whether the network holds this address. IPv4 in IPv6 clothes counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(found)) => same_head(
                u128::from(net.to_bits()) << 96,
                u128::from(found.to_bits()) << 96,
                self.prefix_bits,
            ),
            (IpAddr::V6(net), IpAddr::V6(found)) => {
                same_head(net.to_bits(), found.to_bits(), self.prefix_bits)
            }
            _ => false,
        }
    }
}

fn same_head(a: u128, b: u128, bits: u8) -> bool {
    let differing = a ^ b;
    differing.leading_zeros() >= u32::from(bits)
}

impl FromStr for ProxyNet {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(drop)?;
        let longest: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = prefix.map_or(Ok(longest), str::parse).map_err(drop)?;
        if prefix_bits > longest { Err(()) } else { Ok(Self { address, prefix_bits }) }
    }
}

impl fmt::Display for ProxyNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = if self.address.is_ipv4() { 32 } else { 128 };
        if self.prefix_bits == longest {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.prefix_bits)
        }
    }
}

impl Setting for ProxyNet {
    const KIND: &'static str = "an address or a network, like 127.0.0.1 or 10.0.0.0/8";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let wrong = || raw.expected(Self::KIND);
        String::read(raw).ok().ok_or_else(wrong)?.trim().parse().map_err(|()| wrong())
    }

    fn show(&self) -> Option<String> {
        Some(quote(&self.to_string()))
    }
}

/// Whose request this is: the last address of `X-Forwarded-For` that is not one of our proxies.
/// Without trust in the peer the header is the peer's own invention and says nothing.
#[must_use]
pub fn client_address(peer: IpAddr, forwarded_for: Option<&str>, proxies: &[ProxyNet]) -> IpAddr {
    let trusted = |address: IpAddr| proxies.iter().any(|net| net.contains(address));
    let mut client = peer;
    for hop in forwarded_for.unwrap_or_default().rsplit(',') {
        match hop.trim().parse::<IpAddr>() {
            Ok(hop) if trusted(client) => client = hop.to_canonical(),
            _ => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_network_holds_exactly_its_own_addresses() {
        let holds = |net: &str, address: &str| {
            net.parse::<ProxyNet>().unwrap().contains(address.parse().unwrap())
        };
        assert!(holds("10.0.0.0/8", "10.255.0.1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("127.0.0.1", "127.0.0.1"));
        assert!(!holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("127.0.0.1", "::ffff:127.0.0.1"));
        assert!(holds("0.0.0.0/0", "8.8.8.8"));
        assert!(!holds("0.0.0.0/0", "::1"));
        assert!(holds("fd00::/8", "fd12::1"));
        assert!(!holds("fd00::/8", "fe12::1"));
        assert!(holds("::/0", "::1"));
    }

    #[test]
    fn only_our_own_proxies_may_say_whose_request_it_is() {
        let proxies = ["127.0.0.1".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let client = |peer: &str, header: Option<&str>| {
            client_address(peer.parse().unwrap(), header, &proxies).to_string()
        };
        assert_eq!(client("127.0.0.1", None), "127.0.0.1");
        assert_eq!(client("127.0.0.1", Some("1.2.3.4")), "1.2.3.4");
        assert_eq!(client("127.0.0.1", Some("1.2.3.4, 10.0.0.7")), "1.2.3.4");
        assert_eq!(client("127.0.0.1", Some("6.6.6.6, 1.2.3.4, 10.0.0.7")), "1.2.3.4");
        assert_eq!(client("127.0.0.1", Some("1.2.3.4, nonsense")), "127.0.0.1");
        assert_eq!(client("9.9.9.9", Some("1.2.3.4")), "9.9.9.9");
        assert_eq!(client("::ffff:127.0.0.1", Some("fd00::1")), "fd00::1");
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in
            ["", "localhost", "10.0.0.0/33", "::1/129", "10.0.0.0/", "10.0.0.0/a", "10.0.0/8"]
        {
            assert_eq!(text.parse::<ProxyNet>(), Err(()), "{text}");
        }
    }
}
