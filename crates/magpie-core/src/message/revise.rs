//! Changes of a stored message that everyone sees: recall, edit, reactions. What is allowed is
//! decided by the store at its serialization point; here the rules are only named.

use magpie_proto::{Body, ConversationId, ErrorCode, Seq};

use crate::{
    access::Caller,
    core::Core,
    model::Role,
    port::store::{Alteration, Op, Revise},
    refusal::Refusal,
};

/// Longest emoji of a reaction, in bytes: the longest sequence of Unicode 16 takes 35 with two
/// skin tones; families are shorter.
pub const EMOJI_BYTES_MAX: usize = 40;

/// Which message of which conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The conversation.
    pub conversation: ConversationId,
    /// The message.
    pub seq: Seq,
}

/// Takes a message of the caller back for everyone.
///
/// # Errors
/// `unknown_message`, `forbidden` (another one's), `too_late`.
pub async fn recall(core: &Core, caller: &Caller, at: At) -> Result<(), Refusal> {
    let window_ms = core.policy.recall_window_ms;
    revise(core, caller, at, Alteration::Recall, Some(window_ms)).await
}

/// Gives a text of the caller another body.
///
/// # Errors
/// `unknown_message`, `forbidden`, `too_late`, `recalled`, `bad_request` when it is no text.
pub async fn edit(core: &Core, caller: &Caller, at: At, body: Body) -> Result<(), Refusal> {
    let window_ms = core.policy.edit_window_ms;
    revise(core, caller, at, Alteration::Edit(body), Some(window_ms)).await
}

/// Puts an emoji of the caller on a message, or takes it away.
///
/// # Errors
/// `unknown_message`, `recalled`, `bad_request` for a bad emoji or too many of them.
pub async fn react(
    core: &Core,
    caller: &Caller,
    at: At,
    emoji: &str,
    on: bool,
) -> Result<(), Refusal> {
    let fits = (1..=EMOJI_BYTES_MAX).contains(&emoji.len());
    if !fits || emoji.chars().any(|c| c.is_control() || c.is_whitespace()) {
        let message = format!("\"e\" is one emoji: 1 to {EMOJI_BYTES_MAX} bytes, no spaces");
        return Err(Refusal::new(ErrorCode::BadRequest, message));
    }
    revise(core, caller, at, Alteration::React { emoji: emoji.into(), on }, None).await
}

async fn revise(
    core: &Core,
    caller: &Caller,
    at: At,
    what: Alteration,
    window_ms: Option<u64>,
) -> Result<(), Refusal> {
    // The owner's backend acts as an administrator: at any time, on any message.
    let guarded = caller.role != Role::Admin;
    core.write(Op::Revise(Revise {
        conversation: at.conversation,
        seq: at.seq,
        by: caller.user.clone(),
        what,
        at_ms: core.now_ms(),
        window_ms: window_ms.filter(|_| guarded),
        guarded,
    }))
    .await
    .map(drop)
}
