//! Frames that a native client sends: one JSON object with `t` (type), `r` (request id) and the
//! fields of its type. Decoding checks everything that needs no knowledge of the server's state.

mod account;
mod call;
mod fields;
mod list;
mod message;
mod session;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Body, ConversationId, ErrorCode, Seq, UserId, ids, scan};

pub use account::{Avatar, DEVICE_NAME_BYTES_MAX, NAME_CHARS_MAX, ProfileChange};
pub use call::CallOp;
pub use list::{Change, Changes, Draft, Edge, History};
pub use message::{Alter, Forward, Revise, Send, Target};
pub use session::{Hello, Receipts};

use account::{device, profile};
use call::call;
use fields::{Fault, bad, body, conversation, on, required_user, seq, target, users};
use list::{changes, draft, history, inbox, set};
use message::{edit, forward, react, revise, send};
use session::{hello, receipts};

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
    /// Whom the caller has blocked.
    Blocks,
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
    /// Change a stored message for everyone.
    Revise(Revise),
    /// Send a copy of a message.
    Forward(Forward),
    /// Places of a conversation that changed.
    Changes(Changes),
    /// Keep what was typed and not sent.
    Draft(Draft),
    /// The caller's devices.
    Devices,
    /// End a device of the caller and take none of its present tokens any more.
    SignOutDevice {
        /// Which.
        device: String,
    },
    /// The caller's name and picture.
    SetProfile(ProfileChange),
    /// A call.
    Call(CallOp),
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
    e: Option<String>,
    into: Option<String>,
    x: Option<String>,
    re: Option<u64>,
    device: Option<String>,
    name: Option<String>,
    avatar: Option<String>,
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
        "conv.draft" => ClientOp::Draft(draft(head, rest()?)?),
        "msg.hide" => ClientOp::HideMessage {
            conversation: conversation(head)?,
            seq: seq(rest()?.seq, "seq")?,
        },
        "msg.recall" => revise(head, &rest()?, Alter::Recall)?,
        "msg.edit" => revise(head, &rest()?, edit(head)?)?,
        "msg.react" => {
            let rest = rest()?;
            revise(head, &rest, react(&rest)?)?
        }
        "msg.forward" => ClientOp::Forward(forward(head, &rest()?)?),
        "changes" => ClientOp::Changes(changes(head, &rest()?)?),
        "devices" => ClientOp::Devices,
        "device.signout" => ClientOp::SignOutDevice { device: device(rest()?.device)? },
        "profile.set" => ClientOp::SetProfile(profile(rest()?)?),
        "unread" => ClientOp::Unread { conversation: conversation(head)? },
        "block" => {
            let rest = rest()?;
            ClientOp::Block { user: required_user(rest.user.as_deref(), "user")?, on: on(&rest)? }
        }
        "blocks" => ClientOp::Blocks,
        "broadcast" => ClientOp::Broadcast { body: body(head)? },
        "channel" => {
            let channel = rest()?.channel.ok_or_else(|| bad("\"channel\" is missing"))?;
            ids::check_text(&channel, ids::USER_ID_BYTES_MAX)
                .map_err(|e| bad(format!("\"channel\": {e}")))?;
            ClientOp::Channel { channel }
        }
        other => {
            if let Some(op) = call(head, text)? {
                return Ok(ClientOp::Call(op));
            }
            let known: String = other.chars().take(32).collect();
            return Err((
                ErrorCode::UnknownType,
                format!("unknown type {known:?}; docs/protocol.md lists them"),
            ));
        }
    })
}

#[cfg(test)]
mod tests;
