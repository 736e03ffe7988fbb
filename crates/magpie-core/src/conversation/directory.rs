//! Members and heads of the conversations in use, so that receipts and typing find their
//! audience without asking the store. A bounded cache: what is missing is read again.

use ahash::AHashMap;
use magpie_proto::{ConversationId, ConversationKind, Seq, UserId};
use parking_lot::Mutex;

use crate::{core::Core, event::Audience, publish, refusal::Refusal};

const SHARDS: usize = 16;
/// Entries of one generation of one shard; at most two generations are kept.
const GENERATION_LEN_MAX: usize = 8_192;

/// What is known of one conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The two users of a direct conversation, or the visitor of a desk conversation.
    pub members: [Option<UserId>; 2],
    /// Newest seq seen.
    pub head: Seq,
}

#[derive(Default)]
struct Shard {
    young: AHashMap<ConversationId, Known>,
    old: AHashMap<ConversationId, Known>,
}

/// The cache.
#[derive(Default)]
pub struct Directory {
    shards: [Mutex<Shard>; SHARDS],
}

impl Directory {
    fn shard(&self, id: ConversationId) -> &Mutex<Shard> {
        let index = usize::try_from(id.to_i64().unsigned_abs() % SHARDS as u64).unwrap_or(0);
        &self.shards[index]
    }

    /// Keeps members and head of a conversation; the head never falls.
    pub fn note(&self, id: ConversationId, members: &[Option<UserId>; 2], head: Seq) {
        let mut shard = self.shard(id).lock();
        if let Some(known) = shard.young.get_mut(&id) {
            known.head = known.head.max(head);
            return;
        }
        let head = shard.old.remove(&id).map_or(head, |known| known.head.max(head));
        if shard.young.len() >= GENERATION_LEN_MAX {
            shard.old = std::mem::take(&mut shard.young);
        }
        shard.young.insert(id, Known { members: members.clone(), head });
    }

    /// What is known of a conversation, if anything.
    #[must_use]
    pub fn get(&self, id: ConversationId) -> Option<Known> {
        let shard = self.shard(id).lock();
        shard.young.get(&id).or_else(|| shard.old.get(&id)).cloned()
    }

    /// The other user of a direct conversation, when it is known.
    #[must_use]
    pub fn peer(&self, id: ConversationId, user: &UserId) -> Option<UserId> {
        let known = self.get(id)?;
        known.members.into_iter().flatten().find(|member| member != user)
    }
}

/// What is known of a conversation that `user` is in, read from the store when the cache has not
/// got it. Agents are in every desk conversation.
///
/// # Errors
/// `unknown_conversation` when it does not exist or the user is not in it.
pub async fn known(
    core: &Core,
    id: ConversationId,
    user: &UserId,
    agent: bool,
) -> Result<Known, Refusal> {
    let known = match core.directory.get(id) {
        Some(known) => known,
        None => {
            let (members, head) =
                core.store.members(id).await?.ok_or_else(Refusal::unknown_conversation)?;
            core.directory.note(id, &members, head);
            Known { members, head }
        }
    };
    let desk_agent = agent && id.kind() == ConversationKind::Desk;
    if desk_agent || known.members.iter().flatten().any(|member| member == user) {
        Ok(known)
    } else {
        Err(Refusal::unknown_conversation())
    }
}

impl Known {
    /// Who hears of a shared change.
    #[must_use]
    pub fn audience(&self, id: ConversationId) -> Audience {
        publish::audience(id, &self.members)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_head_never_falls_and_the_cache_stays_bounded() {
        let directory = Directory::default();
        let (a, b) = (UserId::parse("a").unwrap(), UserId::parse("b").unwrap());
        let id = ConversationId::direct(&a, &b);
        let members = [Some(a.clone()), Some(b.clone())];
        directory.note(id, &members, 7);
        directory.note(id, &members, 3);
        assert_eq!(directory.get(id).unwrap().head, 7);
        assert_eq!(directory.peer(id, &a), Some(b));
        for n in 0..SHARDS * GENERATION_LEN_MAX * 4 {
            directory.note(ConversationId::from_i64(i64::try_from(n).unwrap()), &members, 1);
        }
        let kept: usize = directory
            .shards
            .iter()
            .map(|shard| {
                let shard = shard.lock();
                shard.young.len() + shard.old.len()
            })
            .sum();
        assert!(kept <= SHARDS * GENERATION_LEN_MAX * 2, "{kept}");
    }
}
