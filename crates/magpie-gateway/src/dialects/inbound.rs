//! What the doors share on the way in: size limit, rate (a pause in reading, never a drop), sends
//! with their answers, and the fallback text of bodies that a dialect cannot show.

use std::{
    borrow::Cow,
    sync::{Arc, atomic::Ordering},
};

use magpie_core::{
    Message, Refusal,
    message::send,
    port::store::{Origin, Outcome, WriteResult},
};
use magpie_proto::{Body, CloseCode, client::Target};

use crate::{
    conn::{Conn, Identity},
    gate::Gate,
};

/// Shown where a message has no text of its own.
pub const NO_TEXT: &str = "[消息]";

/// Number of the write that a replay puts behind everything before it; see [`super::replay`].
pub const BARRIER: u64 = u64::MAX;

/// Charges a frame to its user: over the rate it is still answered, then reading pauses.
pub fn charge(gate: &Gate, conn: &Conn, identity: &Identity) {
    let now_ms = gate.core.clock.uptime_ms();
    conn.spoke_ms.store(now_ms, Ordering::Relaxed);
    let wait_ms = identity.bucket.charge(gate.settings.limits.messages, now_ms);
    if wait_ms > 0 {
        conn.pause(wait_ms);
    }
}

/// Whether a text fits; the connection is ended with 1009 if not.
pub fn fits(gate: &Gate, conn: &Conn, text: &str) -> bool {
    let fits = text.len() <= gate.settings.limits.body_bytes_max;
    if !fits {
        conn.outbox.end(CloseCode::TooLarge);
    }
    fits
}

/// Queues a message of the connection's user. `named` is the receiver as the client named him.
///
/// # Errors
/// The rule that was broken before the store; later answers come through [`answered`].
pub fn submit(
    gate: &Gate,
    conn: &Arc<Conn>,
    identity: &Identity,
    target: Target,
    named: &str,
    body: Body,
) -> Result<(), Refusal> {
    let bytes = body.as_bytes().len();
    let r = conn.progress(|progress| progress.ask(bytes, named));
    conn.begin(bytes);
    let message = send::Send { target, client_msg_id: None, body };
    let origin = Origin::Connection(conn.clone(), r);
    send::send(&gate.core, &identity.caller, message, origin).inspect_err(|_| {
        conn.progress(|progress| progress.answer(r));
        conn.finish(bytes);
    })
}

/// The answer to a send: the receiver as the client named him, and the stored message or why not.
pub fn answered<'a>(
    conn: &Conn,
    r: u64,
    result: &'a WriteResult,
) -> Option<(Box<str>, Result<&'a Message, Refusal>)> {
    if r == BARRIER {
        conn.progress(|progress| progress.pass_barrier(result));
        return None;
    }
    let pending = conn.progress(|progress| progress.answer(r))?;
    conn.finish(pending.bytes);
    match result {
        Ok(Outcome::Stored { message, .. }) => Some((pending.target, Ok(message))),
        Ok(_) => None,
        Err(rejection) => Some((pending.target, Err(Refusal::from(rejection)))),
    }
}

/// A body as text: its own, or a word for what it is.
#[must_use]
pub fn text_of(body: &Body) -> String {
    let Some(parts) = body.parts() else { return NO_TEXT.to_owned() };
    if parts.k == "text" || !parts.x.is_empty() {
        return parts.x.into_owned();
    }
    let word = match &*parts.k {
        "image" => "[图片]",
        "file" => "[文件]",
        "voice" => "[语音]",
        "video" => "[视频]",
        "call" => "[通话]",
        "card" => "[名片]",
        _ => NO_TEXT,
    };
    word.to_owned()
}

/// The object that a client of `dialect` sent, when the body came from there.
#[must_use]
pub fn raw_of(body: &Body, dialect: &str) -> Option<String> {
    let raw = body.parts()?.raw?;
    (raw.dialect == dialect).then(|| raw.object.get().to_owned())
}

/// An id as the dialect's clients know it: without the prefix.
#[must_use]
pub fn bare<'a>(prefix: &str, id: &'a str) -> &'a str {
    id.strip_prefix(prefix).unwrap_or(id)
}

/// The text that stands for a JSON value in other protocols.
#[must_use]
pub fn value_text(raw: Option<&str>) -> Cow<'static, str> {
    match raw {
        None => NO_TEXT.into(),
        Some(raw) => match super::object::string(raw) {
            Some(text) => text.into(),
            // Numbers and truth values read as they are written; structures do not.
            None if raw.starts_with(['{', '[']) => NO_TEXT.into(),
            None => raw.to_owned().into(),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_a_dialect_cannot_show_has_a_word() {
        let text = |json: &str| text_of(&Body::parse(json).unwrap());
        assert_eq!(text(r#"{"k":"text","x":""}"#), "");
        assert_eq!(text(r#"{"k":"image","x":""}"#), "[图片]");
        assert_eq!(text(r#"{"k":"image","x":"[照片] 海边"}"#), "[照片] 海边");
        assert_eq!(text(r#"{"k":"poll","x":""}"#), "[消息]");
    }

    #[test]
    fn values_become_text_without_json_reaching_a_page_that_prints() {
        let text = |raw: &str| value_text(Some(raw)).into_owned();
        assert_eq!(text(r#""\u4f60""#), "你");
        assert_eq!(text("5"), "5");
        assert_eq!(text(r#"{"a":1}"#), NO_TEXT);
        assert_eq!(value_text(None), NO_TEXT);
    }

    #[test]
    fn a_prefix_is_taken_off_its_own_ids_only() {
        assert_eq!(bare("m_", "m_7"), "7");
        assert_eq!(bare("m_", "7"), "7");
        assert_eq!(bare("", "7"), "7");
    }
}
