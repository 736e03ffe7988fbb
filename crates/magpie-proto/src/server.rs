//! Frames that the server sends on a native connection, written straight into one buffer.
//! Message events carry no field that differs between receivers, so that one encoding serves all.

use std::fmt::Write as _;

use serde::Serialize;

use crate::{ConversationId, ErrorCode, MessageId, Retry, Seq, UserId};

/// A JSON string literal.
struct Text<'a>(&'a str);

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
            return write!(f, "\"{}\"", self.0);
        }
        f.write_str(&serde_json::to_string(self.0).unwrap_or_default())
    }
}

/// The fields of a stored message as they go on the wire.
#[derive(Debug, Clone, Copy)]
pub struct MessageFields<'a> {
    /// Where it lives.
    pub conversation: ConversationId,
    /// Its place there.
    pub seq: Seq,
    /// Its global id.
    pub id: MessageId,
    /// Who sent it.
    pub from: &'a UserId,
    /// When the server took it, Unix ms.
    pub sent_ms: u64,
    /// The body's JSON text.
    pub body: &'a str,
}

/// `msg` event. `client_msg_id` only for the sender's own devices.
#[must_use]
pub fn message(m: &MessageFields<'_>, client_msg_id: Option<&str>) -> String {
    let mut out = String::with_capacity(m.body.len() + 160);
    out.push_str(r#"{"t":"msg","#);
    message_fields(&mut out, m, client_msg_id);
    out.push('}');
    out
}

/// The fields of a message without the frame around them, for lists.
pub fn message_fields(out: &mut String, m: &MessageFields<'_>, client_msg_id: Option<&str>) {
    let _ = write!(
        out,
        r#""c":"{}","seq":{},"id":"{}","from":{},"ts":{},"b":{}"#,
        m.conversation,
        m.seq,
        m.id,
        Text(m.from.as_str()),
        m.sent_ms,
        m.body
    );
    if let Some(cid) = client_msg_id {
        let _ = write!(out, r#","cid":{}"#, Text(cid));
    }
}

/// Reply to a send.
#[must_use]
pub fn ack(
    r: u64,
    c: ConversationId,
    id: MessageId,
    seq: Seq,
    sent_ms: u64,
    duplicate: bool,
) -> String {
    let dup = if duplicate { r#","dup":true"# } else { "" };
    format!(r#"{{"t":"ack","r":{r},"c":"{c}","id":"{id}","seq":{seq},"ts":{sent_ms}{dup}}}"#)
}

/// Plain positive reply.
#[must_use]
pub fn ok(r: u64) -> String {
    format!(r#"{{"t":"ok","r":{r}}}"#)
}

/// Reply with fields: `{"t":<t>,"r":<r>, ...fields}`. `fields` serialises to a JSON object.
///
/// # Errors
/// Only if `fields` cannot be serialised.
pub fn reply<T: Serialize>(
    t: &str,
    r: Option<u64>,
    fields: &T,
) -> Result<String, serde_json::Error> {
    let body = serde_json::to_string(fields)?;
    let mut out = format!(r#"{{"t":"{t}""#);
    if let Some(r) = r {
        let _ = write!(out, r#","r":{r}"#);
    }
    let inner = body.trim_start_matches('{');
    if inner != "}" {
        out.push(',');
    }
    out.push_str(inner);
    Ok(out)
}

/// An error reply, or an error event when the request has no id.
#[must_use]
pub fn error(r: Option<u64>, code: ErrorCode, retry: Retry, message: &str) -> String {
    let mut out = String::from(r#"{"t":"error""#);
    if let Some(r) = r {
        let _ = write!(out, r#","r":{r}"#);
    }
    let _ = write!(
        out,
        r#","code":"{}","retry":{},"message":{}}}"#,
        code.as_str(),
        RetryText(retry),
        Text(message)
    );
    out
}

struct RetryText(Retry);

impl std::fmt::Display for RetryText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Retry::Never => f.write_str(r#""never""#),
            Retry::Later => f.write_str(r#""later""#),
            Retry::AfterMs(ms) => write!(f, r#""after_ms","after_ms":{ms}"#),
        }
    }
}

/// Reply to a ping. `cursor` covers everything put on this connection before it and is absent
/// while a resume is running; `durable_count` counts the durable events put on it since `ready`.
#[must_use]
pub fn pong(r: Option<u64>, cursor: Option<&str>, durable_count: u64, now_ms: u64) -> String {
    let r = r.map(|r| format!(r#","r":{r}"#)).unwrap_or_default();
    let cursor = cursor.map(|cursor| format!(r#","cur":"{cursor}""#)).unwrap_or_default();
    format!(r#"{{"t":"pong"{r}{cursor},"n":{durable_count},"now":{now_ms}}}"#)
}

/// `receipt` event.
#[must_use]
pub fn receipt(c: ConversationId, user: &UserId, delivered: Seq, read: Seq) -> String {
    format!(
        r#"{{"t":"receipt","c":"{c}","user":{},"delivered":{delivered},"read":{read}}}"#,
        Text(user.as_str())
    )
}

/// `typing` event.
#[must_use]
pub fn typing(c: ConversationId, user: &UserId) -> String {
    format!(r#"{{"t":"typing","c":"{c}","user":{}}}"#, Text(user.as_str()))
}

/// `conv.draft` event: what the user typed on another device; an empty text forgets it.
#[must_use]
pub fn draft(c: ConversationId, text: &str, reply_to: Option<Seq>, at_ms: u64) -> String {
    let re = reply_to.map(|seq| format!(r#","re":{seq}"#)).unwrap_or_default();
    format!(r#"{{"t":"conv.draft","c":"{c}","x":{}{re},"ts":{at_ms}}}"#, Text(text))
}

/// `presence` event.
#[must_use]
pub fn presence(user: &UserId, online: bool, last_seen_ms: u64) -> String {
    format!(
        r#"{{"t":"presence","user":{},"online":{online},"last_seen":{last_seen_ms}}}"#,
        Text(user.as_str())
    )
}

/// `push` event: a channel's value. `dropped` counts ephemeral values lost before it.
#[must_use]
pub fn push(channel: &str, version: u64, sent_ms: u64, data: &str, dropped: u64) -> String {
    let dropped = if dropped > 0 { format!(r#","dropped":{dropped}"#) } else { String::new() };
    format!(
        r#"{{"t":"push","channel":{},"version":{version},"ts":{sent_ms},"data":{data}{dropped}}}"#,
        Text(channel)
    )
}

/// `broadcast` event: to everyone connected, not stored. `dropped` as in [`push`].
#[must_use]
pub fn broadcast(from: Option<&UserId>, body: &str, dropped: u64) -> String {
    let from = from.map(|from| format!(r#","from":{}"#, Text(from.as_str()))).unwrap_or_default();
    let dropped = if dropped > 0 { format!(r#","dropped":{dropped}"#) } else { String::new() };
    format!(r#"{{"t":"broadcast"{from},"b":{body}{dropped}}}"#)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn strings_are_escaped_wherever_they_come_from() {
        let user = UserId::parse("a\"b\\c").unwrap();
        let frame = presence(&user, true, 5);
        let value: serde_json::Value = serde_json::from_str(&frame).unwrap();
        assert_eq!(value["user"], "a\"b\\c");
    }

    #[test]
    fn an_error_carries_code_retry_and_request() {
        let frame = error(Some(3), ErrorCode::RateLimited, Retry::AfterMs(250), "slow down");
        let value: serde_json::Value = serde_json::from_str(&frame).unwrap();
        assert_eq!(value["r"], 3);
        assert_eq!(value["retry"], "after_ms");
        assert_eq!(value["after_ms"], 250);
    }

    #[test]
    fn a_reply_merges_its_fields() {
        assert_eq!(reply("ok", Some(1), &serde_json::json!({})).unwrap(), r#"{"t":"ok","r":1}"#);
        assert_eq!(reply("x", None, &serde_json::json!({"a":1})).unwrap(), r#"{"t":"x","a":1}"#);
    }
}
