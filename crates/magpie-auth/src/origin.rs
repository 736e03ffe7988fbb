//! Which pages may open sockets and call the API from a browser: an exact allow-list of origins.
//! Compares whole origins, never prefixes or suffixes. Proves nothing about who the user is.

use crate::{OriginError, SetupError};

/// An origin in its one form: lower case, without the scheme's own port.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

/// The allow-list.
#[derive(Debug, Clone)]
pub struct OriginPolicy {
    listed: Vec<Origin>,
    null: bool,
    any: bool,
    same_origin: bool,
}

impl Default for OriginPolicy {
    fn default() -> Self {
        Self { listed: Vec::new(), null: false, any: false, same_origin: true }
    }
}

impl OriginPolicy {
    /// Reads the list: entries like `https://chat.example.com` or `http://localhost:5173`, the word
    /// `null`, or `*` for every page. With `same_origin` a page served under the very host it
    /// connects to is allowed without being listed.
    ///
    /// # Errors
    /// [`SetupError::BadOrigin`] names the entry and what is wrong with it.
    pub fn new<S: AsRef<str>>(entries: &[S], same_origin: bool) -> Result<Self, SetupError> {
        let mut policy = Self { same_origin, ..Self::default() };
        for entry in entries {
            let entry = entry.as_ref();
            match entry {
                "*" => policy.any = true,
                "null" => policy.null = true,
                _ => policy.listed.push(parse(entry).ok_or_else(|| refused_entry(entry))?),
            }
        }
        Ok(policy)
    }

    /// Whether every page is allowed; worth a warning at start.
    #[must_use]
    pub fn allows_any(&self) -> bool {
        self.any
    }

    /// Judges a request by its `Origin` and `Host` headers. Without an origin it does not come from
    /// a browser's page (mini-programs, backends) and is allowed: its token decides.
    ///
    /// # Errors
    /// [`OriginError`] says why the page is refused.
    pub fn check(&self, origin: Option<&str>, host: Option<&str>) -> Result<(), OriginError> {
        let Some(origin) = origin else { return Ok(()) };
        if self.any {
            return Ok(());
        }
        if origin == "null" {
            return if self.null { Ok(()) } else { Err(OriginError::Null) };
        }
        let origin = parse(origin).ok_or(OriginError::Malformed)?;
        let listed = self.listed.contains(&origin);
        if listed || (self.same_origin && host.is_some_and(|host| origin.is_served_by(host))) {
            return Ok(());
        }
        Err(OriginError::NotListed)
    }
}

impl Origin {
    /// Whether the `Host` header names this origin. It has no scheme (a proxy may have ended TLS),
    /// so a missing port means the one of the page's own scheme.
    fn is_served_by(&self, host: &str) -> bool {
        ["http", "https"].contains(&self.scheme.as_str())
            && parse(&format!("{}://{host}", self.scheme)).is_some_and(|served| served == *self)
    }
}

fn parse(text: &str) -> Option<Origin> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let scheme_fits = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !scheme_fits {
        return None;
    }
    let (host, port) = split_port(rest)?;
    let port = match port {
        None => None,
        // "+80" parses as a number and is none.
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse::<u16>().ok()?)
        }
        Some(_) => return None,
    };
    let own_port = match scheme.as_str() {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    };
    let port = port.filter(|port| Some(*port) != own_port);
    Some(Origin { scheme, host: host.to_ascii_lowercase(), port })
}

/// Splits `host[:port]`, where the host may be an IPv6 address in brackets.
fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, behind) = rest.split_once(']')?;
        address.parse::<std::net::Ipv6Addr>().ok()?;
        let host = &text[..address.len() + 2];
        return match behind.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None if behind.is_empty() => Some((host, None)),
            None => None,
        };
    }
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let host_fits = !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    host_fits.then_some((host, port))
}

fn refused_entry(entry: &str) -> SetupError {
    let reason = if entry.contains('*') {
        "wildcards inside an origin are not supported: list each origin, or \"*\" alone for \
            every page"
    } else if entry.ends_with('/') {
        "an origin has no path: remove the slash at the end"
    } else if !entry.contains("://") {
        "the scheme is missing: write it like https://chat.example.com"
    } else {
        "it must be scheme://host[:port] and nothing else; write international names in their \
            xn-- form"
    };
    SetupError::BadOrigin { entry: entry.to_owned(), reason }
}
