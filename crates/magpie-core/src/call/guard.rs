//! Whether a user may ring another one at all, before any state is touched.

use magpie_proto::{ConversationId, ErrorCode, UserId};

use crate::{
    access::Caller, core::Core, model::UnreadWhy, port::store::Rejection, refusal::Refusal,
};

pub(super) async fn judge(core: &Core, caller: &Caller, to: &UserId) -> Result<(), Refusal> {
    if *to == caller.user {
        let message = "a call to oneself reaches nobody; name someone else";
        return Err(Refusal::new(ErrorCode::BadRequest, message));
    }
    if core.store.user(to.clone()).await?.is_none() {
        return Err(Refusal::unknown_user(to));
    }
    if core.store.blocked(to.clone()).await?.contains(&caller.user) {
        return Err(Refusal::new(ErrorCode::Blocked, "this user takes no calls from you"));
    }
    stranger(core, caller, to).await
}

/// A call leaves a message. Where there is a limit for those to someone who has neither answered
/// nor connected, ringing him is no way around it.
async fn stranger(core: &Core, caller: &Caller, to: &UserId) -> Result<(), Refusal> {
    let Some(limit) = core.policy.stranger_limit(caller.dialect) else { return Ok(()) };
    if core.presence.connections(to) > 0 {
        return Ok(());
    }
    let conversation = ConversationId::direct(&caller.user, to);
    let Some(entry) = core.store.entry(to.clone(), false, conversation).await? else {
        return Ok(());
    };
    let Some(unread) = core.store.unread(to.clone(), false, conversation).await? else {
        return Ok(());
    };
    let own = unread.places.iter().filter(|(_, why)| *why == UnreadWhy::Own);
    let answered = own.map(|(seq, _)| *seq).max().unwrap_or_default();
    let floor = entry.delivered_seq.max(answered);
    let waits = |(seq, why): &&(u64, UnreadWhy)| *seq > floor && *why != UnreadWhy::Own;
    if unread.places.iter().filter(waits).count() < limit as usize {
        return Ok(());
    }
    Err(Refusal::from(&Rejection::StrangerLimit { limit }))
}
