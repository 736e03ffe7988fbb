//! What an API key may do: a small set of named scopes.
//! Only names and set operations; who asks for which scope is decided by the HTTP API.

use std::fmt;

use crate::SetupError;

/// One thing an API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Create, read and ban users.
    Users,
    /// Make user tokens.
    Tokens,
    /// Send and read messages.
    Messages,
    /// Read and change conversations.
    Conversations,
    /// Read who is online.
    Presence,
    /// Push to a user's channels.
    Push,
    /// Send to everyone.
    Broadcast,
    /// Close a user's connections.
    Kick,
    /// Everything, now and later. Written `admin` or `*`.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 9] = [
        Self::Users,
        Self::Tokens,
        Self::Messages,
        Self::Conversations,
        Self::Presence,
        Self::Push,
        Self::Broadcast,
        Self::Kick,
        Self::Admin,
    ];

    /// The name in files and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Tokens => "tokens",
            Self::Messages => "messages",
            Self::Conversations => "conversations",
            Self::Presence => "presence",
            Self::Push => "push",
            Self::Broadcast => "broadcast",
            Self::Kick => "kick",
            Self::Admin => "admin",
        }
    }

    /// All names, for an error text.
    #[must_use]
    pub fn names() -> String {
        let names: Vec<_> = Self::ALL.iter().map(|scope| scope.as_str()).collect();
        format!("{}, *", names.join(", "))
    }

    /// Reads a name.
    ///
    /// # Errors
    /// [`SetupError::UnknownScope`] with the list of names.
    pub fn parse(text: &str) -> Result<Self, SetupError> {
        if text == "*" {
            return Ok(Self::Admin);
        }
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| SetupError::UnknownScope { found: text.to_owned() })
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u16);

impl Scopes {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self(Scope::Admin.bit())
    }

    /// Exactly these.
    #[must_use]
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, scope| bits | scope.bit()))
    }

    /// Reads a list of names.
    ///
    /// # Errors
    /// [`SetupError::UnknownScope`] names the first one that does not exist.
    pub fn parse<S: AsRef<str>>(names: &[S]) -> Result<Self, SetupError> {
        names.iter().try_fold(Self::default(), |set, name| {
            Scope::parse(name.as_ref()).map(|scope| Self(set.0 | scope.bit()))
        })
    }

    /// Whether the set allows this scope; `admin` allows all.
    #[must_use]
    pub fn allows(self, scope: Scope) -> bool {
        self.0 & (scope.bit() | Scope::Admin.bit()) != 0
    }

    /// The names, for a file or a list.
    #[must_use]
    pub fn to_names(self) -> Vec<&'static str> {
        let held = |scope: &Scope| self.0 & scope.bit() != 0;
        Scope::ALL.into_iter().filter(held).map(Scope::as_str).collect()
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.to_names()).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_key_may_do_what_it_names_and_nothing_else() {
        let set = Scopes::parse(&["push", "presence"]).unwrap();
        for scope in Scope::ALL {
            assert_eq!(
                set.allows(scope),
                matches!(scope, Scope::Push | Scope::Presence),
                "{scope:?}"
            );
        }
        assert_eq!(set, Scopes::of(&[Scope::Presence, Scope::Push]));
        assert_eq!(set.to_names(), ["presence", "push"]);
    }

    #[test]
    fn star_and_admin_allow_everything_and_the_empty_set_nothing() {
        for names in [["*"], ["admin"]] {
            let set = Scopes::parse(&names).unwrap();
            assert!(Scope::ALL.into_iter().all(|scope| set.allows(scope)));
        }
        assert!(!Scope::ALL.into_iter().any(|scope| Scopes::default().allows(scope)));
    }

    #[test]
    fn an_unknown_scope_is_refused_with_the_names_that_exist() {
        let text = Scopes::parse(&["Push"]).unwrap_err().to_string();
        assert!(text.contains("\"Push\"") && text.contains("push, broadcast"), "{text}");
    }
}
