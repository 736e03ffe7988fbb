//! What many client frames have in common, read and checked: users, conversations, targets, bodies.

use crate::{Body, BodyError, ConversationId, ErrorCode, Seq, UserId};

use super::{Head, INTEGER_MAX, LIST_MAX, Rest, Target};

/// Why a frame is refused, before its request id is known.
pub(super) type Fault = (ErrorCode, String);

pub(super) fn bad(message: impl Into<String>) -> Fault {
    (ErrorCode::BadRequest, message.into())
}

/// The checked body of a frame.
pub(super) fn body(head: &Head<'_>) -> Result<Body, Fault> {
    let raw = head.b.ok_or_else(|| bad("\"b\" (the body) is missing"))?;
    Body::parse(raw.get()).map_err(|e| {
        let too_large = matches!(e, BodyError::TooLarge(_));
        let code = if too_large { ErrorCode::TooLarge } else { ErrorCode::BadRequest };
        (code, format!("\"b\": {e}"))
    })
}

pub(super) fn target(head: &Head<'_>) -> Result<Target, Fault> {
    match (head.to.as_deref(), head.c.as_deref()) {
        (Some("desk:"), None) => Ok(Target::Desk),
        (Some(_), None) => required_user(head.to.as_deref(), "to").map(Target::User),
        (None, Some(_)) => conversation(head).map(Target::Conversation),
        _ => Err(bad("name the receiver with either \"to\" (a user) or \"c\" (a conversation)")),
    }
}

pub(super) fn conversation(head: &Head<'_>) -> Result<ConversationId, Fault> {
    let text = head.c.as_deref().ok_or_else(|| bad("\"c\" (the conversation) is missing"))?;
    parse_conversation(text)
}

pub(super) fn parse_conversation(text: &str) -> Result<ConversationId, Fault> {
    // An id that we never made names nothing: the same answer as for a foreign conversation.
    ConversationId::parse(text).map_err(|e| (ErrorCode::UnknownConversation, format!("\"c\": {e}")))
}

pub(super) fn required_user(text: Option<&str>, field: &str) -> Result<UserId, Fault> {
    let text = text.ok_or_else(|| bad(format!("\"{field}\" (a user) is missing")))?;
    UserId::parse(text).map_err(|e| bad(format!("\"{field}\": {e}")))
}

pub(super) fn users(list: &[String]) -> Result<Vec<UserId>, Fault> {
    if list.len() > LIST_MAX {
        return Err(bad(format!("\"users\" has at most {LIST_MAX} entries")));
    }
    list.iter().map(|text| required_user(Some(text), "users")).collect()
}

pub(super) fn on(rest: &Rest) -> Result<bool, Fault> {
    rest.on.ok_or_else(|| bad("\"on\" (true or false) is missing"))
}

/// The place of a message.
pub(super) fn seq(value: Option<u64>, field: &str) -> Result<Seq, Fault> {
    let value =
        value.ok_or_else(|| bad(format!("{field:?} (the place of a message) is missing")))?;
    if !(1..=INTEGER_MAX).contains(&value) {
        return Err(bad(format!(
            "{field:?} must be the place of a message: 1 or more, below 2^53"
        )));
    }
    Ok(value)
}

/// Entries wanted in a page; 50 if nothing is said.
pub(super) fn limit(value: Option<u32>) -> Result<u32, Fault> {
    let value = value.unwrap_or(50);
    if !(1..=200).contains(&value) {
        return Err(bad("\"limit\" is 1 to 200"));
    }
    Ok(value)
}
