//! Who is connected, as far as this deployment knows. The gateway's hub answers for its own node.

use magpie_proto::UserId;

use crate::event::Dialect;

/// A user's presence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Online {
    /// Who.
    pub user: UserId,
    /// Open connections.
    pub connections: u32,
}

/// The presence port.
pub trait Presence: Send + Sync + 'static {
    /// Open connections of a user, of every protocol.
    fn connections(&self, user: &UserId) -> u32;

    /// Open connections of a user that a push on this channel reaches.
    fn reach(&self, user: &UserId, channel: &str) -> u32;

    /// Open connections of one dialect, or of all.
    fn count(&self, dialect: Option<Dialect>) -> u64;

    /// Connected users in id order, after `after`.
    fn online(&self, after: Option<&UserId>, limit: usize) -> Vec<Online>;
}
