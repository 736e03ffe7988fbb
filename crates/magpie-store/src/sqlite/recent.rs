//! What changed lately, in memory, so that a resume asks the store only for what it has to, and
//! not at all when nothing changed for this user. Written by the writer after each commit.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering},
};

use ahash::RandomState;
use magpie_core::model::Position;
use magpie_proto::{ConversationId, UserId};
use parking_lot::RwLock;

/// One slot per user hash. Two users in one slot cost a needless read, nothing more.
const SLOTS: usize = 1 << 17;

/// Whose resume has to show a change.
#[derive(Debug, Clone)]
pub(crate) enum Whose {
    /// Both users of a direct conversation, or one user.
    Users([Option<UserId>; 2]),
    /// The visitor and every agent.
    Desk(Option<UserId>),
}

#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) ver: Position,
    pub(crate) conversation: ConversationId,
    pub(crate) whose: Whose,
}

#[derive(Clone, Copy)]
struct Noted {
    ver: Position,
    conversation: ConversationId,
    /// Slots of the users; the same twice when there is one.
    slots: [u32; 2],
    desk: bool,
}

/// What is known about a user's changes after a position.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// Nothing changed up to this position.
    Nothing(Position),
    /// At most these conversations changed up to this position (more may be named than did).
    Maybe(Position, Vec<ConversationId>),
    /// Too long ago to say.
    Unknown,
}

pub(crate) struct Recent {
    hasher: RandomState,
    /// Position at start: nothing is known about changes before.
    start: Position,
    position: AtomicU64,
    last: Box<[AtomicU64]>,
    last_desk: AtomicU64,
    ring: RwLock<Ring>,
}

struct Ring {
    noted: VecDeque<Noted>,
    /// Changes after this one are all in the ring.
    complete_after: Position,
    len_max: usize,
}

impl Recent {
    /// Knows the last `ring_len_max` changes after `start` one by one.
    pub(crate) fn new(start: Position, ring_len_max: usize) -> Self {
        let ring = Ring { noted: VecDeque::new(), complete_after: start, len_max: ring_len_max };
        Self {
            hasher: RandomState::new(),
            start,
            position: AtomicU64::new(start),
            last: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            last_desk: AtomicU64::new(0),
            ring: RwLock::new(ring),
        }
    }

    fn slot(&self, user: &UserId) -> u32 {
        // The mask keeps it far below 2^32.
        u32::try_from(self.hasher.hash_one(user) & (SLOTS as u64 - 1)).unwrap_or(0)
    }

    pub(crate) fn position(&self) -> Position {
        self.position.load(Ordering::Acquire)
    }

    /// Notes the changes of a commit, then its position: whoever sees the position sees them.
    pub(crate) fn committed(&self, changes: &[Change], position: Position) {
        let mut ring = self.ring.write();
        for change in changes {
            let noted = self.noted(change);
            for slot in noted.slots {
                self.last[slot as usize].store(change.ver, Ordering::Release);
            }
            if noted.desk {
                self.last_desk.store(change.ver, Ordering::Release);
            }
            ring.noted.push_back(noted);
            if ring.noted.len() > ring.len_max
                && let Some(dropped) = ring.noted.pop_front()
            {
                ring.complete_after = dropped.ver;
            }
        }
        self.position.store(position, Ordering::Release);
    }

    fn noted(&self, change: &Change) -> Noted {
        let (users, desk) = match &change.whose {
            Whose::Users(users) => (users.clone(), false),
            Whose::Desk(visitor) => ([visitor.clone(), None], true),
        };
        let [first, second] = users.map(|user| user.map(|u| self.slot(&u)));
        let one = first.or(second).unwrap_or(0);
        Noted {
            ver: change.ver,
            conversation: change.conversation,
            slots: [one, second.unwrap_or(one)],
            desk,
        }
    }

    /// What may have changed for a user after `since`.
    pub(crate) fn since(&self, user: &UserId, agent: bool, since: Position) -> Since {
        let position = self.position();
        if since < self.start {
            return Since::Unknown;
        }
        let slot = self.slot(user);
        let mine = self.last[slot as usize].load(Ordering::Acquire);
        let desk = if agent { self.last_desk.load(Ordering::Acquire) } else { 0 };
        if mine.max(desk) <= since {
            return Since::Nothing(position);
        }
        let ring = self.ring.read();
        if since < ring.complete_after {
            return Since::Unknown;
        }
        let newest = ring.noted.iter().rev().take_while(|noted| noted.ver > since);
        let mut maybe: Vec<ConversationId> = newest
            .filter(|noted| noted.slots.contains(&slot) || (agent && noted.desk))
            .map(|noted| noted.conversation)
            .collect();
        maybe.sort_unstable();
        maybe.dedup();
        Since::Maybe(position, maybe)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn user(id: &str) -> UserId {
        UserId::parse(id).unwrap()
    }

    fn change(ver: Position, a: &str, b: &str) -> Change {
        let conversation = ConversationId::direct(&user(a), &user(b));
        Change { ver, conversation, whose: Whose::Users([Some(user(a)), Some(user(b))]) }
    }

    #[test]
    fn who_is_not_concerned_needs_no_read_however_much_happened() {
        let recent = Recent::new(10, 4);
        for ver in 11..100 {
            recent.committed(&[change(ver, "a", "b")], ver);
        }
        assert_eq!(recent.since(&user("c"), false, 10), Since::Nothing(99));
        assert_eq!(recent.since(&user("a"), false, 99), Since::Nothing(99));
        assert_eq!(recent.since(&user("c"), false, 9), Since::Unknown, "before the start");
    }

    #[test]
    fn the_ring_names_what_changed_as_long_as_it_reaches_back() {
        let recent = Recent::new(0, 2);
        recent.committed(&[change(1, "a", "b"), change(2, "a", "c"), change(3, "a", "b")], 3);
        let of_c = ConversationId::direct(&user("a"), &user("c"));
        assert_eq!(recent.since(&user("c"), false, 1), Since::Maybe(3, vec![of_c]));
        assert_eq!(recent.since(&user("a"), false, 0), Since::Unknown);
        assert_eq!(recent.position(), 3);
    }

    #[test]
    fn desks_concern_every_agent_and_the_visitor() {
        let recent = Recent::new(0, 9);
        let conversation = ConversationId::desk(&user("v"));
        let whose = Whose::Desk(Some(user("v")));
        recent.committed(&[Change { ver: 1, conversation, whose }], 1);
        assert_eq!(recent.since(&user("x"), false, 0), Since::Nothing(1));
        for (who, agent) in [("x", true), ("v", false)] {
            assert_eq!(recent.since(&user(who), agent, 0), Since::Maybe(1, vec![conversation]));
        }
    }
}
