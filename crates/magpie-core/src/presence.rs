//! Presence and typing: passing events about who is here and what he is doing.

use magpie_proto::{ConversationKind, UserId};

use crate::{
    access::Caller,
    conversation::directory,
    core::Core,
    event::{Audience, Delivery, Event},
    port::store::{Op, Origin},
    refusal::Refusal,
};

/// A user's presence at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Who.
    pub user: UserId,
    /// Connected now.
    pub online: bool,
    /// Last moment with a connection, Unix ms; 0 if never.
    pub last_seen_ms: u64,
}

/// The presence of some users.
///
/// # Errors
/// The store's reason when last-seen times cannot be read.
pub async fn query(core: &Core, users: &[UserId]) -> Result<Vec<State>, Refusal> {
    let mut seen_ms = Vec::with_capacity(users.len());
    for user in users {
        seen_ms.push(if core.presence.connections(user) > 0 {
            None
        } else {
            Some(core.store.user(user.clone()).await?.map_or(0, |user| user.last_seen_ms))
        });
    }
    // Who is here is asked after the last wait, all at once: a follower hears of changes while the
    // store is read, and an answer from before them would take them back.
    let state = |(user, seen_ms): (&UserId, Option<u64>)| {
        let online = core.presence.connections(user) > 0;
        let seen_ms = seen_ms.filter(|_| !online).unwrap_or_else(|| core.now_ms());
        State { user: user.clone(), online, last_seen_ms: seen_ms }
    };
    Ok(users.iter().zip(seen_ms).map(state).collect())
}

/// A user's first connection opened.
pub fn came(core: &Core, user: &UserId) {
    announce(core, user, true, core.now_ms());
}

/// A user's last connection closed: remembered as "last seen" and told at once.
pub fn left(core: &Core, user: &UserId) {
    let at_ms = core.now_ms();
    // Queued before it is told: what a follower writes next comes behind it, and event and list
    // name the same moment.
    let op = Op::Seen { user: user.clone(), at_ms };
    if let Err(refusal) = core.submit(op, Origin::None) {
        tracing::debug!(code = refusal.code.as_str(), "last-seen time not stored");
    }
    announce(core, user, false, at_ms);
}

fn announce(core: &Core, user: &UserId, online: bool, last_seen_ms: u64) {
    let event = Event::Presence { user: user.clone(), online, last_seen_ms };
    core.bus.announce(Delivery::passing(Audience::Watchers(user.clone()), event));
}

/// The caller types in a conversation. Whoever has blocked him does not see it.
///
/// # Errors
/// `unknown_conversation` when he is not in it.
pub async fn typing(
    core: &Core,
    caller: &Caller,
    conversation: magpie_proto::ConversationId,
    origin: Origin,
) -> Result<(), Refusal> {
    let known = directory::known(core, conversation, &caller.user, caller.is_agent()).await?;
    let peer = known.members.iter().flatten().find(|member| **member != caller.user);
    if let (ConversationKind::Direct, Some(peer)) = (conversation.kind(), peer)
        && core.store.blocked(peer.clone()).await?.contains(&caller.user)
    {
        // It would only tell the blocker of somebody he does not want to hear of.
        return Ok(());
    }
    let event = Event::Typing { conversation, user: caller.user.clone() };
    let mut delivery = Delivery::passing(known.audience(conversation), event);
    delivery.origin = origin;
    core.bus.announce(delivery);
    Ok(())
}
