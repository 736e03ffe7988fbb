//! Post 004: customer service at `/webSocket/{userId}`, the agent is `-1`. Raw text in, JSON out.
//! A visitor has one connection with a lease; his texts go to the desk, where agents of any
//! protocol answer.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::select_all;
use magpie_core::{
    Delivery, Dialect, Event, Message, Refusal, port::store::WriteResult, push::publish,
};
use magpie_proto::{
    Body, CloseCode, ConversationId, ConversationKind, ErrorCode, UserId, client::Target,
};
use parking_lot::Mutex;

use crate::{
    conn::{Conn, Identity, Mark},
    dialects::{
        DialectDoor, Spot, civil,
        inbound::{self, bare, raw_of, text_of},
        object::{Object, quote, raw_value, string},
        replay::{self, Source},
    },
    door::Door,
    gate::Gate,
    native,
    settings::Dialects,
    ws::frame,
};

/// An old socket that answers within this time is alive, and the new one is refused.
const ALIVE_WITHIN: Duration = Duration::from_secs(1);
const HEARTBEAT: &str = "heartbeat";
const SUCCESS: &str = "success";
const UNKNOWN_USER: &str = "用户信息不存在!";
const NO_SESSION: &str = "用户在线信息错误!";
const NOT_SENT: &str = "消息发送失败,请稍后再试!";
/// The agent's number.
const AGENT_UID: i64 = -1;

/// Whoever finds himself alone registers before the next one looks.
static REGISTERING: Mutex<()> = Mutex::new(());

/// The dialect.
pub struct Helpdesk;

/// The one door of it.
pub static HELPDESK: Helpdesk = Helpdesk;

impl Door for Helpdesk {
    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Helpdesk)
    }

    fn opened(&self, gate: &Arc<Gate>, conn: &Arc<Conn>) {
        if register_alone(gate, conn) {
            return begin(gate, conn);
        }
        // Nothing is read until the old socket was asked; what comes meanwhile is answered then.
        conn.hold();
        let (gate, conn) = (gate.clone(), conn.clone());
        tokio::spawn(async move {
            if judge(&gate, &conn).await {
                begin(&gate, &conn);
            } else {
                conn.outbox.end(CloseCode::Normal);
            }
            conn.release();
        });
    }

    fn text(&self, gate: &Arc<Gate>, conn: &Arc<Conn>, text: &str) {
        let Some(identity) = conn.identity() else { return };
        if text == HEARTBEAT {
            conn.outbox.push(frame::text(SUCCESS));
            return;
        }
        inbound::charge(gate, conn, identity);
        if !inbound::fits(gate, conn, text) {
            return;
        }
        if identity.place.unknown() {
            conn.outbox.push(frame::text(UNKNOWN_USER));
        } else if let Err(refusal) = say(gate, conn, identity, text) {
            refuse(conn, &refusal);
        }
    }

    fn wants(&self, conn: &Conn, _siblings: &[Arc<Conn>], delivery: &Delivery) -> bool {
        let Some(identity) = conn.identity() else { return false };
        match &delivery.event {
            Some(Event::Message(m)) => wants_message(identity, m),
            Some(Event::Broadcast { from, .. }) => from.is_some(),
            Some(Event::Kick { .. }) => true,
            _ => false,
        }
    }

    fn deliver(&self, conn: &Conn, delivery: &Delivery, _is_origin: bool) {
        match &delivery.event {
            Some(Event::Message(m)) => {
                if conn.identity().is_some_and(|i| i.place.desk()) && is_visitors(m) {
                    conn.progress(|progress| progress.visitor = Some(m.sender.clone()));
                }
                replay::live(conn.gate(), conn, m, delivery.position, encode);
            }
            Some(Event::Broadcast { body, .. }) => {
                if let Some(json) = raw_of(body, Dialect::Helpdesk.as_str()) {
                    conn.outbox.push_ephemeral(|_| frame::text(&json));
                }
            }
            Some(Event::Kick { device, code, .. }) => {
                native::end_if_kicked(conn, device.as_deref(), *code);
            }
            _ => {}
        }
    }

    fn reply(&self, conn: &Conn, r: u64, result: &WriteResult) {
        if let Some((_, Err(refusal))) = inbound::answered(conn, r, result) {
            refuse(conn, &refusal);
        }
    }

    fn proved(&self, gate: &Arc<Gate>, conn: &Arc<Conn>, marks: Vec<Mark>) {
        replay::proved(gate, conn, marks);
    }

    fn closing(&self, _gate: &Arc<Gate>, conn: &Arc<Conn>) {
        conn.progress(|progress| progress.tell_settled());
    }

    fn tick(&self, gate: &Gate, conn: &Conn, now_ms: u64) -> u64 {
        let quiet_ms = now_ms.saturating_sub(conn.spoke_ms.load(Ordering::Relaxed));
        let left_ms = gate.settings.dialects.helpdesk_lease_ms.saturating_sub(quiet_ms);
        if left_ms == 0 {
            conn.outbox.end(CloseCode::Normal);
        }
        left_ms
    }
}

impl DialectDoor for Helpdesk {
    fn spot(&self, parts: &[String]) -> Option<Spot> {
        let [id] = parts else { return None };
        // A 64-bit integer as the post reads it: leading zeros mean nothing.
        let id: i64 = id.parse().ok()?;
        let user = (id != AGENT_UID).then(|| id.to_string());
        Some(Spot { user, peer: None, channel: None })
    }
}

/// Other living sockets of the same visitor, or of the same agent's console.
fn rivals(gate: &Gate, conn: &Conn) -> Vec<Arc<Conn>> {
    let Some(identity) = conn.identity() else { return Vec::new() };
    let desk = |other: &Conn| other.identity().is_some_and(|i| i.place.desk());
    let all = gate.hub.of(&identity.caller.user);
    let rivals = all.iter().filter(|other| {
        other.id != conn.id
            && other.dialect() == Some(Dialect::Helpdesk)
            && desk(other) == identity.place.desk()
            && other.outbox.ending().is_none()
    });
    rivals.cloned().collect()
}

fn register_alone(gate: &Arc<Gate>, conn: &Arc<Conn>) -> bool {
    let _one_at_a_time = REGISTERING.lock();
    let alone = rivals(gate, conn).is_empty();
    if alone {
        gate.register(conn);
    }
    alone
}

/// Asks the old sockets whether they live; the new one takes over when none answers.
async fn judge(gate: &Arc<Gate>, conn: &Arc<Conn>) -> bool {
    while !register_alone(gate, conn) {
        let rivals = rivals(gate, conn);
        let answers: Vec<_> = rivals
            .iter()
            .map(|old| {
                let answer = old.progress(|progress| progress.probe());
                old.outbox.push(frame::ping(b"alive"));
                answer
            })
            .collect();
        if answers.is_empty() {
            continue;
        }
        if let Ok((Ok(()), ..)) = tokio::time::timeout(ALIVE_WITHIN, select_all(answers)).await {
            return false;
        }
        for old in rivals {
            old.outbox.end(CloseCode::Normal);
        }
    }
    true
}

fn begin(gate: &Arc<Gate>, conn: &Arc<Conn>) {
    let Some(identity) = conn.identity() else { return };
    let source = match replay::own(conn) {
        _ if identity.place.unknown() => Source::Nothing,
        Some(id) => Source::One(id),
        None => Source::Desk,
    };
    replay::start(gate, conn, source, encode);
}

/// A text of this connection: a visitor's to the desk, an agent's to the visitor who wrote last.
fn say(gate: &Gate, conn: &Arc<Conn>, identity: &Identity, text: &str) -> Result<(), Refusal> {
    let dialects = &gate.settings.dialects;
    let target = if identity.place.desk() {
        let visitor = conn.progress(|progress| progress.visitor.clone());
        visitor.map(|visitor| Target::Conversation(ConversationId::desk(&visitor)))
    } else {
        Some(Target::Desk)
    };
    if dialects.helpdesk_broadcast {
        let json = frame_text(&author(dialects, identity), gate.core.now_ms(), dialects, text);
        if let Some(raw) = raw_value(json) {
            let body = Body::with_raw(text, Dialect::Helpdesk.as_str(), &raw);
            let from = Some(identity.caller.user.clone());
            publish::broadcast(&gate.core, from, body, Some(Dialect::Helpdesk));
        }
    }
    match target {
        Some(target) => {
            let body = body(text, identity, dialects.helpdesk_broadcast);
            inbound::submit(gate, conn, identity, target, "desk", body)
        }
        // Nobody is there to be answered.
        None if !dialects.helpdesk_broadcast => {
            conn.outbox.push(frame::text(NO_SESSION));
            Ok(())
        }
        None => Ok(()),
    }
}

/// A text with what the server knows of its author; `told`: everyone got it already.
fn body(text: &str, identity: &Identity, told: bool) -> Body {
    let (name, avatar) = shown(identity);
    let json =
        format!(r#"{{"username":{},"avatar":{},"told":{told}}}"#, quote(name), quote(avatar));
    match raw_value(json) {
        Some(raw) => Body::with_raw(text, Dialect::Helpdesk.as_str(), &raw),
        None => Body::text(text),
    }
}

fn shown(identity: &Identity) -> (&str, &str) {
    identity.place.shown().map_or(("", ""), |shown| (&shown.0, &shown.1))
}

/// Who is shown as the author of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Author {
    role: &'static str,
    username: String,
    avatar: String,
    uid: i64,
}

fn author(dialects: &Dialects, identity: &Identity) -> Author {
    if identity.place.desk() {
        return agent(dialects);
    }
    let id = identity.caller.user.as_str();
    let (name, avatar) = shown(identity);
    person("user", bare(dialects.id_prefix(Dialect::Helpdesk), id), name, avatar)
}

fn agent(dialects: &Dialects) -> Author {
    Author {
        role: "ai",
        username: dialects.helpdesk_agent_name.clone(),
        avatar: dialects.helpdesk_agent_avatar.clone(),
        uid: AGENT_UID,
    }
}

fn person(role: &'static str, id: &str, name: &str, avatar: &str) -> Author {
    let username = if name.is_empty() { id } else { name };
    // Whoever has no number (a user of another protocol) is shown with 0.
    let uid = id.parse().unwrap_or(0);
    Author { role, username: username.to_owned(), avatar: avatar.to_owned(), uid }
}

/// Who wrote a message, as this dialect shows it: visitors with their names, agents as one person.
pub(crate) fn author_of(dialects: &Dialects, m: &Message) -> Author {
    let desk = m.conversation.kind() == ConversationKind::Desk;
    if desk && !is_visitors(m) {
        return agent(dialects);
    }
    let raw = raw_of(&m.body, Dialect::Helpdesk.as_str());
    let object = raw.as_deref().and_then(|json| Object::parse(json).ok());
    let field = |key| object.as_ref().and_then(|o| string(o.raw(key)?)).unwrap_or_default();
    let id = bare(dialects.id_prefix(Dialect::Helpdesk), m.sender.as_str());
    // On these pages only "ai" is drawn as the other side: that is where a friend's text belongs.
    person(if desk { "user" } else { "ai" }, id, &field("username"), &field("avatar"))
}

/// Whether the visitor himself wrote it.
fn is_visitors(m: &Message) -> bool {
    m.conversation == ConversationId::desk(&m.sender)
}

fn wants_message(identity: &Identity, m: &Message) -> bool {
    let user: &UserId = &identity.caller.user;
    match m.conversation.kind() {
        ConversationKind::Desk => {
            identity.place.desk() || m.conversation == ConversationId::desk(user)
        }
        ConversationKind::Direct | ConversationKind::Group => {
            !identity.place.desk() && m.sender != *user
        }
    }
}

fn encode(gate: &Gate, _conn: &Conn, m: &Message) -> Option<Bytes> {
    let dialects = &gate.settings.dialects;
    if dialects.helpdesk_broadcast && was_told(&m.body) {
        return None;
    }
    let author = author_of(dialects, m);
    Some(frame::text(&frame_text(&author, m.sent_ms, dialects, &text_of(&m.body))))
}

/// Whether everyone on this dialect got it when it was sent.
fn was_told(body: &Body) -> bool {
    let raw = raw_of(body, Dialect::Helpdesk.as_str());
    raw.is_some_and(|json| Object::parse(&json).is_ok_and(|o| o.raw("told") == Some("true")))
}

/// The JSON of one text.
pub(crate) fn frame_text(author: &Author, at_ms: u64, dialects: &Dialects, text: &str) -> String {
    format!(
        r#"{{"role":"{}","username":{},"avatar":{},"uid":{},"createTime":"{}","text":{}}}"#,
        author.role,
        quote(&author.username),
        quote(&author.avatar),
        author.uid,
        civil::format(at_ms, dialects.helpdesk_utc_offset_min),
        quote(text)
    )
}

fn refuse(conn: &Conn, refusal: &Refusal) {
    let text = match refusal.code {
        ErrorCode::UnknownUser => UNKNOWN_USER,
        _ => NOT_SENT,
    };
    conn.outbox.push(frame::text(text));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use magpie_proto::MessageId;

    fn message(sender: &str, conversation: ConversationId, body: Body) -> Message {
        Message {
            conversation,
            seq: 1,
            id: MessageId::from_bytes([0; 16]),
            sender: UserId::parse(sender).unwrap(),
            client_msg_id: None,
            body,
            sent_ms: 1_709_164_800_000,
            revision: None,
        }
    }

    fn encoded(m: &Message) -> String {
        let dialects = Dialects::default();
        frame_text(&author_of(&dialects, m), m.sent_ms, &dialects, &text_of(&m.body))
    }

    fn desk(visitor: &str) -> ConversationId {
        ConversationId::desk(&UserId::parse(visitor).unwrap())
    }

    #[test]
    fn a_visitor_is_shown_with_what_the_server_knows_of_him() {
        let raw = raw_value(r#"{"username":"车主","avatar":"/a.png","told":false}"#.to_owned());
        let body = Body::with_raw("在吗", "helpdesk", &raw.unwrap());
        let expected = r#"{"role":"user","username":"车主","avatar":"/a.png","uid":17,"createTime":"2024-02-29 08:00:00","text":"在吗"}"#;
        assert_eq!(encoded(&message("17", desk("17"), body)), expected);
    }

    #[test]
    fn agents_of_any_protocol_are_one_person() {
        let expected = r#"{"role":"ai","username":"人工客服","avatar":"","uid":-1,"createTime":"2024-02-29 08:00:00","text":"您好"}"#;
        assert_eq!(encoded(&message("agent", desk("17"), Body::text("您好"))), expected);
    }

    #[test]
    fn a_friend_is_drawn_on_the_other_side_under_his_own_name() {
        let (a, b) = (UserId::parse("17").unwrap(), UserId::parse("小明").unwrap());
        let m = message("小明", ConversationId::direct(&a, &b), Body::text("hi"));
        let author = author_of(&Dialects::default(), &m);
        assert_eq!((author.role, author.username.as_str(), author.uid), ("ai", "小明", 0));
    }

    #[test]
    fn paths_are_64_bit_integers() {
        let user = |id: &str| HELPDESK.spot(&[id.to_owned()]).map(|spot| spot.user);
        assert_eq!(user("17"), Some(Some("17".to_owned())));
        assert_eq!(user("0017"), Some(Some("17".to_owned())));
        assert_eq!(user("-1"), Some(None));
        for bad in ["x", "", "1.5", "9223372036854775808", "小明"] {
            assert_eq!(user(bad), None, "{bad}");
        }
    }
}
