//! How the core's data looks in native frames. Conversions only: no rule is decided here.

use bytes::Bytes;
use magpie_core::{
    Message, Refusal, Role, User,
    model::{ChannelValue, Entry, Item, Membership, Missed, Unread, UnreadWhy},
};
use magpie_proto::{ConversationId, ErrorCode, Seq, server};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use crate::ws::frame;

pub mod pages;

/// A reply frame with these fields.
///
/// # Errors
/// `internal`, when the fields are no JSON object: a bug.
pub fn reply<T: Serialize>(t: &str, r: Option<u64>, fields: &T) -> Result<Bytes, Refusal> {
    let text = server::reply(t, r, fields).map_err(|error| {
        Refusal::new(ErrorCode::Internal, format!("reply not encoded: {error}"))
    })?;
    Ok(frame::text(&text))
}

/// A user as others see him.
#[derive(Debug, Serialize)]
pub struct UserView<'a> {
    id: &'a str,
    name: &'a str,
    avatar: &'a str,
    role: &'static str,
}

impl<'a> UserView<'a> {
    /// The view of a user.
    #[must_use]
    pub fn of(user: &'a User) -> Self {
        let name = if user.name.is_empty() { user.id.as_str() } else { &user.name };
        Self { id: user.id.as_str(), name, avatar: &user.avatar, role: user.role.as_str() }
    }
}

/// The role that a token claims; a plain user's token leaves the store's role alone.
#[must_use]
pub fn token_role(role: Role) -> Option<Role> {
    (role != Role::User).then_some(role)
}

/// The wire fields of a message.
#[must_use]
pub fn fields(m: &Message) -> server::MessageFields<'_> {
    server::MessageFields {
        conversation: m.conversation,
        seq: m.seq,
        id: m.id,
        from: &m.sender,
        sent_ms: m.sent_ms,
        body: m.body.as_json(),
    }
}

/// A message in a list.
#[derive(Debug)]
pub struct MessageView<'a> {
    message: &'a Message,
    /// The client message id is for the sender only.
    own: bool,
}

impl Serialize for MessageView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let m = self.message;
        let body: &RawValue =
            serde_json::from_str(m.body.as_json()).map_err(serde::ser::Error::custom)?;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("c", &m.conversation.to_string())?;
        map.serialize_entry("seq", &m.seq)?;
        map.serialize_entry("id", &m.id.to_string())?;
        map.serialize_entry("from", m.sender.as_str())?;
        map.serialize_entry("ts", &m.sent_ms)?;
        map.serialize_entry("b", body)?;
        if let (true, Some(cid)) = (self.own, &m.client_msg_id) {
            map.serialize_entry("cid", cid)?;
        }
        map.end()
    }
}

/// A place in a dense history.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ItemView<'a> {
    /// A message.
    Message(MessageView<'a>),
    /// Nothing to see.
    Gone {
        /// First place.
        from: Seq,
        /// Last place.
        to: Seq,
        /// Why.
        gone: &'static str,
    },
}

/// Items as `viewer` sees them.
#[must_use]
pub fn items<'a>(items: &'a [Item], viewer: &str) -> Vec<ItemView<'a>> {
    let view = |item: &'a Item| match item {
        Item::Message(message) => {
            ItemView::Message(MessageView { message, own: message.sender.as_str() == viewer })
        }
        Item::Gone { from, to, why } => ItemView::Gone { from: *from, to: *to, gone: why.as_str() },
    };
    items.iter().map(view).collect()
}

/// A conversation in a list.
#[derive(Debug, Serialize)]
pub struct EntryView<'a> {
    c: String,
    kind: &'static str,
    peer: Option<UserView<'a>>,
    head: Seq,
    rev: u64,
    ts: u64,
    unread: u64,
    read: Seq,
    cleared: Seq,
    delivered: Seq,
    visible: bool,
    pin: bool,
    mute: bool,
    peer_read: Seq,
    peer_delivered: Seq,
    last: Option<MessageView<'a>>,
}

impl<'a> EntryView<'a> {
    /// The view of an entry.
    #[must_use]
    pub fn of(entry: &'a Entry, viewer: &str) -> Self {
        Self {
            c: entry.conversation.to_string(),
            kind: entry.conversation.kind().as_str(),
            peer: entry.peer.as_ref().map(UserView::of),
            head: entry.head,
            rev: entry.rev,
            ts: entry.head_ms,
            unread: entry.unread,
            read: entry.membership.read_seq,
            cleared: entry.membership.cleared_seq,
            delivered: entry.delivered_seq,
            visible: entry.visible(),
            pin: entry.membership.pinned,
            mute: entry.membership.muted,
            peer_read: entry.peer_read_seq,
            peer_delivered: entry.peer_delivered_seq,
            last: entry
                .last
                .as_ref()
                .map(|message| MessageView { message, own: message.sender.as_str() == viewer }),
        }
    }
}

/// A conversation in a resume: the entry and what was missed.
#[derive(Debug, Serialize)]
pub struct MissedView<'a> {
    #[serde(flatten)]
    entry: EntryView<'a>,
    items: Vec<ItemView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hole: Option<(Seq, Seq)>,
}

impl<'a> MissedView<'a> {
    /// The view of a missed conversation.
    #[must_use]
    pub fn of(missed: &'a Missed, viewer: &str) -> Self {
        Self {
            entry: EntryView::of(&missed.entry, viewer),
            items: items(&missed.items, viewer),
            hole: missed.hole,
        }
    }
}

/// `conv.state` event.
#[must_use]
pub fn membership(c: ConversationId, m: &Membership, unread: u64) -> String {
    format!(
        r#"{{"t":"conv.state","c":"{c}","read":{},"cleared":{},"hidden":{},"pin":{},"mute":{},"unread":{unread}}}"#,
        m.read_seq, m.cleared_seq, m.hidden_seq, m.pinned, m.muted
    )
}

/// `msg.hidden` event.
#[must_use]
pub fn hidden(c: ConversationId, seq: Seq) -> String {
    format!(r#"{{"t":"msg.hidden","c":"{c}","seq":{seq}}}"#)
}

/// `push` event.
#[must_use]
pub fn push(value: &ChannelValue, dropped: u64) -> String {
    server::push(&value.channel, value.version, value.sent_ms, &value.data, dropped)
}

/// The fields of an `unread` reply.
#[must_use]
pub fn unread(c: ConversationId, unread: &Unread) -> serde_json::Value {
    let why = |why: &UnreadWhy| match why {
        UnreadWhy::Counts => "counts",
        UnreadWhy::Own => "own",
        UnreadWhy::Void => "void",
        UnreadWhy::Hidden => "hidden",
    };
    let places: Vec<_> = unread.places.iter().map(|(seq, w)| (*seq, why(w))).collect();
    serde_json::json!({
        "c": c.to_string(),
        "count": unread.count,
        "floor": unread.floor,
        "head": unread.head,
        "places": places,
    })
}
