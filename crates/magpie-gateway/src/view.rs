//! How the core's data looks in native frames. Conversions only: no rule is decided here.

use bytes::Bytes;
use magpie_core::{
    Message, Refusal, Role, User,
    model::{
        ChannelValue, Draft, Entry, Gone, Item, Membership, Missed, Reaction, Revised, Unread,
        UnreadWhy,
    },
};
use magpie_proto::{ConversationId, ErrorCode, Seq, UserId, server};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use crate::ws::frame;

pub mod call;
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
        if let Some(revision) = &m.revision {
            map.serialize_entry("rev", &revision.rev)?;
            if let Some(edited_ms) = revision.edited_ms {
                map.serialize_entry("edited", &edited_ms)?;
            }
            if !revision.reactions.is_empty() {
                let entry = |one: &'_ Reaction| (one.emoji.clone(), texts(&one.users));
                let reactions: Vec<_> = revision.reactions.iter().map(entry).collect();
                map.serialize_entry("reactions", &reactions)?;
            }
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
        /// Whose recalled message it was.
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<&'a str>,
    },
}

fn texts(users: &[UserId]) -> Vec<String> {
    users.iter().map(ToString::to_string).collect()
}

/// One place as a viewer sees it; `viewer` is `None` for what everyone gets.
fn item<'a>(item: &'a Item, viewer: Option<&str>) -> ItemView<'a> {
    match item {
        Item::Message(message) => {
            ItemView::Message(MessageView { message, own: Some(message.sender.as_str()) == viewer })
        }
        Item::Gone { from, to, why } => {
            let by = match why {
                Gone::Recalled(by) => Some(by.as_str()),
                _ => None,
            };
            ItemView::Gone { from: *from, to: *to, gone: why.as_str(), by }
        }
    }
}

/// Items as `viewer` sees them.
#[must_use]
pub fn items<'a>(items: &'a [Item], viewer: &str) -> Vec<ItemView<'a>> {
    items.iter().map(|one| item(one, Some(viewer))).collect()
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
    #[serde(skip_serializing_if = "Option::is_none")]
    draft: Option<DraftView<'a>>,
}

/// What the user has typed and not sent.
#[derive(Debug, Serialize)]
struct DraftView<'a> {
    x: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    re: Option<Seq>,
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
            draft: entry
                .draft
                .as_deref()
                .map(|draft| DraftView { x: &draft.text, re: draft.reply_to }),
        }
    }
}

/// Reply with one conversation as it is now.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn conversation(r: Option<u64>, entry: &Entry, viewer: &UserId) -> Result<Bytes, Refusal> {
    reply("conv", r, &EntryView::of(entry, viewer.as_str()))
}

/// A conversation in a resume: the entry and what was missed.
#[derive(Debug, Serialize)]
pub struct MissedView<'a> {
    #[serde(flatten)]
    entry: EntryView<'a>,
    items: Vec<ItemView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hole: Option<(Seq, Seq)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<u64>,
}

impl<'a> MissedView<'a> {
    /// The view of a missed conversation.
    #[must_use]
    pub fn of(missed: &'a Missed, viewer: &str) -> Self {
        Self {
            entry: EntryView::of(&missed.entry, viewer),
            items: items(&missed.items, viewer),
            hole: missed.hole,
            changes: missed.changes_after,
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

/// `msg.change` event: the same for everyone, so it carries nothing that differs.
#[must_use]
pub fn change(revised: &Revised) -> String {
    #[derive(Serialize)]
    struct Fields<'a> {
        c: String,
        rev: u64,
        seq: Seq,
        kind: &'static str,
        by: &'a str,
        ts: u64,
        item: ItemView<'a>,
    }
    let fields = Fields {
        c: revised.conversation.to_string(),
        rev: revised.rev,
        seq: revised.seq,
        kind: revised.kind.as_str(),
        by: revised.by.as_str(),
        ts: revised.at_ms,
        item: item(&revised.item, None),
    };
    // Only texts and numbers, and a body that was checked when it came.
    server::reply("msg.change", None, &fields).unwrap_or_default()
}

/// `conv.draft` event.
#[must_use]
pub fn draft(c: ConversationId, draft: Option<&Draft>, at_ms: u64) -> String {
    let (text, reply_to) = draft.map_or(("", None), |draft| (&*draft.text, draft.reply_to));
    server::draft(c, text, reply_to, at_ms)
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
