//! Frames about conversations: pages of history, of changes and of the list, the caller's private
//! state and his drafts.

use crate::{ConversationId, Seq};

use super::{
    ClientOp, Head, INTEGER_MAX, Rest,
    fields::{Fault, bad, conversation, limit, seq},
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

/// A page of places that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changes {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// After which of its changes.
    pub after: u64,
    /// Places wanted, 1 to 200.
    pub limit: u32,
}

/// What was typed and not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Where.
    pub conversation: ConversationId,
    /// The text; empty forgets the draft, unless it answers something.
    pub text: String,
    /// The message that it answers.
    pub reply_to: Option<Seq>,
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
    Ok(History { conversation: conversation(head)?, edge, limit: limit(rest.limit)? })
}

pub(super) fn inbox(rest: &Rest) -> Result<ClientOp, Fault> {
    let before = match &rest.before {
        None | Some(serde_json::Value::Null) => None,
        Some(serde_json::Value::String(mark)) => Some(mark.clone()),
        Some(_) => return Err(bad("\"before\" must be the mark of the page before")),
    };
    limit(rest.limit)?;
    Ok(ClientOp::Inbox { before, limit: rest.limit })
}

pub(super) fn set(head: &Head<'_>, change: Change) -> Result<ClientOp, Fault> {
    Ok(ClientOp::Set { conversation: conversation(head)?, change })
}

pub(super) fn changes(head: &Head<'_>, rest: &Rest) -> Result<Changes, Fault> {
    let after = rest.after.ok_or_else(|| bad("\"after\" (the rev you have) is missing"))?;
    if after > INTEGER_MAX {
        return Err(bad("\"after\" must be below 2^53"));
    }
    Ok(Changes { conversation: conversation(head)?, after, limit: limit(rest.limit)? })
}

pub(super) fn draft(head: &Head<'_>, rest: Rest) -> Result<Draft, Fault> {
    let text = rest.x.ok_or_else(|| bad("\"x\" (the text, \"\" to forget it) is missing"))?;
    let reply_to = rest.re.map(|re| seq(Some(re), "re")).transpose()?;
    Ok(Draft { conversation: conversation(head)?, text, reply_to })
}
