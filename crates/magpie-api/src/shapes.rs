//! JSON shapes that several operations share: users, conversations, messages, and the failures
//! that every guarded operation may answer with. Translation from the core's model, no rules.

use std::collections::BTreeMap;

use magpie_core::{
    Dialect, Message, Role, User,
    model::{ChannelValue, Entry, Gone, Item, Reaction, Revision},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

/// What a user may be.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RoleName {
    /// Anybody.
    User,
    /// Answers at the desk.
    Agent,
    /// A program.
    Bot,
    /// Runs the deployment.
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::User => Self::User,
            RoleName::Agent => Self::Agent,
            RoleName::Bot => Self::Bot,
            RoleName::Admin => Self::Admin,
        }
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::User => Self::User,
            Role::Agent => Self::Agent,
            Role::Bot => Self::Bot,
            Role::Admin => Self::Admin,
        }
    }
}

/// One of the five old protocols.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DialectName {
    /// `/wx/{from}/{to}`
    Market,
    /// `/ws/{user}/{target}`
    Miao,
    /// `/websocket/{user}`
    Miniapp,
    /// `/webSocket/{user}/{carwash}`
    Carwash,
    /// `/webSocket/{user}`
    Helpdesk,
}

impl From<DialectName> for Dialect {
    fn from(name: DialectName) -> Self {
        match name {
            DialectName::Market => Self::Market,
            DialectName::Miao => Self::Miao,
            DialectName::Miniapp => Self::Miniapp,
            DialectName::Carwash => Self::Carwash,
            DialectName::Helpdesk => Self::Helpdesk,
        }
    }
}

/// A user as others see him.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonView {
    /// Id.
    #[schema(example = "翠花")]
    id: String,
    /// Shown name; empty means: show the id.
    name: String,
    /// Address of a picture; may be empty.
    avatar: String,
    /// What he may be.
    role: RoleName,
}

impl From<User> for PersonView {
    fn from(user: User) -> Self {
        let User { id, name, avatar, role, .. } = user;
        Self { id: id.to_string(), name, avatar, role: role.into() }
    }
}

/// A user as the owner's backend sees him.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserView {
    #[serde(flatten)]
    person: PersonView,
    /// Signing in is refused.
    banned: bool,
    /// First seen, Unix milliseconds.
    created: u64,
    /// Last moment with a connection, Unix milliseconds; 0 if never.
    last_seen: u64,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        let (banned, created, last_seen) = (user.banned, user.created_ms, user.last_seen_ms);
        Self { person: user.into(), banned, created, last_seen }
    }
}

/// A stored message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageView {
    /// Where it lives.
    #[schema(example = "0b3c8f12d4e5a697")]
    conversation: String,
    /// Its place there.
    seq: u64,
    /// Its global id.
    id: String,
    /// Who sent it.
    from: String,
    /// When the server took it, Unix milliseconds.
    ts: u64,
    /// Kind `k`, text `x`, and what else the sender put in.
    #[schema(value_type = Object)]
    body: Box<RawValue>,
    /// The conversation's number of its last change; absent: never changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<u64>,
    /// When its text was changed last, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    edited: Option<u64>,
    /// Emoji with those who put them there, in the order of first use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<ReactionView>,
}

/// One emoji on a message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReactionView {
    /// The emoji.
    #[schema(example = "👍")]
    emoji: String,
    /// Who put it there, in the order in which they came.
    users: Vec<String>,
}

impl From<Reaction> for ReactionView {
    fn from(reaction: Reaction) -> Self {
        let users = reaction.users.iter().map(ToString::to_string).collect();
        Self { emoji: reaction.emoji.into(), users }
    }
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        let Revision { rev, edited_ms, reactions } =
            message.revision.map(|revision| *revision).unwrap_or_default();
        Self {
            rev: (rev > 0).then_some(rev),
            edited: edited_ms,
            reactions: reactions.into_iter().map(ReactionView::from).collect(),
            conversation: message.conversation.to_string(),
            seq: message.seq,
            id: message.id.to_string(),
            from: message.sender.to_string(),
            ts: message.sent_ms,
            body: raw(message.body.as_json()),
        }
    }
}

/// A place in a history: a message, or a range with nothing to see.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ItemView {
    /// A message.
    Message(MessageView),
    /// Nothing to see at these places (inclusive).
    Gone {
        /// First place.
        from_seq: u64,
        /// Last place.
        to_seq: u64,
        /// `recalled`, `deleted` or `expired`.
        gone: &'static str,
        /// Whose recalled messages these were.
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
}

impl From<Item> for ItemView {
    fn from(item: Item) -> Self {
        match item {
            Item::Message(message) => Self::Message(message.into()),
            Item::Gone { from, to, why } => {
                let gone = why.as_str();
                let by = match why {
                    Gone::Recalled(by) => Some(by.to_string()),
                    _ => None,
                };
                Self::Gone { from_seq: from, to_seq: to, gone, by }
            }
        }
    }
}

/// A conversation as one user sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConversationView {
    /// Its id.
    #[schema(example = "0b3c8f12d4e5a697")]
    conversation: String,
    /// `direct`, `group` or `desk`.
    kind: &'static str,
    /// The other side; absent for a visitor's own desk conversation.
    peer: Option<PersonView>,
    /// Newest place.
    head: u64,
    /// Time of the newest message, Unix milliseconds; 0 if none.
    ts: u64,
    /// Messages of others that this user has not read.
    unread: u64,
    /// Read up to here, on any device.
    read: u64,
    /// Received up to here, on any device.
    delivered: u64,
    /// What the other side has read.
    peer_read: u64,
    /// What the other side has received.
    peer_delivered: u64,
    /// Whether it is in the user's list.
    visible: bool,
    /// On top of the list.
    pinned: bool,
    /// No sound, no badge.
    muted: bool,
    /// Newest message that this user may see.
    last: Option<MessageView>,
}

impl From<Entry> for ConversationView {
    fn from(entry: Entry) -> Self {
        Self {
            conversation: entry.conversation.to_string(),
            kind: entry.conversation.kind().as_str(),
            head: entry.head,
            ts: entry.head_ms,
            unread: entry.unread,
            read: entry.membership.read_seq,
            delivered: entry.delivered_seq,
            peer_read: entry.peer_read_seq,
            peer_delivered: entry.peer_delivered_seq,
            visible: entry.visible(),
            pinned: entry.membership.pinned,
            muted: entry.membership.muted,
            last: entry.last.map(MessageView::from),
            peer: entry.peer.map(PersonView::from),
        }
    }
}

/// The value of a channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelView {
    /// Which channel.
    channel: String,
    /// Rises by one with every stored value.
    version: u64,
    /// When it was published, Unix milliseconds.
    ts: u64,
    /// Not given out from here on, Unix milliseconds.
    hold_until: u64,
    /// What the backend pushed.
    #[schema(value_type = Value)]
    data: Box<RawValue>,
}

impl From<ChannelValue> for ChannelView {
    fn from(value: ChannelValue) -> Self {
        Self {
            channel: value.channel.into(),
            version: value.version,
            ts: value.sent_ms,
            hold_until: value.hold_until_ms,
            data: raw(&value.data),
        }
    }
}

/// JSON text that was checked when it came in; `null` for what was not.
pub(crate) fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Failures of every guarded read.
pub(crate) struct ReadFailures;
/// Failures of every guarded write.
pub(crate) struct WriteFailures;

const READ: [(u16, &str); 7] = [
    (400, "A part of the path, the query or the body cannot be what it says"),
    (401, "No valid API key or token"),
    (403, "The key lacks the scope, or the token belongs to someone else"),
    (404, "No such user, conversation, message or route"),
    (429, "Too many requests with the tokens of this user"),
    (500, "A fault of the server; its log has the reason"),
    (503, "Overloaded, going down, or the store takes nothing"),
];
const WRITE: [(u16, &str); 3] = [
    (413, "The body is too large"),
    (415, "The body is not declared as JSON"),
    (507, "The disk is full: nothing was stored"),
];

impl IntoResponses for ReadFailures {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        failures(&READ)
    }
}

impl IntoResponses for WriteFailures {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        READ.iter().chain(&WRITE).map(failure).collect()
    }
}

/// Failures in the one shape.
pub(crate) fn failures(table: &[(u16, &str)]) -> BTreeMap<String, RefOr<Response>> {
    table.iter().map(failure).collect()
}

fn failure((status, text): &(u16, &str)) -> (String, RefOr<Response>) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
    let response =
        ResponseBuilder::new().description(*text).content("application/json", content).build();
    (status.to_string(), response.into())
}
