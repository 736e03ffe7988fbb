//! The rules that an owner sets. Values come from the configuration, once, at start.

use crate::{call, event::Dialect};

/// Settings of the core.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Create receivers that nobody has heard of.
    pub create_unknown_users: bool,
    /// Stranger limit of native sends; `None`: off.
    pub stranger_limit: Option<u32>,
    /// Stranger limit of market sends; `None`: off.
    pub market_stranger_limit: Option<u32>,
    /// How long a pushed value is held when the publisher does not say.
    pub push_hold_ms: u64,
    /// The same for values that are replayed until delivered: payment results and the like.
    pub carwash_hold_ms: u64,
    /// Most bytes of a pushed value.
    pub push_bytes_max: usize,
    /// How long a sender may take a message back.
    pub recall_window_ms: u64,
    /// How long a sender may edit a message.
    pub edit_window_ms: u64,
    /// Calls between users.
    pub calls: call::Rules,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            create_unknown_users: false,
            stranger_limit: None,
            market_stranger_limit: Some(3),
            push_hold_ms: 86_400_000,
            carwash_hold_ms: 600_000,
            push_bytes_max: 65_536,
            recall_window_ms: 120_000,
            edit_window_ms: 86_400_000,
            calls: call::Rules::default(),
        }
    }
}

impl Policy {
    /// The stranger limit for sends that enter through this door.
    #[must_use]
    pub fn stranger_limit(&self, dialect: Option<Dialect>) -> Option<u32> {
        if dialect == Some(Dialect::Market) {
            self.market_stranger_limit
        } else {
            self.stranger_limit
        }
    }
}
