//! A stretch of history in memory: the newest value of every row that it changed, and its
//! messages. The running batch is one, the tail is a few. Knows no SQL and decides nothing.

mod rare;

use ahash::{AHashMap, RandomState};
use magpie_core::model::{ChannelValue, Position};
use magpie_proto::{ConversationId, ConversationKind, Seq, UserId};

pub(crate) use rare::Rare;

use rare::Extras;

use crate::effect::{
    BlockRow, ConversationRow, Effect, HiddenRow, MemberRow, MessageRow, PrivateRow, PushKeyRow,
    UserNo, UserRow,
};

/// What a row weighs in memory beside its text, about.
const ROW_BYTES: usize = 160;

/// See the module.
pub(crate) struct Layer {
    hasher: RandomState,
    users: AHashMap<UserId, UserRow>,
    blocks: AHashMap<(UserNo, UserNo), bool>,
    parts: AHashMap<ConversationId, Part>,
    /// Conversations here in which a user may see something new.
    lists: AHashMap<UserNo, Vec<ConversationId>>,
    desks: Vec<ConversationId>,
    /// Hash of an idempotency key to its message; what is found is compared.
    keys: AHashMap<u64, (ConversationId, Seq)>,
    channels: AHashMap<UserId, Vec<ChannelValue>>,
    push_keys: AHashMap<UserId, Vec<PushKeyRow>>,
    /// Devices and uploads: most layers have none.
    extras: Option<Box<Extras>>,
    last: Position,
    len: usize,
    bytes: usize,
}

/// What changed in one conversation.
#[derive(Default)]
pub(crate) struct Part {
    pub(crate) row: Option<ConversationRow>,
    pub(crate) members: Vec<MemberRow>,
    pub(crate) privates: Vec<PrivateRow>,
    /// By seq, without gaps.
    messages: Vec<MessageRow>,
    pub(crate) hidden: Vec<HiddenRow>,
    /// What became of stored messages, and drafts: most parts have none.
    pub(crate) rare: Option<Box<Rare>>,
}

impl Part {
    /// Messages of a range, both ends included.
    pub(crate) fn messages(&self, from: Seq, to: Seq) -> &[MessageRow] {
        let Some(first) = self.first() else { return &[] };
        let len = self.messages.len() as u64;
        let start = from.saturating_sub(first).min(len);
        let end = to.saturating_add(1).saturating_sub(first).min(len).max(start);
        let index = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
        self.messages.get(index(start)..index(end)).unwrap_or_default()
    }

    fn first(&self) -> Option<Seq> {
        self.messages.first().map(|row| row.message.seq)
    }

    /// Every message.
    pub(crate) fn all_messages(&self) -> &[MessageRow] {
        &self.messages
    }

    fn absorb(&mut self, newer: Self) {
        self.row = newer.row.or(self.row);
        newer.members.into_iter().for_each(|row| put(&mut self.members, row, |a, b| a.no == b.no));
        newer
            .privates
            .into_iter()
            .for_each(|row| put(&mut self.privates, row, |a, b| a.no == b.no));
        self.messages.extend(newer.messages);
        self.hidden.extend(newer.hidden);
        if let Some(rare) = newer.rare {
            self.absorb_rare(*rare);
        }
    }
}

/// Puts a row in the place of its older value.
fn put<T>(rows: &mut Vec<T>, row: T, same: impl Fn(&T, &T) -> bool) {
    match rows.iter_mut().find(|other| same(other, &row)) {
        Some(other) => *other = row,
        None => rows.push(row),
    }
}

impl Layer {
    pub(crate) fn new(hasher: RandomState) -> Self {
        Self {
            hasher,
            users: AHashMap::new(),
            blocks: AHashMap::new(),
            parts: AHashMap::new(),
            lists: AHashMap::new(),
            desks: Vec::new(),
            keys: AHashMap::new(),
            channels: AHashMap::new(),
            push_keys: AHashMap::new(),
            extras: None,
            last: 0,
            len: 0,
            bytes: 0,
        }
    }

    /// The position that it reaches.
    pub(crate) fn last(&self) -> Position {
        self.last
    }

    /// Messages and other rows that went in.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Memory, about.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes the next change in.
    pub(crate) fn insert(&mut self, effect: Effect) {
        self.len += 1;
        self.bytes += ROW_BYTES;
        match effect {
            Effect::User(row) => {
                self.users.insert(row.user.id.clone(), row);
            }
            Effect::Block(BlockRow { user, other, on }) => {
                self.blocks.insert((user, other), on);
            }
            Effect::Conversation(row) => self.insert_conversation(row),
            Effect::Member(row) => {
                let part = self.parts.entry(row.conversation).or_default();
                put(&mut part.members, row, |a, b| a.no == b.no);
            }
            Effect::Private(row) => {
                self.list(row.no, row.conversation);
                let part = self.parts.entry(row.conversation).or_default();
                put(&mut part.privates, row, |a, b| a.no == b.no);
            }
            Effect::Message(row) => self.insert_message(row),
            Effect::Hidden(row) => {
                self.parts.entry(row.conversation).or_default().hidden.push(row);
            }
            Effect::Channel(value) => {
                self.bytes += value.data.len();
                let channels = self.channels.entry(value.user.clone()).or_default();
                put(channels, value, |a, b| a.channel == b.channel);
            }
            Effect::PushKey(row) => {
                self.bytes += row.value.data.len();
                let keys = self.push_keys.entry(row.value.user.clone()).or_default();
                put(keys, row, same_push);
            }
            other => self.insert_rare(other),
        }
    }

    fn insert_conversation(&mut self, row: ConversationRow) {
        let part = self.parts.entry(row.id).or_default();
        let first = part.row.replace(row).is_none();
        if !first {
            return;
        }
        self.list(row.a, row.id);
        if let Some(b) = row.b {
            self.list(b, row.id);
        }
        if row.id.kind() == ConversationKind::Desk {
            self.desks.push(row.id);
        }
    }

    fn list(&mut self, user: UserNo, conversation: ConversationId) {
        let list = self.lists.entry(user).or_default();
        // The newest entry is most often the same one.
        if list.last() != Some(&conversation) {
            list.push(conversation);
        }
    }

    fn insert_message(&mut self, row: MessageRow) {
        let message = &row.message;
        self.bytes += message.body.as_bytes().len();
        if let Some(key) = &message.client_msg_id {
            let hash = self.hasher.hash_one((message.conversation, row.sender, key.as_ref()));
            self.keys.insert(hash, (message.conversation, message.seq));
        }
        self.parts.entry(message.conversation).or_default().messages.push(row);
    }

    /// Takes everything of a newer layer, which is empty afterwards.
    pub(crate) fn absorb(&mut self, newer: &mut Self) {
        self.users.extend(newer.users.drain());
        self.blocks.extend(newer.blocks.drain());
        for (id, part) in newer.parts.drain() {
            self.parts.entry(id).or_default().absorb(part);
        }
        for (user, list) in newer.lists.drain() {
            for conversation in list {
                self.list(user, conversation);
            }
        }
        self.desks.append(&mut newer.desks);
        self.keys.extend(newer.keys.drain());
        for value in newer.channels.drain().flat_map(|(_, values)| values) {
            let channels = self.channels.entry(value.user.clone()).or_default();
            put(channels, value, |a, b| a.channel == b.channel);
        }
        for row in newer.push_keys.drain().flat_map(|(_, rows)| rows) {
            put(self.push_keys.entry(row.value.user.clone()).or_default(), row, same_push);
        }
        self.absorb_extras(newer.extras.take());
        self.len += std::mem::take(&mut newer.len);
        self.bytes += std::mem::take(&mut newer.bytes);
    }

    /// Says up to where the history is in here now.
    pub(crate) fn reaches(&mut self, position: Position) {
        self.last = position;
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.hasher.clone());
    }

    pub(crate) fn user(&self, id: &UserId) -> Option<&UserRow> {
        self.users.get(id)
    }

    pub(crate) fn block(&self, user: UserNo, other: UserNo) -> Option<bool> {
        self.blocks.get(&(user, other)).copied()
    }

    pub(crate) fn part(&self, id: ConversationId) -> Option<&Part> {
        self.parts.get(&id)
    }

    /// Conversations that changed for a user; some may be named twice.
    pub(crate) fn list_of(&self, user: UserNo) -> &[ConversationId] {
        self.lists.get(&user).map_or(&[], Vec::as_slice)
    }

    /// Desk conversations that changed.
    pub(crate) fn desks(&self) -> &[ConversationId] {
        &self.desks
    }

    /// The message that a sender's idempotency key has stored in a conversation.
    pub(crate) fn keyed(
        &self,
        id: ConversationId,
        sender: UserNo,
        key: &str,
    ) -> Option<&MessageRow> {
        let hash = self.hasher.hash_one((id, sender, key));
        let (conversation, seq) = *self.keys.get(&hash)?;
        let is = |row: &&MessageRow| {
            row.sender == sender && row.message.client_msg_id.as_deref() == Some(key)
        };
        let named = self.parts.get(&conversation).filter(|_| conversation == id);
        let found = named.and_then(|part| part.messages(seq, seq).iter().find(is));
        // Two keys with one hash: then every message is looked at.
        found.or_else(|| self.parts.get(&id)?.messages.iter().find(is))
    }

    pub(crate) fn channel(&self, user: &UserId, channel: &str) -> Option<&ChannelValue> {
        self.channels_of(user).iter().find(|value| &*value.channel == channel)
    }

    pub(crate) fn channels_of(&self, user: &UserId) -> &[ChannelValue] {
        self.channels.get(user).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn push_key(&self, user: &UserId, channel: &str, key: &str) -> Option<&PushKeyRow> {
        let rows = self.push_keys.get(user)?;
        rows.iter().find(|row| &*row.value.channel == channel && &*row.key == key)
    }

    pub(crate) fn users(&self) -> impl Iterator<Item = &UserRow> {
        self.users.values()
    }

    pub(crate) fn blocks(&self) -> impl Iterator<Item = BlockRow> + '_ {
        self.blocks.iter().map(|(&(user, other), &on)| BlockRow { user, other, on })
    }

    /// Conversations in the order of their table.
    pub(crate) fn sorted_parts(&self) -> Vec<(ConversationId, &Part)> {
        let mut parts: Vec<_> = self.parts.iter().map(|(id, part)| (*id, part)).collect();
        parts.sort_unstable_by_key(|(id, _)| *id);
        parts
    }

    pub(crate) fn channels(&self) -> impl Iterator<Item = &ChannelValue> {
        self.channels.values().flatten()
    }

    pub(crate) fn push_keys(&self) -> impl Iterator<Item = &PushKeyRow> {
        self.push_keys.values().flatten()
    }
}

fn same_push(a: &PushKeyRow, b: &PushKeyRow) -> bool {
    a.value.channel == b.value.channel && a.key == b.key
}
