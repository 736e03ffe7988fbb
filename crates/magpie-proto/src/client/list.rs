//! Frames about conversations: pages of history and of the list, the caller's private state.

use crate::{ConversationId, Seq};

use super::{
    ClientOp, Head, INTEGER_MAX, Rest,
    fields::{Fault, bad, conversation},
};

/// A page of history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Where the page lies.
    pub edge: Edge,
    /// Messages wanted, 1 to 200.
    pub limit: u32,
}

/// On which side of which message a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The newest page.
    Newest,
    /// Older than this seq.
    Before(Seq),
    /// Newer than this seq.
    After(Seq),
}

/// A change of the caller's private state of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Keep it on top of the list.
    Pin(bool),
    /// No sound, no badge.
    Mute(bool),
    /// Take it out of the list until the next message.
    Hide,
    /// Delete all messages on the caller's side and hide it.
    Delete,
}

pub(super) fn history(head: &Head<'_>, rest: &Rest) -> Result<History, Fault> {
    let before = match &rest.before {
        None | Some(serde_json::Value::Null) => None,
        Some(value) => Some(
            value
                .as_u64()
                .filter(|v| *v <= INTEGER_MAX)
                .ok_or_else(|| bad("\"before\" must be a seq"))?,
        ),
    };
    let edge = match (before, rest.after) {
        (None, None) => Edge::Newest,
        (Some(seq), None) => Edge::Before(seq),
        (None, Some(seq)) if seq <= INTEGER_MAX => Edge::After(seq),
        (None, Some(_)) => return Err(bad("\"after\" must be below 2^53")),
        _ => return Err(bad("give \"before\" or \"after\", not both")),
    };
    let limit = rest.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(bad("\"limit\" is 1 to 200"));
    }
    Ok(History { conversation: conversation(head)?, edge, limit })
}

pub(super) fn inbox(rest: &Rest) -> Result<ClientOp, Fault> {
    let before = match &rest.before {
        None | Some(serde_json::Value::Null) => None,
        Some(serde_json::Value::String(mark)) => Some(mark.clone()),
        Some(_) => return Err(bad("\"before\" must be the mark of the page before")),
    };
    if rest.limit.is_some_and(|limit| !(1..=200).contains(&limit)) {
        return Err(bad("\"limit\" is 1 to 200"));
    }
    Ok(ClientOp::Inbox { before, limit: rest.limit })
}

pub(super) fn set(head: &Head<'_>, change: Change) -> Result<ClientOp, Fault> {
    Ok(ClientOp::Set { conversation: conversation(head)?, change })
}
