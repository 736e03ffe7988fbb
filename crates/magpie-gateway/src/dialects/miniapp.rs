//! Post 002: mini-program chat and notices at `/websocket/{userId}`. These pages parse every frame
//! as JSON and reconnect for ever without closing: superseded sockets stay open, the newest gets
//! what comes, and nothing but JSON is sent.

use std::sync::Arc;

use bytes::Bytes;
use magpie_core::{
    Delivery, Dialect, Event, Message, Refusal, port::store::WriteResult, push::publish,
};
use magpie_proto::{Body, ErrorCode, client::Target, scan};
use serde_json::value::RawValue;

use crate::{
    conn::{Conn, Identity, Mark},
    dialects::{
        DialectDoor, Spot, deliver_chat,
        inbound::{self, bare, raw_of, text_of},
        market::concerns,
        object::{Object, quote, raw_value},
        prefixed,
        replay::{self, Source},
    },
    door::Door,
    gate::Gate,
    ws::frame,
};

/// Most sockets of one user: closing an old one would start a reconnect war, so the handshake
/// beyond it is refused.
pub const SOCKETS_MAX: usize = 32;

const PONG: &str = r#"{"type":"pong"}"#;

/// The dialect.
pub struct Miniapp;

/// The one door of it.
pub static MINIAPP: Miniapp = Miniapp;

impl Door for Miniapp {
    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Miniapp)
    }

    fn opened(&self, gate: &Arc<Gate>, conn: &Arc<Conn>) {
        gate.register(conn);
        replay::start(gate, conn, Source::Undelivered, encode);
    }

    fn text(&self, gate: &Arc<Gate>, conn: &Arc<Conn>, text: &str) {
        let Some(identity) = conn.identity() else { return };
        if text.eq_ignore_ascii_case("ping") {
            conn.outbox.push(frame::text(PONG));
            return;
        }
        inbound::charge(gate, conn, identity);
        let prefix = gate.settings.dialects.id_prefix(Dialect::Miniapp);
        let own = bare(prefix, identity.caller.user.as_str());
        let done = match decode(text, own) {
            Ok(sent) if sent.text.len() > gate.settings.limits.body_bytes_max => {
                conn.outbox.end(magpie_proto::CloseCode::TooLarge);
                Ok(())
            }
            Ok(Sent { to: Some(to), body, .. }) => prefixed(prefix, &to).and_then(|user| {
                inbound::submit(gate, conn, identity, Target::User(user), &to, body)
            }),
            Ok(Sent { to: None, body, .. }) => broadcast(gate, identity, body),
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = done {
            refuse(conn, &refusal);
        }
    }

    fn wants(&self, conn: &Conn, siblings: &[Arc<Conn>], delivery: &Delivery) -> bool {
        match &delivery.event {
            Some(Event::Message(m)) => {
                conn.user().is_some_and(|user| m.sender != *user && concerns(user, m))
                    && newest(siblings).is_some_and(|other| other.id == conn.id)
            }
            Some(Event::Broadcast { .. } | Event::Kick { .. }) => true,
            _ => false,
        }
    }

    fn deliver(&self, conn: &Conn, delivery: &Delivery, _is_origin: bool) {
        deliver_chat(conn, delivery, encode, encode_broadcast);
    }

    fn reply(&self, conn: &Conn, r: u64, result: &WriteResult) {
        match inbound::answered(conn, r, result) {
            Some((_, Ok(message))) if conn.gate().settings.dialects.miniapp_echo => {
                if let Some(json) = raw_of(&message.body, Dialect::Miniapp.as_str()) {
                    conn.outbox.push(frame::text(&json));
                }
            }
            Some((_, Err(refusal))) => refuse(conn, &refusal),
            _ => {}
        }
    }

    fn proved(&self, gate: &Arc<Gate>, conn: &Arc<Conn>, marks: Vec<Mark>) {
        replay::proved(gate, conn, marks);
    }

    fn closing(&self, gate: &Arc<Gate>, conn: &Arc<Conn>) {
        conn.progress(|progress| progress.tell_settled());
        let (Some(user), true) = (conn.user(), conn.unproved(|_| true)) else { return };
        // What died with this socket goes to the one that is the newest now, before anything
        // later does.
        let siblings = gate.hub.of(user);
        let others: Vec<_> = siblings.iter().filter(|other| other.id != conn.id).cloned().collect();
        if let Some(heir) = newest(&others) {
            heir.outbox.catch_up_again();
            replay::start(gate, heir, Source::Undelivered, encode);
        }
    }
}

impl DialectDoor for Miniapp {
    fn spot(&self, parts: &[String]) -> Option<Spot> {
        Some(Spot { user: parts.first().cloned(), peer: None, channel: None })
    }
}

fn newest(siblings: &[Arc<Conn>]) -> Option<&Arc<Conn>> {
    siblings
        .iter()
        .rfind(|other| other.dialect() == Some(Dialect::Miniapp) && other.outbox.ending().is_none())
}

/// What a frame asks for.
#[derive(Debug)]
pub(crate) struct Sent {
    /// The receiver as the client names him; `None`: everyone.
    pub to: Option<String>,
    /// The text for other protocols.
    pub text: String,
    /// Both, with the client's JSON.
    pub body: Body,
}

/// Reads a frame of `own`.
///
/// # Errors
/// `bad_json` for JSON that would break its readers, `bad_request` for ids that are none.
pub(crate) fn decode(text: &str, own: &str) -> Result<Sent, Refusal> {
    let bad = |code, message: String| Refusal::new(code, message);
    let json = serde_json::from_str::<&RawValue>(text).ok().map(RawValue::get);
    let Some(json) = json.filter(|json| *json != "null") else {
        // No reader could take it as it is; `null` has no fields to look at either.
        let wrapped = format!(r#"{{"type":"message","message":{}}}"#, quote(text));
        return Ok(Sent { to: None, text: text.to_owned(), body: with_raw(text, wrapped) });
    };
    if !json.starts_with('{') {
        scan::check(json).map_err(|error| bad(ErrorCode::BadJson, error.to_string()))?;
        return Ok(Sent { to: None, text: text.to_owned(), body: with_raw(text, json.to_owned()) });
    }
    let mut object = Object::parse(json).map_err(|error| bad(ErrorCode::BadJson, error))?;
    let message = inbound::value_text(object.raw("message")).into_owned();
    let to = object.id("toUserId").map_err(|error| bad(ErrorCode::BadRequest, error))?;
    let Some(to) = to.map(|to| to.into_owned()) else {
        let body = with_raw(&message, json.to_owned());
        return Ok(Sent { to: None, text: message, body });
    };
    if object.has("fromUserId") {
        object.set("fromUserId", own);
    }
    if object.has("formUserId") || !object.has("fromUserId") {
        object.set("formUserId", own);
    }
    let body = with_raw(&message, object.to_json());
    Ok(Sent { to: Some(to), text: message, body })
}

fn with_raw(text: &str, json: String) -> Body {
    match raw_value(json) {
        Some(raw) => Body::with_raw(text, Dialect::Miniapp.as_str(), &raw),
        None => Body::text(text),
    }
}

fn broadcast(gate: &Gate, identity: &Identity, body: Body) -> Result<(), Refusal> {
    if !identity.caller.broadcast && !gate.settings.dialects.miniapp_broadcast {
        let message = "name a receiver with \"toUserId\"; sending to everyone needs the \
                       permission \"broadcast\"";
        return Err(Refusal::new(ErrorCode::Forbidden, message));
    }
    let from = Some(identity.caller.user.clone());
    publish::broadcast(&gate.core, from, body, Some(Dialect::Miniapp));
    Ok(())
}

fn encode(gate: &Gate, conn: &Conn, m: &Message) -> Option<Bytes> {
    let prefix = gate.settings.dialects.id_prefix(Dialect::Miniapp);
    let to = bare(prefix, conn.user()?.as_str());
    Some(frame::text(&encode_message(&m.body, bare(prefix, m.sender.as_str()), to)))
}

/// A message as this dialect's pages read it.
pub(crate) fn encode_message(body: &Body, from: &str, to: &str) -> String {
    raw_of(body, Dialect::Miniapp.as_str()).unwrap_or_else(|| {
        format!(
            r#"{{"type":"message","formUserId":{},"toUserId":{},"message":{}}}"#,
            quote(from),
            quote(to),
            quote(&text_of(body))
        )
    })
}

/// To everyone: a page's JSON, or a notice of the system.
pub(crate) fn encode_broadcast(from: Option<&str>, body: &Body) -> String {
    let text = quote(&text_of(body));
    match (raw_of(body, Dialect::Miniapp.as_str()), from) {
        (Some(json), _) => json,
        (None, Some(from)) => {
            format!(r#"{{"type":"message","formUserId":{},"message":{text}}}"#, quote(from))
        }
        (None, None) => format!(r#"{{"type":"notice","message":{text}}}"#),
    }
}

fn refuse(conn: &Conn, refusal: &Refusal) {
    conn.outbox.push(frame::text(&encode_refusal(refusal)));
}

/// A refused send.
pub(crate) fn encode_refusal(refusal: &Refusal) -> String {
    format!(r#"{{"type":"error","message":{}}}"#, quote(&refusal.message))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_object_with_a_receiver_goes_whole_with_its_true_sender() {
        let text = r#"{"formUserId":"Z","toUserId":"B","message":"hi","x":[1]}"#;
        let sent = decode(text, "A").unwrap();
        assert_eq!((sent.to.as_deref(), sent.text.as_str()), (Some("B"), "hi"));
        let expected = r#"{"formUserId":"A","toUserId":"B","message":"hi","x":[1]}"#;
        assert_eq!(encode_message(&sent.body, "A", "B"), expected);
    }

    #[test]
    fn the_other_spelling_is_taken_and_numbers_are_ids() {
        let sent = decode(r#"{"fromUserId":"Z","toUserId":17,"message":5}"#, "A").unwrap();
        assert_eq!((sent.to.as_deref(), sent.text.as_str()), (Some("17"), "5"));
        let expected = r#"{"fromUserId":"A","toUserId":17,"message":5}"#;
        assert_eq!(encode_message(&sent.body, "A", "17"), expected);
        let sent = decode(r#"{"toUserId":"B","message":"x"}"#, "A").unwrap();
        let expected = r#"{"toUserId":"B","message":"x","formUserId":"A"}"#;
        assert_eq!(encode_message(&sent.body, "A", "B"), expected);
    }

    #[test]
    fn what_names_nobody_is_for_everyone_and_stays_json() {
        for (text, out) in [
            (r#"{"type":"step","n":1e2}"#, r#"{"type":"step","n":1e2}"#),
            ("[1, 2]", "[1, 2]"),
            ("hello", r#"{"type":"message","message":"hello"}"#),
            ("null", r#"{"type":"message","message":"null"}"#),
            ("", r#"{"type":"message","message":""}"#),
        ] {
            let sent = decode(text, "A").unwrap();
            assert_eq!(sent.to, None, "{text}");
            assert_eq!(encode_broadcast(Some("A"), &sent.body), out, "{text}");
        }
    }

    #[test]
    fn every_frame_out_is_json_with_a_message() {
        let body = Body::text("停机\n维护");
        assert_eq!(encode_broadcast(None, &body), r#"{"type":"notice","message":"停机\n维护"}"#);
        let expected =
            r#"{"type":"message","formUserId":"小明","toUserId":"B","message":"停机\n维护"}"#;
        assert_eq!(encode_message(&body, "小明", "B"), expected);
        let refusal = decode(r#"{"toUserId":{}}"#, "A").unwrap_err();
        let expected =
            r#"{"type":"error","message":"\"toUserId\" must be a string or a whole number"}"#;
        assert_eq!(encode_refusal(&refusal), expected);
        assert_eq!(
            decode(r#"["\ud800"]"#, "A").map(|s| s.to).unwrap_err().code.as_str(),
            "bad_json"
        );
    }
}
