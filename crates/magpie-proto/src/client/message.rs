//! Frames about messages: sending, forwarding, and what may happen to one afterwards.

use crate::{Body, CLIENT_MSG_ID_BYTES_MAX, ConversationId, Seq, UserId, ids};

use super::{
    ClientOp, Head, Rest,
    fields::{Fault, bad, body, conversation, on, parse_conversation, required_user, seq, target},
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

/// A change of a stored message.
#[derive(Debug, Clone, PartialEq)]
pub struct Revise {
    /// Where it lives.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// What is done to it.
    pub alter: Alter,
}

/// What is done to a stored message.
#[derive(Debug, Clone, PartialEq)]
pub enum Alter {
    /// Take it back.
    Recall,
    /// Another body.
    Edit(Body),
    /// Put an emoji on it, or take it away.
    React {
        /// Which.
        emoji: Box<str>,
        /// Put or take away.
        on: bool,
    },
}

/// A message to send on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Where it lives.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// Where to.
    pub target: Target,
    /// The idempotency key of the new message.
    pub client_msg_id: Option<Box<str>>,
}

pub(super) fn send(head: &Head<'_>) -> Result<Send, Fault> {
    let client_msg_id = client_msg_id(head)?;
    Ok(Send { target: target(head)?, client_msg_id, body: body(head)? })
}

fn client_msg_id(head: &Head<'_>) -> Result<Option<Box<str>>, Fault> {
    let Some(text) = head.cid.as_deref() else { return Ok(None) };
    ids::check_text(text, CLIENT_MSG_ID_BYTES_MAX).map_err(|e| bad(format!("\"cid\": {e}")))?;
    Ok(Some(text.into()))
}

pub(super) fn revise(head: &Head<'_>, rest: &Rest, alter: Alter) -> Result<ClientOp, Fault> {
    let (conversation, seq) = (conversation(head)?, seq(rest.seq, "seq")?);
    Ok(ClientOp::Revise(Revise { conversation, seq, alter }))
}

pub(super) fn edit(head: &Head<'_>) -> Result<Alter, Fault> {
    body(head).map(Alter::Edit)
}

pub(super) fn react(rest: &Rest) -> Result<Alter, Fault> {
    let emoji = rest.e.as_deref().ok_or_else(|| bad("\"e\" (one emoji) is missing"))?;
    Ok(Alter::React { emoji: emoji.into(), on: on(rest)? })
}

pub(super) fn forward(head: &Head<'_>, rest: &Rest) -> Result<Forward, Fault> {
    let target = match (head.to.as_deref(), rest.into.as_deref()) {
        (Some("desk:"), None) => Target::Desk,
        (to @ Some(_), None) => Target::User(required_user(to, "to")?),
        (None, Some(into)) => Target::Conversation(
            parse_conversation(into)
                .map_err(|(code, why)| (code, why.replace("\"c\"", "\"into\"")))?,
        ),
        _ => {
            let choice =
                "name the receiver with either \"to\" (a user) or \"into\" (a conversation)";
            return Err(bad(choice));
        }
    };
    Ok(Forward {
        conversation: conversation(head)?,
        seq: seq(rest.seq, "seq")?,
        target,
        client_msg_id: client_msg_id(head)?,
    })
}
