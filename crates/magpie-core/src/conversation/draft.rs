//! Drafts: what a user has typed in a conversation and not sent, the same on all his devices.

use magpie_proto::{ConversationId, ErrorCode, Seq};

use crate::{
    access::Caller,
    core::Core,
    model::Draft,
    port::store::{Op, Origin},
    refusal::Refusal,
};

/// Longest draft, in bytes of UTF-8.
pub const DRAFT_BYTES_MAX: usize = 4_096;

/// Keeps a draft, or forgets it when the text is empty and it answers nothing. The connection that
/// asks is not told; it knows.
///
/// # Errors
/// `too_large`; `unknown_conversation` comes through the commit.
pub fn keep(
    core: &Core,
    caller: &Caller,
    conversation: ConversationId,
    text: &str,
    reply_to: Option<Seq>,
    origin: Origin,
) -> Result<(), Refusal> {
    if text.len() > DRAFT_BYTES_MAX {
        let message = format!("\"x\": a draft has at most {DRAFT_BYTES_MAX} bytes");
        return Err(Refusal::new(ErrorCode::TooLarge, message));
    }
    let empty = text.is_empty() && reply_to.is_none();
    let draft = (!empty).then(|| Box::new(Draft { text: text.into(), reply_to }));
    let (user, at_ms) = (caller.user.clone(), core.now_ms());
    core.submit(Op::Draft { user, conversation, draft, at_ms }, origin)
}
