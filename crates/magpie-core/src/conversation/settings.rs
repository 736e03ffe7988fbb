//! What a user changes on his own side: open, pin, mute, hide, delete, hide one message, block.
//! Each is one durable write; his other devices hear of it through the commit.

use magpie_proto::{ConversationId, ErrorCode, Seq, UserId, client::Change};

use crate::{
    access::Caller,
    core::Core,
    model::{Entry, User},
    port::store::Op,
    refusal::Refusal,
};

/// Most users that one answer names: the store takes any number of blocks.
const BLOCKS_MAX: u32 = 1_000;

/// Makes the conversation with `peer` visible to the caller, with or without messages.
///
/// # Errors
/// `unknown_user` when there is no such peer.
pub async fn open(core: &Core, caller: &Caller, peer: UserId) -> Result<Entry, Refusal> {
    if peer == caller.user {
        return Err(Refusal::new(
            ErrorCode::BadRequest,
            "a conversation has two sides; name someone else",
        ));
    }
    let id = ConversationId::direct(&caller.user, &peer);
    core.write(Op::Open {
        user: caller.user.clone(),
        peer,
        create_peer: core.policy.create_unknown_users,
        now_ms: core.now_ms(),
    })
    .await?;
    entry(core, caller, id).await
}

/// Changes the caller's private state of a conversation.
///
/// # Errors
/// `unknown_conversation` when the caller is not in it.
pub async fn set(
    core: &Core,
    caller: &Caller,
    conversation: ConversationId,
    change: Change,
) -> Result<Entry, Refusal> {
    core.write(Op::Set { user: caller.user.clone(), conversation, change }).await?;
    entry(core, caller, conversation).await
}

/// Hides one message on the caller's side.
///
/// # Errors
/// `unknown_conversation` when there is no such message for the caller.
pub async fn hide_message(
    core: &Core,
    caller: &Caller,
    conversation: ConversationId,
    seq: Seq,
) -> Result<(), Refusal> {
    core.write(Op::HideMessage { user: caller.user.clone(), conversation, seq }).await.map(drop)
}

/// Refuses (or accepts again) messages from `other`.
///
/// # Errors
/// `unknown_user` when there is no such user.
pub async fn block(core: &Core, caller: &Caller, other: UserId, on: bool) -> Result<(), Refusal> {
    core.write(Op::Block { user: caller.user.clone(), other, on }).await.map(drop)
}

/// Whom `user` refuses messages from, in id order, at most [`BLOCKS_MAX`].
///
/// # Errors
/// Only those of the store.
pub async fn blocks(core: &Core, user: &UserId) -> Result<Vec<User>, Refusal> {
    Ok(core.store.blocked_users(user.clone(), BLOCKS_MAX).await?)
}

/// The caller's view of one conversation.
///
/// # Errors
/// `unknown_conversation` when the caller is not in it.
pub async fn entry(core: &Core, caller: &Caller, id: ConversationId) -> Result<Entry, Refusal> {
    core.store
        .entry(caller.user.clone(), caller.is_agent(), id)
        .await?
        .ok_or_else(Refusal::unknown_conversation)
}
