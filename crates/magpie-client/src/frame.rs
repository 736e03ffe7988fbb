//! The frames of protocol v1 as types. Fields that a newer server adds are ignored, so that an
//! older client keeps working.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A message body: kind, text, and whatever the kind adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Kind: `text`, `image`, ...
    pub k: String,
    /// The text, or the fallback text of another kind.
    pub x: String,
    /// What else the kind has.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Body {
    /// A plain text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self { k: "text".to_owned(), x: text.to_owned(), more: Map::new() }
    }
}

/// Reply to `hello`.
#[derive(Debug, Clone, Deserialize)]
pub struct Ready {
    /// Name and version of the server.
    pub server: String,
    /// Who signed in.
    pub user: UserInfo,
    /// Identity of the server's history.
    pub epoch: String,
    /// Number of this connection.
    pub conn: String,
    /// How often to ping.
    pub heartbeat_ms: u64,
    /// What the server takes.
    pub limits: Limits,
    /// What the server has and this connection uses; only for a client that asked for something.
    #[serde(default)]
    pub features: Option<Vec<String>>,
    /// The server's clock, Unix ms.
    pub now: u64,
    /// When the token expires, Unix ms; 0: never.
    pub expires: u64,
}

/// Limits of a connection.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Limits {
    /// Largest body.
    pub body_bytes: usize,
    /// Requests without an answer, beyond which the server reads no more.
    pub in_flight: usize,
    /// Messages a second and user.
    pub messages_per_s: u32,
    /// Entries in one list.
    pub list: usize,
    /// How long a message can be recalled; this and what follows are told to clients that named an
    /// ability.
    #[serde(default)]
    pub recall_ms: Option<u64>,
    /// How long a text can be edited.
    #[serde(default)]
    pub edit_ms: Option<u64>,
    /// Longest draft.
    #[serde(default)]
    pub draft_bytes: Option<usize>,
    /// Largest upload; 0: none.
    #[serde(default)]
    pub media_bytes: Option<u64>,
}

/// A user as others see him.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UserInfo {
    /// Id.
    pub id: String,
    /// Name to show.
    pub name: String,
    /// Address of a picture, or empty.
    #[serde(default)]
    pub avatar: String,
    /// `user`, `agent`, `bot` or `admin`.
    pub role: String,
}

/// Reply to a send: the message is durable.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ack {
    /// Its conversation.
    pub c: String,
    /// Its global id.
    pub id: String,
    /// Its place in the conversation.
    pub seq: u64,
    /// When the server took it, Unix ms.
    pub ts: u64,
    /// It had been stored before, by an earlier send with the same key.
    #[serde(default)]
    pub dup: bool,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Message {
    /// Its conversation.
    pub c: String,
    /// Its place in the conversation.
    pub seq: u64,
    /// Its global id.
    pub id: String,
    /// Who sent it.
    pub from: String,
    /// When the server took it, Unix ms.
    pub ts: u64,
    /// What.
    pub b: Body,
    /// The sender's key, on the sender's own devices.
    #[serde(default)]
    pub cid: Option<String>,
    /// The conversation's number of its last change; absent: never changed.
    #[serde(default)]
    pub rev: Option<u64>,
    /// When its text was changed last, Unix ms.
    #[serde(default)]
    pub edited: Option<u64>,
    /// Emoji with those who put them there, in the order of first use.
    #[serde(default)]
    pub reactions: Vec<(String, Vec<String>)>,
}

/// A place in a dense history.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Item {
    /// A message.
    Message(Message),
    /// Nothing to see at these places.
    Gone {
        /// First place.
        from: u64,
        /// Last place.
        to: u64,
        /// `recalled`, `deleted` or `expired`.
        gone: String,
        /// Whose recalled messages these were.
        #[serde(default)]
        by: Option<String>,
    },
}

impl Item {
    /// First and last place.
    #[must_use]
    pub fn span(&self) -> (u64, u64) {
        match self {
            Self::Message(message) => (message.seq, message.seq),
            Self::Gone { from, to, .. } => (*from, *to),
        }
    }

    /// The message, if there is one.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        match self {
            Self::Message(message) => Some(message),
            Self::Gone { .. } => None,
        }
    }
}

/// A conversation in the list, in a resume or in a reply.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Conversation {
    /// Id.
    pub c: String,
    /// `direct`, `group` or `desk`.
    pub kind: String,
    /// The other user.
    #[serde(default)]
    pub peer: Option<UserInfo>,
    /// Newest place.
    pub head: u64,
    /// Shared changes so far.
    pub rev: u64,
    /// Time of the newest message, Unix ms.
    pub ts: u64,
    /// Messages of others that were not read.
    pub unread: u64,
    /// Read up to here.
    pub read: u64,
    /// Deleted on this side up to here.
    pub cleared: u64,
    /// Received up to here, on any device.
    pub delivered: u64,
    /// Whether it is in the list.
    pub visible: bool,
    /// On top of the list.
    pub pin: bool,
    /// No sound.
    pub mute: bool,
    /// What the other side has read.
    pub peer_read: u64,
    /// What the other side has received.
    pub peer_delivered: u64,
    /// Newest visible message.
    #[serde(default)]
    pub last: Option<Message>,
    /// In a resume: what was missed, oldest first.
    #[serde(default)]
    pub items: Vec<Item>,
    /// In a resume: older missed places to page in.
    #[serde(default)]
    pub hole: Option<(u64, u64)>,
    /// What the user has typed and not sent.
    #[serde(default)]
    pub draft: Option<Draft>,
    /// In a resume: not all places that changed after this rev were sent.
    #[serde(default)]
    pub changes: Option<u64>,
}

/// What a user has typed and not sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Draft {
    /// The text.
    pub x: String,
    /// The message that it answers.
    #[serde(default)]
    pub re: Option<u64>,
}

/// Places that changed, each once, as they are now.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ChangesPage {
    /// Of which conversation.
    pub c: String,
    /// The page covers the changes up to here.
    pub rev: u64,
    /// Further ones follow.
    pub more: bool,
    /// The places, by their last change.
    pub items: Vec<Item>,
}

/// An installation of an app that the user has signed in on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Device {
    /// Its id.
    pub device: String,
    /// What it calls itself; may be empty.
    pub name: String,
    /// First sign-in, Unix ms.
    pub first_seen: u64,
    /// Last sign-in that was noted, Unix ms.
    pub last_seen: u64,
    /// Connected now.
    pub online: bool,
    /// The one that asks.
    pub current: bool,
}

/// One page of a resume.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Sync {
    /// The server cannot replay: drop the cache, this is a fresh start.
    pub gap: bool,
    /// Another page follows.
    pub more: bool,
    /// Where to resume next time; on the last page.
    #[serde(default)]
    pub cur: Option<String>,
    /// Changed conversations.
    pub convs: Vec<Conversation>,
    /// Bytes of the frame, as it came.
    #[serde(skip)]
    pub frame_bytes: usize,
}

/// A page of history.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct HistoryPage {
    /// Of which conversation.
    pub c: String,
    /// Newest place.
    pub head: u64,
    /// More on the side that was asked for.
    pub more: bool,
    /// Places without holes, oldest first.
    pub items: Vec<Item>,
}

/// A page of the conversation list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct InboxPage {
    /// Conversations.
    pub convs: Vec<Conversation>,
    /// Mark of the next page.
    #[serde(default)]
    pub next: Option<String>,
}

/// Why an unread count is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Unread {
    /// The count.
    pub count: u64,
    /// Places up to here never count.
    pub floor: u64,
    /// Newest place.
    pub head: u64,
    /// Places above the floor and what they do: `counts`, `own`, `void`, `hidden`.
    pub places: Vec<(u64, String)>,
}

/// A channel's last value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ChannelValue {
    /// Name.
    pub channel: String,
    /// Version; 0 when nothing is held.
    pub version: u64,
    /// When it was published, Unix ms.
    pub ts: u64,
    /// The value.
    #[serde(default)]
    pub data: Value,
}

/// Whether someone is there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PresenceState {
    /// Who.
    pub user: String,
    /// Has a connection.
    pub online: bool,
    /// When he was last seen, Unix ms; 0: never.
    pub last_seen: u64,
}

/// Reply to `ping`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pong {
    /// Everything up to here was put on this connection before; absent while a resume runs.
    #[serde(default)]
    pub cur: Option<String>,
    /// Durable events put on this connection since `ready`.
    pub n: u64,
    /// The server's clock, Unix ms.
    pub now: u64,
}

/// An error frame.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ServerError {
    /// Stable code.
    pub code: String,
    /// `never`, `later` or `after_ms`.
    pub retry: String,
    /// When to try again.
    #[serde(default)]
    pub after_ms: Option<u64>,
    /// What was wrong and what to do.
    pub message: String,
}

impl std::fmt::Display for ServerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_message_and_an_empty_place_are_told_apart() {
        let items: Vec<Item> = serde_json::from_str(
            r#"[{"c":"1","seq":3,"id":"i","from":"a","ts":1,"b":{"k":"text","x":"hi","z":1}},
                {"from":4,"to":6,"gone":"deleted"}]"#,
        )
        .unwrap();
        assert_eq!(items[0].span(), (3, 3));
        assert_eq!(items[0].message().unwrap().b.more["z"], 1);
        assert_eq!(items[1].span(), (4, 6));
        assert!(items[1].message().is_none());
    }

    #[test]
    fn fields_of_a_newer_server_are_ignored() {
        let ack: Ack =
            serde_json::from_str(r#"{"t":"ack","r":1,"c":"1","id":"i","seq":1,"ts":2,"new":{}}"#)
                .unwrap();
        assert!(!ack.dup);
    }
}
