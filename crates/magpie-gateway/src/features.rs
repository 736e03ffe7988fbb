//! What a connection has asked for in its hello, and what its token fixes: one byte of it.
//! The server never sends a durable event of a type that the client did not ask for, because the
//! client would not count it.

use magpie_auth::Identity as Token;
use magpie_proto::client::Hello;

use crate::settings::Settings;

/// Abilities of one connection, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features(u8);

/// Abilities that a client can name, with their names on the wire.
const NAMED: [(&str, Features); 2] = [("changes", Features::CHANGES), ("calls", Features::CALLS)];

impl Features {
    /// Is told of recalls, edits and reactions, and counts them.
    pub const CHANGES: Self = Self(1);
    /// Is rung and told of calls.
    pub const CALLS: Self = Self(1 << 1);
    /// Has named any ability: it is told of those that it uses.
    const ASKED: Self = Self(1 << 2);
    /// The token says how the user is called.
    pub const NAME_FIXED: Self = Self(1 << 3);
    /// The token says what the user's picture is.
    pub const AVATAR_FIXED: Self = Self(1 << 4);

    /// What a hello asks for, of what this server has.
    #[must_use]
    pub fn asked(hello: &Hello, settings: &Settings) -> Self {
        let mut asked = Self(0);
        for (name, feature) in NAMED {
            if hello.features.iter().any(|wanted| wanted == name) {
                asked = asked.with(Self::ASKED);
                if feature != Self::CALLS || settings.calls {
                    asked = asked.with(feature);
                }
            }
        }
        asked
    }

    /// What a token fixes, beside what it was.
    #[must_use]
    pub fn fixed_by(self, token: &Token) -> Self {
        let mut fixed = self;
        if token.name.is_some() {
            fixed = fixed.with(Self::NAME_FIXED);
        }
        if token.avatar.is_some() {
            fixed = fixed.with(Self::AVATAR_FIXED);
        }
        fixed
    }

    /// Both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is among it.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits, to be kept in a byte.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// From the bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// For `ready`: what the server has and this connection uses. `None` for a client that asked
    /// for nothing: its `ready` stays as it always was.
    #[must_use]
    pub fn used(self, settings: &Settings) -> Option<Vec<&'static str>> {
        if !self.has(Self::ASKED) {
            return None;
        }
        let named = NAMED.iter().filter(|(_, feature)| self.has(*feature)).map(|(name, _)| *name);
        Some(named.chain((settings.media_bytes_max > 0).then_some("media")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(features: &[&str]) -> Hello {
        Hello { features: features.iter().map(|&name| name.into()).collect(), ..Hello::default() }
    }

    #[test]
    fn a_client_gets_what_it_asks_for_of_what_the_server_has() {
        let mut settings = Settings::default();
        let used = |names: &[&str], settings: &Settings| {
            Features::asked(&hello(names), settings).used(settings)
        };
        assert_eq!(used(&[], &settings), None);
        assert_eq!(used(&["later"], &settings), None);
        assert_eq!(used(&["changes", "calls", "later"], &settings), Some(vec!["changes"]));
        assert_eq!(used(&["calls"], &settings), Some(vec![]));
        settings.calls = true;
        settings.media_bytes_max = 1;
        assert_eq!(used(&["calls", "changes"], &settings), Some(vec!["changes", "calls", "media"]));
    }
}
