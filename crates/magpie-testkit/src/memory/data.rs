//! What the in-memory store holds: plain maps, nothing counted ahead. Every answer is worked out
//! from the messages themselves, so that it can judge stores that keep counters.

use std::collections::{BTreeMap, BTreeSet};

use magpie_core::model::{
    ChannelValue, Device, Draft, Media, Membership, Message, Position, Role, User,
};
use magpie_proto::{ConversationId, ConversationKind, MediaId, Seq, UserId};

#[derive(Debug, Default, Clone)]
pub(crate) struct Data {
    pub(crate) position: Position,
    pub(crate) users: BTreeMap<UserId, User>,
    pub(crate) conversations: BTreeMap<ConversationId, Conversation>,
    pub(crate) blocks: BTreeSet<(UserId, UserId)>,
    pub(crate) channels: BTreeMap<(UserId, Box<str>), ChannelValue>,
    pub(crate) push_keys: BTreeMap<(UserId, Box<str>, Box<str>), ChannelValue>,
    pub(crate) devices: BTreeMap<(UserId, Box<str>), Device>,
    /// `uses` is counted from `refs` when somebody asks.
    pub(crate) media: BTreeMap<MediaId, Media>,
    pub(crate) refs: BTreeSet<(MediaId, ConversationId, Seq)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) id: ConversationId,
    /// Both users of a direct conversation in id order, or the visitor alone.
    pub(crate) members: Vec<UserId>,
    /// Message `seq` is at `seq - 1`, with its position.
    pub(crate) messages: Vec<(Message, Position)>,
    pub(crate) recalled: BTreeSet<Seq>,
    /// Every shared change; number `rev` is at `rev - 1`.
    pub(crate) changes: Vec<(Seq, Position)>,
    pub(crate) ver: Position,
    pub(crate) sides: BTreeMap<UserId, Side>,
}

/// One user's marks and private state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Side {
    pub(crate) shown: Membership,
    pub(crate) delivered_seq: Seq,
    pub(crate) hidden: BTreeMap<Seq, Position>,
    pub(crate) draft: Option<Box<Draft>>,
    pub(crate) ver: Position,
}

impl Data {
    pub(crate) fn is_agent(&self, user: &UserId) -> bool {
        self.users.get(user).is_some_and(|u| u.role == Role::Agent)
    }

    /// An upload as it is now.
    pub(crate) fn upload(&self, id: MediaId) -> Option<Media> {
        let uses = self.refs.iter().filter(|(media, ..)| *media == id).count() as u64;
        self.media.get(&id).map(|media| Media { uses, ..media.clone() })
    }

    pub(crate) fn next_position(&mut self) -> Position {
        self.position += 1;
        self.position
    }
}

impl Conversation {
    pub(crate) fn new(id: ConversationId, members: Vec<UserId>) -> Self {
        let sides = members.iter().map(|m| (m.clone(), Side::default())).collect();
        Self {
            id,
            members,
            messages: Vec::new(),
            recalled: BTreeSet::new(),
            changes: Vec::new(),
            ver: 0,
            sides,
        }
    }

    pub(crate) fn head(&self) -> Seq {
        self.messages.len() as u64
    }

    pub(crate) fn is_direct(&self) -> bool {
        self.id.kind() == ConversationKind::Direct
    }

    pub(crate) fn admits(&self, user: &UserId, agent: bool) -> bool {
        self.members.contains(user) || (!self.is_direct() && agent)
    }

    /// The other user of a direct conversation, or oneself in a talk with oneself.
    pub(crate) fn peer_of(&self, user: &UserId) -> Option<&UserId> {
        self.members
            .iter()
            .find(|m| *m != user)
            .or(self.members.first())
            .filter(|_| self.is_direct())
    }

    pub(crate) fn audience(&self) -> [Option<UserId>; 2] {
        let first = self.members.first().cloned();
        if self.is_direct() {
            [first.clone(), self.members.get(1).cloned().or(first)]
        } else {
            [first, None]
        }
    }

    /// A user's side; the default for an agent who never did anything here.
    pub(crate) fn side(&self, user: &UserId) -> Side {
        self.sides.get(user).cloned().unwrap_or_default()
    }

    pub(crate) fn side_mut(&mut self, user: &UserId) -> &mut Side {
        self.sides.entry(user.clone()).or_default()
    }

    pub(crate) fn message(&self, seq: Seq) -> Option<&Message> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.messages.get(index).map(|(message, _)| message)
    }

    pub(crate) fn rev(&self) -> u64 {
        self.changes.len() as u64
    }

    /// The newest change of each changed place, with its rev and position, by rev.
    pub(crate) fn last_changes(&self) -> Vec<(u64, Seq, Position)> {
        let mut last = BTreeMap::new();
        for (rev, (seq, ver)) in (1..).zip(&self.changes) {
            last.insert(*seq, (rev, *seq, *ver));
        }
        let mut last: Vec<_> = last.into_values().collect();
        last.sort_unstable();
        last
    }

    /// Unread, by looking at every place above the floor.
    pub(crate) fn unread(&self, user: &UserId) -> u64 {
        let side = self.side(user);
        let floor = side.floor();
        let counts = |m: &Message| {
            m.seq > floor
                && m.sender != *user
                && !side.hidden.contains_key(&m.seq)
                && !self.recalled.contains(&m.seq)
        };
        self.messages.iter().filter(|(m, _)| counts(m)).count() as u64
    }
}

impl Side {
    pub(crate) fn floor(&self) -> Seq {
        self.shown.read_seq.max(self.shown.cleared_seq)
    }
}

/// A seq where the port wants a sign.
pub(crate) fn signed(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
