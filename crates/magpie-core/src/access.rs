//! The verified caller. Only what a token or API key proved gets in here; ids from paths and
//! bodies never do.

use magpie_proto::UserId;

use crate::{event::Dialect, model::Role};

/// A user that was proved by a token (or accepted in development mode).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// Role out of the store.
    pub role: Role,
    /// May send to everyone.
    pub broadcast: bool,
    /// The door he came through, if a dialect.
    pub dialect: Option<Dialect>,
}

impl Caller {
    /// Whether the caller sees every desk conversation.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        self.role == Role::Agent
    }
}
