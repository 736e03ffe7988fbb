//! Post 000: second-hand market chat at `/wx/{fromOpenid}/{toOpenid}`. JSON objects in and out, no
//! echo, no acknowledgement. A user has one socket for each chat that he has opened.

use std::sync::Arc;

use bytes::Bytes;
use magpie_core::{
    Delivery, Dialect, Event, Message, Refusal, conversation::settings, port::store::WriteResult,
    push::publish,
};
use magpie_proto::{Body, ConversationId, ConversationKind, ErrorCode, UserId, client::Target};

use crate::{
    conn::{Conn, Identity, Mark},
    dialects::{
        DialectDoor, Spot, deliver_chat, emoji,
        inbound::{self, bare, raw_of, text_of},
        object::{Object, quote, raw_value},
        prefixed,
        replay::{self, Source},
    },
    door::Door,
    gate::Gate,
    ws::frame,
};

/// Everyone on this dialect.
const EVERYONE: &str = "-1";

/// The dialect.
pub struct Market;

/// The one door of it.
pub static MARKET: Market = Market;

impl Door for Market {
    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Market)
    }

    fn opened(&self, gate: &Arc<Gate>, conn: &Arc<Conn>) {
        let Some(identity) = conn.identity() else { return };
        gate.register(conn);
        let Some(id) = replay::own(conn) else {
            return replay::start(gate, conn, Source::Nothing, encode);
        };
        let (gate, conn, peer) = (gate.clone(), conn.clone(), identity.place.peer().cloned());
        let caller = identity.caller.clone();
        tokio::spawn(async move {
            // Two rows, one for each side; the other's stays invisible until a first message. An
            // unknown peer or a store that takes no writes is no reason to close.
            if let Some(peer) = peer
                && let Err(refusal) = settings::open(&gate.core, &caller, peer).await
            {
                tracing::debug!(code = refusal.code.as_str(), "chat not opened");
            }
            replay::start(&gate, &conn, Source::One(id), encode);
        });
    }

    fn text(&self, gate: &Arc<Gate>, conn: &Arc<Conn>, text: &str) {
        let Some(identity) = conn.identity() else { return };
        inbound::charge(gate, conn, identity);
        let prefix = gate.settings.dialects.id_prefix(Dialect::Market);
        let own = bare(prefix, identity.caller.user.as_str());
        let peer = identity.place.peer().map(|peer| bare(prefix, peer.as_str()));
        let sent = match decode(text, own, peer) {
            Ok(sent) => sent,
            Err(refusal) => return refuse(conn, None, &refusal),
        };
        if !inbound::fits(gate, conn, &sent.content) {
            return;
        }
        let done = match sent.to.as_str() {
            EVERYONE => broadcast(gate, identity, sent.body),
            to => prefixed(prefix, to).and_then(|user| {
                inbound::submit(gate, conn, identity, Target::User(user), to, sent.body)
            }),
        };
        if let Err(refusal) = done {
            refuse(conn, Some(&sent.to), &refusal);
        }
    }

    fn wants(&self, conn: &Conn, siblings: &[Arc<Conn>], delivery: &Delivery) -> bool {
        match &delivery.event {
            Some(Event::Message(m)) => wants_message(conn, siblings, m),
            Some(Event::Broadcast { .. } | Event::Kick { .. }) => true,
            _ => false,
        }
    }

    fn deliver(&self, conn: &Conn, delivery: &Delivery, _is_origin: bool) {
        deliver_chat(conn, delivery, encode, encode_broadcast);
    }

    fn reply(&self, conn: &Conn, r: u64, result: &WriteResult) {
        if let Some((to, Err(refusal))) = inbound::answered(conn, r, result) {
            refuse(conn, Some(&to), &refusal);
        }
    }

    fn proved(&self, gate: &Arc<Gate>, conn: &Arc<Conn>, marks: Vec<Mark>) {
        replay::proved(gate, conn, marks);
    }

    fn closing(&self, _gate: &Arc<Gate>, conn: &Arc<Conn>) {
        conn.progress(|progress| progress.tell_settled());
    }
}

impl DialectDoor for Market {
    fn spot(&self, parts: &[String]) -> Option<Spot> {
        Some(Spot { user: parts.first().cloned(), peer: parts.get(1).cloned(), channel: None })
    }
}

/// What a frame asks for.
#[derive(Debug)]
pub(crate) struct Sent {
    /// The receiver, as the client names him.
    pub to: String,
    /// The text for other protocols.
    pub content: String,
    /// Both, with the client's object.
    pub body: Body,
}

/// Reads a frame of `own`, whose page is about `peer`.
///
/// # Errors
/// `bad_json` and `bad_request` with a sentence.
pub(crate) fn decode(text: &str, own: &str, peer: Option<&str>) -> Result<Sent, Refusal> {
    let bad = |message| Refusal::new(ErrorCode::BadRequest, message);
    let mut object =
        Object::parse(text).map_err(|message| Refusal::new(ErrorCode::BadJson, message))?;
    let named = object.id("toOpenid").map_err(bad)?.map(|id| id.into_owned());
    let to = named.or_else(|| peer.map(str::to_owned)).unwrap_or_else(|| EVERYONE.to_owned());
    let Some(content) = object.raw("content") else {
        return Err(bad("\"content\" is missing: it is the message".to_owned()));
    };
    let content = inbound::value_text(Some(content)).into_owned();
    object.set("fromOpenid", own);
    if object.raw("toOpenid").is_none() {
        object.set("toOpenid", &to);
    }
    let body = match raw_value(object.to_json()) {
        Some(raw) => Body::with_raw(&content, Dialect::Market.as_str(), &raw),
        None => Body::text(&content),
    };
    Ok(Sent { to, content, body })
}

fn broadcast(gate: &Gate, identity: &Identity, body: Body) -> Result<(), Refusal> {
    if !identity.caller.broadcast {
        let message = "sending to everyone needs the permission \"broadcast\"";
        return Err(Refusal::new(ErrorCode::Forbidden, message));
    }
    let from = Some(identity.caller.user.clone());
    publish::broadcast(&gate.core, from, body, Some(Dialect::Market));
    Ok(())
}

/// The sockets whose pair is the conversation, all of them; if there is none, the newest one.
fn wants_message(conn: &Conn, siblings: &[Arc<Conn>], m: &Message) -> bool {
    let Some(user) = conn.user() else { return false };
    if m.sender == *user || !concerns(user, m) {
        return false;
    }
    let id = Some(m.conversation);
    if replay::own(conn) == id {
        return true;
    }
    let mut mine = siblings.iter().filter(|other| {
        other.dialect() == Some(Dialect::Market) && other.outbox.ending().is_none()
    });
    let newest = mine.clone().next_back().is_some_and(|other| other.id == conn.id);
    newest && !mine.any(|other| replay::own(other) == id)
}

/// Agents hear every desk conversation, but not on the pages of a dialect.
pub(crate) fn concerns(user: &UserId, m: &Message) -> bool {
    m.conversation.kind() != ConversationKind::Desk || m.conversation == ConversationId::desk(user)
}

fn encode(gate: &Gate, conn: &Conn, m: &Message) -> Option<Bytes> {
    let prefix = gate.settings.dialects.id_prefix(Dialect::Market);
    let to = bare(prefix, conn.user()?.as_str());
    Some(frame::text(&encode_message(&m.body, bare(prefix, m.sender.as_str()), to)))
}

/// A message as this dialect's pages read it.
pub(crate) fn encode_message(body: &Body, from: &str, to: &str) -> String {
    match raw_of(body, Dialect::Market.as_str()) {
        Some(json) => with_emoji(json),
        None => format!(
            r#"{{"fromOpenid":{},"toOpenid":{},"content":{}}}"#,
            quote(from),
            quote(to),
            quote(&emoji::expand(&text_of(body)))
        ),
    }
}

/// Turns `:alias:` codes of the content into emoji; the rest of the object stays as it is.
fn with_emoji(json: String) -> String {
    let expanded = Object::parse(&json).ok().and_then(|mut object| {
        let content = super::object::string(object.raw("content")?)?;
        let expanded = emoji::expand(&content);
        (expanded != content).then(|| {
            object.set("content", &expanded);
            object.to_json()
        })
    });
    expanded.unwrap_or(json)
}

/// To everyone: a user's object, or a notice of the system.
pub(crate) fn encode_broadcast(from: Option<&str>, body: &Body) -> String {
    match from {
        Some(from) => encode_message(body, from, EVERYONE),
        None => {
            format!(r#"{{"type":"notice","content":{}}}"#, quote(&emoji::expand(&text_of(body))))
        }
    }
}

fn refuse(conn: &Conn, to: Option<&str>, refusal: &Refusal) {
    conn.outbox.push(frame::text(&encode_refusal(to, refusal)));
}

/// A refused send.
pub(crate) fn encode_refusal(to: Option<&str>, refusal: &Refusal) -> String {
    let to = to.map(|to| format!(r#""toOpenid":{},"#, quote(to))).unwrap_or_default();
    format!(
        r#"{{"type":"notice","code":"{}",{to}"content":{}}}"#,
        refusal.code.as_str(),
        quote(&words(refusal))
    )
}

/// What the page shows.
fn words(refusal: &Refusal) -> String {
    match refusal.code {
        ErrorCode::StrangerLimit => {
            let limit: String = refusal.message.chars().filter(char::is_ascii_digit).collect();
            format!("对方未上线,最多可发送{limit}条离线消息")
        }
        ErrorCode::Blocked => "对方拒收了您的消息".to_owned(),
        ErrorCode::UnknownUser => "对方不存在".to_owned(),
        ErrorCode::StorageFull | ErrorCode::StorageUnavailable | ErrorCode::Overloaded => {
            "消息发送失败,请稍后再试".to_owned()
        }
        _ => refusal.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use magpie_core::port::store::Rejection;

    #[test]
    fn the_object_goes_out_as_it_came_but_for_the_sender() {
        let text = r#"{"toOpenid":"b","content":"hi","goods":{"id":12345678901234567890},"fromOpenid":"liar"}"#;
        let sent = decode(text, "a", Some("b")).unwrap();
        assert_eq!((sent.to.as_str(), sent.content.as_str()), ("b", "hi"));
        let expected = r#"{"toOpenid":"b","content":"hi","goods":{"id":12345678901234567890},"fromOpenid":"a"}"#;
        assert_eq!(encode_message(&sent.body, "a", "b"), expected);
    }

    #[test]
    fn the_receiver_is_the_bodys_else_the_paths() {
        assert_eq!(decode(r#"{"content":"x","toOpenid":17}"#, "a", Some("b")).unwrap().to, "17");
        assert_eq!(decode(r#"{"content":"x","toOpenid":-1}"#, "a", Some("b")).unwrap().to, "-1");
        let sent = decode(r#"{"content":"x","toOpenid":null}"#, "a", Some("b")).unwrap();
        assert_eq!(sent.to, "b");
        assert!(encode_message(&sent.body, "a", "b").contains(r#""toOpenid":"b""#));
    }

    #[test]
    fn bad_frames_are_told_and_nothing_else() {
        for (text, code) in [
            ("hello", "bad_json"),
            ("[]", "bad_json"),
            (r#"{"toOpenid":"b"}"#, "bad_request"),
            (r#"{"toOpenid":{},"content":"x"}"#, "bad_request"),
        ] {
            let refusal = decode(text, "a", None).unwrap_err();
            assert_eq!(refusal.code.as_str(), code, "{text}");
        }
    }

    #[test]
    fn other_protocols_and_emoji_codes_become_this_ones() {
        let body = Body::text("好的:+1:");
        let expected = r#"{"fromOpenid":"a","toOpenid":"b","content":"好的👍"}"#;
        assert_eq!(encode_message(&body, "a", "b"), expected);
        let sent =
            decode(r#"{"toOpenid":"b","content":":smile: 5:30","n":1.0}"#, "a", None).unwrap();
        let expected = r#"{"toOpenid":"b","content":"😄 5:30","n":1.0,"fromOpenid":"a"}"#;
        assert_eq!(encode_message(&sent.body, "a", "b"), expected);
        assert_eq!(encode_broadcast(None, &body), r#"{"type":"notice","content":"好的👍"}"#);
    }

    #[test]
    fn the_stranger_limit_is_told_in_the_words_of_the_page() {
        let refusal = Refusal::from(&Rejection::StrangerLimit { limit: 3 });
        let expected = r#"{"type":"notice","code":"stranger_limit","toOpenid":"b","content":"对方未上线,最多可发送3条离线消息"}"#;
        assert_eq!(encode_refusal(Some("b"), &refusal), expected);
    }
}
