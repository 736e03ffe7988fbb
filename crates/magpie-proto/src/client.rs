//! Frames that a native client sends: one JSON object with `t` (type), `r` (request id) and the
//! fields of its type. Decoding checks everything that needs no knowledge of the server's state.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Body, CLIENT_MSG_ID_BYTES_MAX, ConversationId, ErrorCode, Seq, UserId, ids, scan};

/// Largest integer that every JSON client holds exactly.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;
/// Most entries in one list of a frame.
pub const LIST_MAX: usize = 200;

/// A decoded frame: the request id, if the client wants an answer, and what it asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Echoed by the reply.
    pub r: Option<u64>,
    /// What is asked.
    pub op: ClientOp,
}

/// What a native client can ask.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientOp {
    /// First frame: who, from which page, since when.
    Hello(Hello),
    /// A new token for the same user on a live socket.
    Auth {
        /// The token.
        token: String,
    },
    /// Heartbeat; may carry receipts.
    Ping {
        /// Receipts that ride along.
        receipts: Receipts,
    },
    /// Send a message.
    Send(Send),
    /// What this device has received and what was read.
    Receipts(Receipts),
    /// The user is typing.
    Typing {
        /// Where.
        target: Target,
    },
    /// Follow the presence of these users, in place of those followed before.
    PresenceWatch {
        /// Whom.
        users: Vec<UserId>,
    },
    /// A page of messages.
    History(History),
    /// A page of the conversation list.
    Inbox {
        /// Opaque mark from the page before.
        before: Option<String>,
        /// Entries wanted.
        limit: Option<u32>,
    },
    /// Make a conversation with someone visible, with or without messages.
    Open {
        /// The other user.
        to: UserId,
    },
    /// Change the caller's private state of a conversation.
    Set {
        /// Which conversation.
        conversation: ConversationId,
        /// What changes.
        change: Change,
    },
    /// Hide one message on the caller's side.
    HideMessage {
        /// Which conversation.
        conversation: ConversationId,
        /// Which message.
        seq: Seq,
    },
    /// Why is the unread count what it is?
    Unread {
        /// Which conversation.
        conversation: ConversationId,
    },
    /// Refuse (or accept again) messages from someone.
    Block {
        /// Whom.
        user: UserId,
        /// Refuse or accept.
        on: bool,
    },
    /// A passing message to everyone connected; needs the permission.
    Broadcast {
        /// What.
        body: Body,
    },
    /// The last value of a channel.
    Channel {
        /// Name of the channel.
        channel: String,
    },
}

/// The first frame.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Hello {
    /// User token, unless the handshake carried it.
    #[serde(default)]
    pub token: Option<String>,
    /// Stable id of this installation.
    #[serde(default)]
    pub device: String,
    /// Random id of this page load.
    #[serde(default)]
    pub instance: String,
    /// Where to resume.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Optional abilities of the client; unknown ones are ignored.
    #[serde(default)]
    pub features: Vec<String>,
    /// Last version this device has of each channel: `[["pay", 3], ...]`.
    #[serde(default)]
    pub channels: Vec<(String, u64)>,
}

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

/// Cumulative receipts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipts {
    /// Received up to.
    pub delivered: Vec<(ConversationId, Seq)>,
    /// Read up to.
    pub read: Vec<(ConversationId, Seq)>,
}

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

/// Why a frame is refused: a code and a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// The request id, if it could be read.
    pub r: Option<u64>,
    /// Stable code.
    pub code: ErrorCode,
    /// What was wrong.
    pub message: String,
}

/// The fields of the hottest frame; other types are read again with their own shape.
#[derive(Deserialize)]
struct Head<'a> {
    t: &'a str,
    #[serde(default)]
    r: Option<u64>,
    #[serde(borrow, default)]
    to: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    c: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    cid: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    b: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Rest {
    token: Option<String>,
    delivered: Vec<(String, u64)>,
    read: Vec<(String, u64)>,
    users: Vec<String>,
    before: Option<serde_json::Value>,
    after: Option<u64>,
    limit: Option<u32>,
    seq: Option<u64>,
    on: Option<bool>,
    user: Option<String>,
    channel: Option<String>,
}

/// Decodes one text frame.
///
/// # Errors
/// [`Refused`] names the field and the rule; the connection stays usable.
pub fn decode(text: &str) -> Result<Request, Refused> {
    let refuse = |r, code, message: String| Refused { r, code, message };
    scan::check(text).map_err(|e| refuse(None, ErrorCode::BadJson, e.to_string()))?;
    let head: Head<'_> = serde_json::from_str(text).map_err(|e| {
        let code = if e.is_data() { ErrorCode::BadRequest } else { ErrorCode::BadJson };
        refuse(salvage_request_id(text), code, format!("not a frame: {e}"))
    })?;
    let r = head.r;
    if r.is_some_and(|r| r > INTEGER_MAX) {
        return Err(refuse(None, ErrorCode::BadRequest, "\"r\" must be below 2^53".into()));
    }
    let op = decode_op(&head, text).map_err(|(code, message)| refuse(r, code, message))?;
    Ok(Request { r, op })
}

/// The request id of a frame whose other fields have wrong types, so that its error finds home.
fn salvage_request_id(text: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Id {
        r: u64,
    }
    serde_json::from_str::<Id>(text).ok().map(|id| id.r).filter(|r| *r <= INTEGER_MAX)
}

type Fault = (ErrorCode, String);

fn bad(message: impl Into<String>) -> Fault {
    (ErrorCode::BadRequest, message.into())
}

fn decode_op(head: &Head<'_>, text: &str) -> Result<ClientOp, Fault> {
    if head.t == "send" {
        return send(head).map(ClientOp::Send);
    }
    if head.t == "hello" {
        return hello(text).map(ClientOp::Hello);
    }
    let rest = || serde_json::from_str::<Rest>(text).map_err(|e| bad(e.to_string()));
    Ok(match head.t {
        "ping" => ClientOp::Ping { receipts: receipts(&rest()?)? },
        "receipt" => ClientOp::Receipts(receipts(&rest()?)?),
        "typing" => ClientOp::Typing { target: target(head)? },
        "auth" => {
            ClientOp::Auth { token: rest()?.token.ok_or_else(|| bad("\"token\" is missing"))? }
        }
        "presence.watch" => ClientOp::PresenceWatch { users: users(&rest()?.users)? },
        "history" => ClientOp::History(history(head, &rest()?)?),
        "inbox" => inbox(&rest()?)?,
        "conv.open" => ClientOp::Open { to: required_user(head.to.as_deref(), "to")? },
        "conv.pin" => set(head, Change::Pin(on(&rest()?)?))?,
        "conv.mute" => set(head, Change::Mute(on(&rest()?)?))?,
        "conv.hide" => set(head, Change::Hide)?,
        "conv.delete" => set(head, Change::Delete)?,
        "msg.hide" => ClientOp::HideMessage {
            conversation: conversation(head)?,
            seq: rest()?
                .seq
                .filter(|s| (1..=INTEGER_MAX).contains(s))
                .ok_or_else(|| bad("\"seq\" is missing"))?,
        },
        "unread" => ClientOp::Unread { conversation: conversation(head)? },
        "block" => {
            let rest = rest()?;
            ClientOp::Block { user: required_user(rest.user.as_deref(), "user")?, on: on(&rest)? }
        }
        "broadcast" => ClientOp::Broadcast { body: body(head)? },
        "channel" => {
            let channel = rest()?.channel.ok_or_else(|| bad("\"channel\" is missing"))?;
            ids::check_text(&channel, ids::USER_ID_BYTES_MAX)
                .map_err(|e| bad(format!("\"channel\": {e}")))?;
            ClientOp::Channel { channel }
        }
        other => {
            let known: String = other.chars().take(32).collect();
            return Err((
                ErrorCode::UnknownType,
                format!("unknown type {known:?}; docs/protocol.md lists them"),
            ));
        }
    })
}

fn hello(text: &str) -> Result<Hello, Fault> {
    let hello: Hello = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
    for (name, value) in [("device", &hello.device), ("instance", &hello.instance)] {
        if !value.is_empty() {
            ids::check_text(value, 64).map_err(|e| bad(format!("\"{name}\": {e}")))?;
        }
    }
    if hello.features.len() > LIST_MAX || hello.channels.len() > LIST_MAX {
        return Err(bad(format!("lists in hello have at most {LIST_MAX} entries")));
    }
    Ok(hello)
}

/// The checked body of a frame.
fn body(head: &Head<'_>) -> Result<Body, Fault> {
    let raw = head.b.ok_or_else(|| bad("\"b\" (the body) is missing"))?;
    Body::parse(raw.get()).map_err(|e| {
        let too_large = matches!(e, crate::BodyError::TooLarge(_));
        let code = if too_large { ErrorCode::TooLarge } else { ErrorCode::BadRequest };
        (code, format!("\"b\": {e}"))
    })
}

fn send(head: &Head<'_>) -> Result<Send, Fault> {
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

fn target(head: &Head<'_>) -> Result<Target, Fault> {
    match (head.to.as_deref(), head.c.as_deref()) {
        (Some("desk:"), None) => Ok(Target::Desk),
        (Some(_), None) => required_user(head.to.as_deref(), "to").map(Target::User),
        (None, Some(_)) => conversation(head).map(Target::Conversation),
        _ => Err(bad("name the receiver with either \"to\" (a user) or \"c\" (a conversation)")),
    }
}

fn conversation(head: &Head<'_>) -> Result<ConversationId, Fault> {
    let text = head.c.as_deref().ok_or_else(|| bad("\"c\" (the conversation) is missing"))?;
    parse_conversation(text)
}

fn parse_conversation(text: &str) -> Result<ConversationId, Fault> {
    // An id that we never made names nothing: the same answer as for a foreign conversation.
    ConversationId::parse(text).map_err(|e| (ErrorCode::UnknownConversation, format!("\"c\": {e}")))
}

fn required_user(text: Option<&str>, field: &str) -> Result<UserId, Fault> {
    let text = text.ok_or_else(|| bad(format!("\"{field}\" (a user) is missing")))?;
    UserId::parse(text).map_err(|e| bad(format!("\"{field}\": {e}")))
}

fn users(list: &[String]) -> Result<Vec<UserId>, Fault> {
    if list.len() > LIST_MAX {
        return Err(bad(format!("\"users\" has at most {LIST_MAX} entries")));
    }
    list.iter().map(|text| required_user(Some(text), "users")).collect()
}

fn receipts(rest: &Rest) -> Result<Receipts, Fault> {
    Ok(Receipts { delivered: marks(&rest.delivered)?, read: marks(&rest.read)? })
}

fn marks(list: &[(String, u64)]) -> Result<Vec<(ConversationId, Seq)>, Fault> {
    if list.len() > LIST_MAX {
        return Err(bad(format!("receipts have at most {LIST_MAX} entries")));
    }
    list.iter()
        .map(|(c, seq)| {
            if *seq > INTEGER_MAX {
                return Err(bad("a seq must be below 2^53"));
            }
            Ok((parse_conversation(c)?, *seq))
        })
        .collect()
}

fn history(head: &Head<'_>, rest: &Rest) -> Result<History, Fault> {
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

fn inbox(rest: &Rest) -> Result<ClientOp, Fault> {
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

fn set(head: &Head<'_>, change: Change) -> Result<ClientOp, Fault> {
    Ok(ClientOp::Set { conversation: conversation(head)?, change })
}

fn on(rest: &Rest) -> Result<bool, Fault> {
    rest.on.ok_or_else(|| bad("\"on\" (true or false) is missing"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_send_is_decoded_with_its_body_untouched() {
        let request = decode(
            r#"{"t":"send","r":7,"to":"翠花","cid":"m1","b":{"k":"text","x":"嗨"},"later":1}"#,
        )
        .unwrap();
        assert_eq!(request.r, Some(7));
        let ClientOp::Send(send) = request.op else { panic!("not a send") };
        assert_eq!(send.target, Target::User(UserId::parse("翠花").unwrap()));
        assert_eq!(send.client_msg_id.as_deref(), Some("m1"));
        assert_eq!(send.body.as_json(), r#"{"k":"text","x":"嗨"}"#);
    }

    #[test]
    fn refused_frames_keep_their_request_id_and_say_why() {
        let cases = [
            (
                r#"{"t":"send","r":1,"b":{"k":"text","x":""}}"#,
                Some(1),
                ErrorCode::BadRequest,
                "either",
            ),
            (r#"{"t":"nope","r":2}"#, Some(2), ErrorCode::UnknownType, "nope"),
            (r#"{"t":"send","r":3,"to":5}"#, Some(3), ErrorCode::BadRequest, "invalid type"),
            (
                r#"{"t":"history","r":4,"c":"0123456789abcdef","limit":0}"#,
                Some(4),
                ErrorCode::BadRequest,
                "limit",
            ),
            (r#"{"t":"history","r":5,"c":"x"}"#, Some(5), ErrorCode::UnknownConversation, "\"c\""),
            (
                r#"{"t":"send","r":6,"to":"a\u0000b","b":{"k":"text","x":""}}"#,
                Some(6),
                ErrorCode::BadRequest,
                "control",
            ),
            ("{\"t\":", None, ErrorCode::BadJson, "EOF"),
            ("[]", None, ErrorCode::BadRequest, "not a frame"),
            (r#"{"t":"ping","r":9007199254740993}"#, None, ErrorCode::BadRequest, "2^53"),
            (
                r#"{"t":"send","r":1,"to":"b","b":{"k":"text","x":"\ud800"}}"#,
                None,
                ErrorCode::BadJson,
                "surrogate",
            ),
        ];
        for (text, r, code, word) in cases {
            let refused = decode(text).unwrap_err();
            assert_eq!((refused.r, refused.code), (r, code), "{text}: {refused}");
            assert!(refused.message.contains(word), "{text}: {refused}");
        }
    }
}
