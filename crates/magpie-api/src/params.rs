//! Reading ids, marks and pages out of paths, queries and bodies, with errors that name the place.
//! Only text in, values out.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use magpie_core::{Refusal, model::InboxMark};
use magpie_proto::{
    Body, BodyError, CLIENT_MSG_ID_BYTES_MAX, ConversationId, ErrorCode, Seq, UserId,
    client::{Edge, INTEGER_MAX},
    ids,
};
use serde_json::value::RawValue;

use crate::problem::Problem;

/// Most entries of one page.
pub(crate) const PAGE_LEN_MAX: u32 = 200;
const PAGE_LEN: u32 = 50;

/// A user id.
pub(crate) fn user(place: &str, text: &str) -> Result<UserId, Problem> {
    UserId::parse(text).map_err(|error| Problem::bad(format!("{place}: {error}")))
}

/// A conversation id; one that this server never made names nothing.
pub(crate) fn conversation(text: &str) -> Result<ConversationId, Problem> {
    ConversationId::parse(text).map_err(|_malformed| Refusal::unknown_conversation().into())
}

/// A name with a length limit: a channel, a device, an idempotency key.
pub(crate) fn name(place: &str, text: &str, bytes_max: usize) -> Result<Box<str>, Problem> {
    match ids::check_text(text, bytes_max) {
        Ok(()) => Ok(text.into()),
        Err(error) => Err(Problem::bad(format!("{place}: {error}"))),
    }
}

/// A text to show, which may be empty.
pub(crate) fn shown(place: &str, text: &str, bytes_max: usize) -> Result<(), Problem> {
    if text.is_empty() { Ok(()) } else { name(place, text, bytes_max).map(drop) }
}

/// How many entries a page has.
pub(crate) fn limit(wanted: Option<u32>) -> Result<u32, Problem> {
    let limit = wanted.unwrap_or(PAGE_LEN);
    if (1..=PAGE_LEN_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::bad(format!("\"limit\" is 1 to {PAGE_LEN_MAX}")))
    }
}

/// A place in a conversation.
pub(crate) fn seq(place: &str, value: u64) -> Result<Seq, Problem> {
    if value <= INTEGER_MAX {
        Ok(value)
    } else {
        Err(Problem::bad(format!("\"{place}\" must be below 2^53")))
    }
}

/// The place of a message in a path.
pub(crate) fn place(value: u64) -> Result<Seq, Problem> {
    if value == 0 {
        return Err(Problem::bad("the place in the path: messages are counted from 1"));
    }
    seq("seq", value)
}

/// Which side of which message a page of history lies on.
pub(crate) fn edge(before: Option<u64>, after: Option<u64>) -> Result<Edge, Problem> {
    match (before, after) {
        (None, None) => Ok(Edge::Newest),
        (Some(value), None) => seq("before", value).map(Edge::Before),
        (None, Some(value)) => seq("after", value).map(Edge::After),
        (Some(_), Some(_)) => Err(Problem::bad("give \"before\" or \"after\", not both")),
    }
}

/// The idempotency key of a write: from its header, its body, or both when they agree.
pub(crate) fn idempotency(
    field: &str,
    header: Option<&str>,
    body: Option<&str>,
) -> Result<Option<Box<str>>, Problem> {
    let (place, text) = match (header, body) {
        (Some(header), Some(body)) if header != body => {
            return Err(Problem::bad(format!(
                "the header Idempotency-Key and {field} differ; send one of them, or the same"
            )));
        }
        (Some(text), _) => ("the header Idempotency-Key", text),
        (None, Some(text)) => (field, text),
        (None, None) => return Ok(None),
    };
    name(place, text, CLIENT_MSG_ID_BYTES_MAX).map(Some)
}

/// A message body out of `body` (an object) or `text` (shorthand for kind `text`).
pub(crate) fn body(body: Option<&RawValue>, text: Option<&str>) -> Result<Body, Problem> {
    let parsed = match (body, text) {
        (Some(raw), None) => Body::parse(raw.get()),
        (None, Some(text)) => Body::parse(Body::text(text).as_json()),
        _ => return Err(Problem::bad("give the message as either \"body\" or \"text\"")),
    };
    parsed.map_err(|error| match error {
        BodyError::TooLarge(_) => Problem::Request(ErrorCode::TooLarge, error.to_string()),
        _ => Problem::bad(format!("\"body\": {error}")),
    })
}

/// The mark of the next page of a conversation list, opaque to callers.
pub(crate) fn write_mark(mark: InboxMark) -> String {
    let mut bytes = [0; 17];
    bytes[0] = u8::from(mark.pinned);
    bytes[1..9].copy_from_slice(&mark.head_ms.to_be_bytes());
    bytes[9..].copy_from_slice(&mark.conversation.to_i64().to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads what [`write_mark`] wrote.
pub(crate) fn read_mark(text: &str) -> Result<InboxMark, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|b| <[u8; 17]>::try_from(b).ok());
    let mark = bytes.and_then(|bytes| {
        let (flag, numbers) = bytes.split_first()?;
        let (time, id) = numbers.split_first_chunk::<8>()?;
        let id = u64::from_be_bytes(id.try_into().ok()?);
        let conversation = ConversationId::parse(&format!("{id:016x}")).ok()?;
        let head_ms = u64::from_be_bytes(*time);
        (*flag <= 1).then_some(InboxMark { pinned: *flag == 1, head_ms, conversation })
    });
    mark.ok_or_else(|| Problem::bad("\"before\" must be the \"next\" of the page before"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_mark_survives_the_wire_and_foreign_texts_are_no_marks() {
        let (a, b) = (UserId::parse("a").unwrap(), UserId::parse("b").unwrap());
        let mark = InboxMark {
            pinned: true,
            head_ms: 1_700_000_000_123,
            conversation: ConversationId::direct(&a, &b),
        };
        assert_eq!(read_mark(&write_mark(mark)).unwrap(), mark);
        for foreign in ["", "x", "////", &"A".repeat(22), &"_".repeat(23), &"A".repeat(500)] {
            assert!(read_mark(foreign).is_err(), "{foreign}");
        }
    }

    #[test]
    fn an_idempotency_key_comes_from_one_place_or_twice_the_same() {
        assert_eq!(idempotency("f", None, None).unwrap(), None);
        assert_eq!(idempotency("f", Some("k"), Some("k")).unwrap().as_deref(), Some("k"));
        assert!(idempotency("f", Some("k"), Some("l")).is_err());
        assert!(idempotency("f", Some(""), None).is_err());
        assert!(idempotency("f", None, Some(&"k".repeat(65))).is_err());
    }
}
