//! Forwarding: the server copies what it has stored, so that nobody can put words into another
//! one's mouth, and names whose words they are.

use magpie_proto::{Body, ErrorCode, client::Target};

use crate::{
    access::Caller,
    core::Core,
    message::{
        revise::At,
        send::{self, Send},
    },
    model::{Gone, Item},
    port::store::Origin,
    refusal::Refusal,
};

/// A message to forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Which.
    pub at: At,
    /// Where to.
    pub target: Target,
    /// The forwarder's idempotency key.
    pub client_msg_id: Option<Box<str>>,
}

/// Sends a copy of a message that the caller sees. Its answer comes through the commit, to
/// `origin`, as that of any send.
///
/// # Errors
/// `unknown_message`, `recalled`, `bad_request` for what cannot be forwarded, and what a send is
/// refused for.
pub async fn forward(
    core: &Core,
    caller: &Caller,
    forward: Forward,
    origin: Origin,
) -> Result<(), Refusal> {
    let At { conversation, seq } = forward.at;
    let found =
        core.store.message(caller.user.clone(), caller.is_agent(), conversation, seq).await?;
    let message = match found {
        Some(Item::Message(message)) => message,
        Some(Item::Gone { why: Gone::Recalled(_), .. }) => {
            return Err(Refusal::new(ErrorCode::Recalled, "this message was recalled"));
        }
        Some(Item::Gone { .. }) | None => return Err(Refusal::unknown_message()),
    };
    let body = Body::forwarded(&message.body, &message.sender, message.sent_ms).map_err(|why| {
        Refusal::new(ErrorCode::BadRequest, format!("this cannot be forwarded: {why}"))
    })?;
    let send = Send { target: forward.target, client_msg_id: forward.client_msg_id, body };
    send::send_copy(core, caller, send, origin)
}
