//! What the dialect fuzzers run: any bytes through every decoder and back out through every
//! encoder, and the promises of each wire format checked. A plain function over bytes, shared by
//! the stable test and cargo-fuzz.

use magpie_core::Message;
use magpie_proto::{Body, ConversationId, MessageId, UserId};
use serde_json::Value;

use crate::{
    dialects::{DialectDoor, carwash, civil, emoji, helpdesk, inbound, market, miniapp},
    settings::Dialects,
};

/// Takes one input as a frame, as path parts and as a foreign body.
///
/// # Panics
/// When an encoder breaks the promise of its wire format: a bug.
pub fn fuzz_dialects(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    through_market(text);
    through_miniapp(text);
    foreign(&Body::text(text));
    if let Ok(body) = Body::parse(text) {
        foreign(&body);
    }
    paths(text);
    let expanded = emoji::expand(text);
    assert!(expanded.len() <= text.len().max(32) * 2, "emoji grew a text without bound");
}

fn object(json: &str) -> serde_json::Map<String, Value> {
    match serde_json::from_str(json) {
        Ok(Value::Object(object)) => object,
        other => panic!("no object: {other:?} in {json}"),
    }
}

fn through_market(text: &str) {
    match market::decode(text, "me\"", Some("peer")) {
        Ok(sent) => {
            let out = object(&market::encode_message(&sent.body, "me\"", "peer"));
            assert_eq!(out["fromOpenid"], "me\"", "the sender was forged");
            assert!(out.contains_key("content") && out.contains_key("toOpenid"));
            let everyone = object(&market::encode_broadcast(Some("me\""), &sent.body));
            assert_eq!(everyone["fromOpenid"], "me\"");
            across(&sent.body);
        }
        Err(refusal) => {
            let out = object(&market::encode_refusal(Some(text), &refusal));
            assert_eq!(out["type"], "notice");
        }
    }
}

fn through_miniapp(text: &str) {
    match miniapp::decode(text, "me\"") {
        Ok(sent) => {
            let out = miniapp::encode_broadcast(Some("me\""), &sent.body);
            let value: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}"));
            assert!(!value.is_null(), "null breaks its readers");
            if sent.to.is_some() {
                let out = object(&miniapp::encode_message(&sent.body, "me\"", "peer"));
                let from = out.get("formUserId").or_else(|| out.get("fromUserId"));
                assert_eq!(from.and_then(Value::as_str), Some("me\""), "the sender was forged");
            }
            across(&sent.body);
        }
        Err(refusal) => {
            let out = object(&miniapp::encode_refusal(&refusal));
            assert_eq!(out["type"], "error");
        }
    }
}

/// A dialect's body in the hands of the others: its own object must not show.
fn across(body: &Body) {
    let parts = body.parts();
    assert!(parts.is_some(), "a body that cannot be looked into");
    assert_eq!(Some(inbound::text_of(body)), parts.map(|parts| parts.x.into_owned()));
}

fn foreign(body: &Body) {
    let out = object(&market::encode_message(body, "a", "b"));
    assert_eq!((out["fromOpenid"].as_str(), out["toOpenid"].as_str()), (Some("a"), Some("b")));
    let out = object(&miniapp::encode_message(body, "a", "b"));
    assert_eq!(out["message"], inbound::text_of(body).as_str());
    assert_eq!(object(&market::encode_broadcast(None, body))["type"], "notice");
    assert_eq!(object(&miniapp::encode_broadcast(None, body))["type"], "notice");
    let dialects = Dialects::default();
    let author = helpdesk::author_of(&dialects, &desk_message(body));
    let out = object(&helpdesk::frame_text(&author, 0, &dialects, &inbound::text_of(body)));
    assert_eq!(out["text"], inbound::text_of(body).as_str());
    assert!(out["uid"].is_i64());
}

fn desk_message(body: &Body) -> Message {
    Message {
        conversation: ConversationId::from_i64(2 << 61),
        seq: 1,
        id: MessageId::from_bytes([0; 16]),
        sender: UserId::parse("17").unwrap_or_else(|_| unreachable!("a fixed id")),
        client_msg_id: None,
        body: body.clone(),
        sent_ms: 0,
        revision: None,
    }
}

fn paths(text: &str) {
    let one = [text.to_owned()];
    if let Some(spot) = helpdesk::HELPDESK.spot(&one)
        && let Some(user) = spot.user
    {
        assert!(UserId::parse(&user).is_ok(), "{user}");
    }
    let two: Vec<String> = text.splitn(2, '/').map(str::to_owned).collect();
    if let Some(spot) = carwash::CARWASH.spot(&two) {
        assert!(spot.user.is_some_and(|user| UserId::parse(&user).is_ok()));
    }
    if let Ok(ms) = text.parse() {
        assert!(civil::format(ms, 480).len() >= 19);
    }
}
