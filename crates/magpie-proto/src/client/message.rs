//! Frames about messages: sending.

use crate::{Body, CLIENT_MSG_ID_BYTES_MAX, ConversationId, UserId, ids};

use super::{
    Head,
    fields::{Fault, bad, body, target},
};

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The direct conversation with this user.
    User(UserId),
    /// A conversation by id.
    Conversation(ConversationId),
    /// The customer-service desk: the caller's own desk conversation.
    Desk,
}

/// A message to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Send {
    /// Where to.
    pub target: Target,
    /// The sender's idempotency key.
    pub client_msg_id: Option<Box<str>>,
    /// What.
    pub body: Body,
}

pub(super) fn send(head: &Head<'_>) -> Result<Send, Fault> {
    let client_msg_id = match head.cid.as_deref() {
        None => None,
        Some(text) => {
            ids::check_text(text, CLIENT_MSG_ID_BYTES_MAX)
                .map_err(|e| bad(format!("\"cid\": {e}")))?;
            Some(text.into())
        }
    };
    Ok(Send { target: target(head)?, client_msg_id, body: body(head)? })
}
