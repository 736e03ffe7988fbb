//! What the server says by itself, as one enum. A type that this client does not know comes as
//! [`Event::Unknown`], so that nothing is lost and nothing breaks.

use serde::Deserialize;
use serde_json::Value;

use crate::{Body, CallEvent, ClientError, Item, Message, ServerError, SignalEvent, Sync};

/// A server-initiated frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A page of the resume.
    Sync(Box<Sync>),
    /// A new message.
    Message(Box<Message>),
    /// The user's private state of a conversation has changed on some device.
    ConversationState(ConversationState),
    /// The user has hidden a message on some device.
    MessageHidden(HiddenMessage),
    /// A message was recalled, edited or reacted to.
    Changed(Box<ChangeEvent>),
    /// The user has typed something on another device.
    Draft(DraftEvent),
    /// Someone has received or read.
    Receipt(ReceiptEvent),
    /// Someone is typing.
    Typing(TypingEvent),
    /// Someone came or went.
    Presence(PresenceEvent),
    /// A channel's value.
    Push(PushEvent),
    /// To everyone connected.
    Broadcast(BroadcastEvent),
    /// A call rings, was answered, has moved to another connection, or is over.
    Call(Box<CallEvent>),
    /// From the other side of a call.
    Signal(SignalEvent),
    /// An error that answers no request.
    Error(ServerError),
    /// A type of a newer server.
    Unknown(Value),
}

impl Event {
    /// Whether the server counts it in `n` of its pongs.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        matches!(
            self,
            Self::Message(_)
                | Self::ConversationState(_)
                | Self::MessageHidden(_)
                | Self::Changed(_)
        )
    }

    /// Reads an event of type `t`.
    pub(crate) fn read(t: &str, text: &str) -> Result<Self, ClientError> {
        let bad = |error: serde_json::Error| ClientError::Frame(format!("{t}: {error}"));
        Ok(match t {
            "sync" => {
                let mut sync: Sync = serde_json::from_str(text).map_err(bad)?;
                sync.frame_bytes = text.len();
                Self::Sync(Box::new(sync))
            }
            "msg" => Self::Message(serde_json::from_str(text).map_err(bad)?),
            "conv.state" => Self::ConversationState(serde_json::from_str(text).map_err(bad)?),
            "msg.hidden" => Self::MessageHidden(serde_json::from_str(text).map_err(bad)?),
            "msg.change" => Self::Changed(serde_json::from_str(text).map_err(bad)?),
            "conv.draft" => Self::Draft(serde_json::from_str(text).map_err(bad)?),
            "receipt" => Self::Receipt(serde_json::from_str(text).map_err(bad)?),
            "typing" => Self::Typing(serde_json::from_str(text).map_err(bad)?),
            "presence" => Self::Presence(serde_json::from_str(text).map_err(bad)?),
            "push" => Self::Push(serde_json::from_str(text).map_err(bad)?),
            "broadcast" => Self::Broadcast(serde_json::from_str(text).map_err(bad)?),
            "call" => Self::Call(serde_json::from_str(text).map_err(bad)?),
            "call.signal" => Self::Signal(serde_json::from_str(text).map_err(bad)?),
            "error" => Self::Error(serde_json::from_str(text).map_err(bad)?),
            _ => Self::Unknown(serde_json::from_str(text).map_err(bad)?),
        })
    }
}

/// The user's private state of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ConversationState {
    /// Which.
    pub c: String,
    /// Read up to here.
    pub read: u64,
    /// Deleted on this side up to here.
    pub cleared: u64,
    /// In the list when `head > hidden`; -1: opened without messages.
    pub hidden: i64,
    /// On top of the list.
    pub pin: bool,
    /// No sound.
    pub mute: bool,
    /// Messages of others that were not read.
    pub unread: u64,
}

/// A message hidden on the user's own side.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HiddenMessage {
    /// Its conversation.
    pub c: String,
    /// Its place.
    pub seq: u64,
}

/// A message was changed for everyone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ChangeEvent {
    /// Its conversation.
    pub c: String,
    /// The conversation's number of this change: 1, 2, 3, ... without gaps.
    pub rev: u64,
    /// Its place.
    pub seq: u64,
    /// `recall`, `edit` or `react`.
    pub kind: String,
    /// Who did it.
    pub by: String,
    /// When, Unix ms.
    pub ts: u64,
    /// The place as it is now.
    pub item: Item,
}

/// What the user has typed and not sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DraftEvent {
    /// Where.
    pub c: String,
    /// The text; empty: none.
    pub x: String,
    /// The message that it answers.
    #[serde(default)]
    pub re: Option<u64>,
    /// When, Unix ms.
    pub ts: u64,
}

/// Cumulative marks of a member; 0 says nothing about that mark.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReceiptEvent {
    /// Where.
    pub c: String,
    /// Who.
    pub user: String,
    /// Received up to here.
    pub delivered: u64,
    /// Read up to here.
    pub read: u64,
}

/// Someone is typing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TypingEvent {
    /// Where.
    pub c: String,
    /// Who.
    pub user: String,
}

/// Someone came or went.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PresenceEvent {
    /// Who.
    pub user: String,
    /// Has a connection.
    pub online: bool,
    /// When he was last seen, Unix ms.
    pub last_seen: u64,
}

/// A channel's value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PushEvent {
    /// Name.
    pub channel: String,
    /// Version; 0: not stored.
    pub version: u64,
    /// When it was published, Unix ms.
    pub ts: u64,
    /// The value.
    pub data: Value,
    /// Values lost before this one.
    #[serde(default)]
    pub dropped: u64,
}

/// A passing message to everyone connected.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct BroadcastEvent {
    /// Who; absent: the system.
    #[serde(default)]
    pub from: Option<String>,
    /// What.
    pub b: Body,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_type_of_a_newer_server_is_handed_over_as_it_is() {
        let event = Event::read("later", r#"{"t":"later","z":1}"#).unwrap();
        assert!(matches!(event, Event::Unknown(value) if value["z"] == 1));
    }

    #[test]
    fn a_broken_event_is_named_with_its_type() {
        let error = Event::read("typing", r#"{"t":"typing"}"#).unwrap_err();
        assert!(error.to_string().contains("typing: missing field"), "{error}");
    }

    #[test]
    fn only_stored_events_count_as_durable() {
        let hidden = Event::read("msg.hidden", r#"{"c":"1","seq":2}"#).unwrap();
        let typing = Event::read("typing", r#"{"c":"1","user":"a"}"#).unwrap();
        assert!(hidden.is_durable() && !typing.is_durable());
    }
}
