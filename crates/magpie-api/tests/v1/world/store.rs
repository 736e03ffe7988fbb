//! A store of maps with just the behaviour that the API's tests look at, and a switch that makes
//! it fail. The rules of real stores are the conformance suite's business, not this file's.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

use magpie_core::{
    Message, User,
    model::{
        ChannelValue, Entry, HistoryPage, InboxMark, InboxPage, Item, Membership, ResumePage,
        Unread, UnreadWhy,
    },
    port::store::{
        Append, CommitSink, Committed, Op, Outcome, Place, Publish, ReadFuture, Rejection,
        ResumeQuery, Store, StoreError, UserPatch, Write, WriteResult,
    },
};
use magpie_proto::{
    ConversationId, Seq, UserId,
    client::{Change, Edge},
};
use parking_lot::Mutex;

#[derive(Default, Clone)]
struct Conversation {
    members: [Option<UserId>; 2],
    messages: Vec<Message>,
    states: BTreeMap<UserId, Membership>,
}

#[derive(Default)]
struct Maps {
    users: BTreeMap<UserId, User>,
    conversations: BTreeMap<ConversationId, Conversation>,
    blocks: BTreeSet<(UserId, UserId)>,
    channels: BTreeMap<(UserId, Box<str>), ChannelValue>,
    push_keys: BTreeMap<(UserId, Box<str>, Box<str>), ChannelValue>,
    position: u64,
    fault: Option<StoreError>,
}

#[derive(Default)]
pub struct MapStore {
    maps: Mutex<Maps>,
    sink: OnceLock<Arc<dyn CommitSink>>,
}

impl MapStore {
    pub fn set_sink(&self, sink: Arc<dyn CommitSink>) {
        assert!(self.sink.set(sink).is_ok());
    }

    pub fn add_user(&self, user: User) {
        self.maps.lock().users.insert(user.id.clone(), user);
    }

    /// From here on nothing works, for this reason.
    pub fn fail(&self, fault: StoreError) {
        self.maps.lock().fault = Some(fault);
    }

    pub fn blocks(&self) -> Vec<(String, String)> {
        let maps = self.maps.lock();
        maps.blocks.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
    }

    fn read<T: Send + 'static>(&self, look: impl FnOnce(&Maps) -> T) -> ReadFuture<T> {
        let maps = self.maps.lock();
        let result = match &maps.fault {
            Some(fault) => Err(fault.clone()),
            None => Ok(look(&maps)),
        };
        Box::pin(std::future::ready(result))
    }
}

impl Store for MapStore {
    fn submit(&self, write: Write) -> Result<(), StoreError> {
        let (result, position) = {
            let mut maps = self.maps.lock();
            if let Some(fault) = &maps.fault {
                return Err(fault.clone());
            }
            maps.position += 1;
            (maps.apply(write.op), maps.position)
        };
        let committed = Committed { origin: write.origin, result, position };
        self.sink.get().unwrap().committed(vec![committed], position);
        Ok(())
    }

    fn epoch(&self) -> u64 {
        1
    }

    fn position(&self) -> u64 {
        self.maps.lock().position
    }

    fn health(&self) -> Result<(), StoreError> {
        self.maps.lock().fault.clone().map_or(Ok(()), Err)
    }

    fn resume(&self, _: ResumeQuery) -> ReadFuture<ResumePage> {
        unreachable!("the API does not resume")
    }

    fn inbox(
        &self,
        user: UserId,
        agent: bool,
        after: Option<InboxMark>,
        limit: u32,
    ) -> ReadFuture<InboxPage> {
        self.read(|maps| {
            let ids: Vec<_> = maps.conversations.keys().copied().collect();
            let mut entries: Vec<_> =
                ids.iter().filter_map(|id| maps.entry(&user, agent, *id)).collect();
            entries.retain(Entry::visible);
            entries.sort_by_key(|entry| std::cmp::Reverse((entry.head_ms, entry.conversation)));
            if let Some(mark) = after {
                entries.retain(|e| (e.head_ms, e.conversation) < (mark.head_ms, mark.conversation));
            }
            let more = entries.len() > limit as usize;
            entries.truncate(limit as usize);
            let next = entries.last().filter(|_| more).map(|last| InboxMark {
                pinned: false,
                head_ms: last.head_ms,
                conversation: last.conversation,
            });
            InboxPage { entries, next }
        })
    }

    fn entry(&self, user: UserId, agent: bool, id: ConversationId) -> ReadFuture<Option<Entry>> {
        self.read(|maps| maps.entry(&user, agent, id))
    }

    fn history(
        &self,
        user: UserId,
        agent: bool,
        id: ConversationId,
        edge: Edge,
        limit: u32,
    ) -> ReadFuture<Option<HistoryPage>> {
        self.read(|maps| {
            maps.entry(&user, agent, id)?;
            let all = &maps.conversations[&id].messages;
            let fits = |seq: Seq| match edge {
                Edge::Newest => true,
                Edge::Before(edge) => seq < edge,
                Edge::After(edge) => seq > edge,
            };
            let mut page: Vec<_> = all.iter().filter(|m| fits(m.seq)).cloned().collect();
            let more = page.len() > limit as usize;
            match edge {
                Edge::After(_) => page.truncate(limit as usize),
                _ => drop(page.drain(..page.len().saturating_sub(limit as usize))),
            }
            let items = page.into_iter().map(Item::Message).collect();
            Some(HistoryPage { items, head: all.len() as u64, more })
        })
    }

    fn unread(&self, user: UserId, agent: bool, id: ConversationId) -> ReadFuture<Option<Unread>> {
        self.read(|maps| {
            let entry = maps.entry(&user, agent, id)?;
            let floor = entry.membership.read_seq.max(entry.membership.cleared_seq);
            let above = maps.conversations[&id].messages.iter().filter(|m| m.seq > floor);
            let why = |m: &Message| {
                if m.sender == user { UnreadWhy::Own } else { UnreadWhy::Counts }
            };
            let places = above.map(|m| (m.seq, why(m))).collect();
            Some(Unread { count: entry.unread, floor, head: entry.head, places })
        })
    }

    fn members(&self, id: ConversationId) -> ReadFuture<Option<([Option<UserId>; 2], Seq)>> {
        self.read(|maps| {
            let found = maps.conversations.get(&id)?;
            Some((found.members.clone(), found.messages.len() as u64))
        })
    }

    fn undelivered(&self, _: UserId, _: u32) -> ReadFuture<Vec<Message>> {
        unreachable!("the API does not replay")
    }

    fn user(&self, id: UserId) -> ReadFuture<Option<User>> {
        self.read(|maps| maps.users.get(&id).cloned())
    }

    fn users(&self, after: Option<UserId>, limit: u32) -> ReadFuture<Vec<User>> {
        self.read(|maps| {
            let later = maps.users.values().filter(|u| after.as_ref().is_none_or(|a| u.id > *a));
            later.take(limit as usize).cloned().collect()
        })
    }

    fn blocked(&self, user: UserId) -> ReadFuture<Vec<UserId>> {
        self.read(|maps| {
            let own = maps.blocks.iter().filter(|(who, _)| *who == user);
            own.map(|(_, other)| other.clone()).collect()
        })
    }

    fn channels(&self, user: UserId, channel: Option<Box<str>>) -> ReadFuture<Vec<ChannelValue>> {
        self.read(|maps| {
            let own = maps.channels.values().filter(|value| value.user == user);
            own.filter(|v| channel.as_ref().is_none_or(|c| v.channel == *c)).cloned().collect()
        })
    }
}

impl Maps {
    fn entry(&self, user: &UserId, agent: bool, id: ConversationId) -> Option<Entry> {
        let found = self.conversations.get(&id)?;
        let member = found.members.iter().flatten().any(|member| member == user);
        let desk = agent && id.kind() == magpie_proto::ConversationKind::Desk;
        if !member && !desk {
            return None;
        }
        let membership = found.states.get(user).copied().unwrap_or_default();
        let floor = membership.read_seq.max(membership.cleared_seq);
        let above = found.messages.iter().filter(|m| m.seq > floor && m.sender != *user);
        let peer = found.members.iter().flatten().find(|member| *member != user);
        let last = found.messages.last().filter(|m| m.seq > membership.cleared_seq).cloned();
        Some(Entry {
            conversation: id,
            peer: peer.and_then(|peer| self.users.get(peer).cloned()),
            head: found.messages.len() as u64,
            rev: 0,
            head_ms: found.messages.last().map_or(0, |m| m.sent_ms),
            unread: above.count() as u64,
            membership,
            last,
            peer_delivered_seq: 0,
            peer_read_seq: peer.and_then(|p| found.states.get(p)).map_or(0, |s| s.read_seq),
            delivered_seq: membership.read_seq,
        })
    }

    fn apply(&mut self, op: Op) -> WriteResult {
        match op {
            Op::Append(append) => self.append(append),
            Op::Read { user, conversation, seq } => {
                let found = self.conversations.get_mut(&conversation);
                let found = found.ok_or(Rejection::UnknownConversation)?;
                if !found.members.iter().flatten().any(|member| *member == user) {
                    return Err(Rejection::UnknownConversation);
                }
                let head = found.messages.len() as u64;
                let state = found.states.entry(user.clone()).or_default();
                state.read_seq = state.read_seq.max(seq.min(head));
                let (membership, members) = (*state, found.members.clone());
                let unread = self.entry(&user, false, conversation).map_or(0, |e| e.unread);
                let delivered_seq = membership.read_seq;
                let moved = true;
                Ok(Outcome::Read {
                    user,
                    conversation,
                    membership,
                    unread,
                    delivered_seq,
                    members,
                    moved,
                })
            }
            Op::Set { user, conversation, change: Change::Delete } => {
                let found = self.conversations.get_mut(&conversation);
                let found = found.ok_or(Rejection::UnknownConversation)?;
                if !found.members.iter().flatten().any(|member| *member == user) {
                    return Err(Rejection::UnknownConversation);
                }
                let head = found.messages.len() as u64;
                let state = found.states.entry(user.clone()).or_default();
                (state.cleared_seq, state.hidden_seq) = (head, i64::try_from(head).unwrap());
                Ok(Outcome::Membership { user, conversation, membership: *state, unread: 0 })
            }
            Op::Block { user, other, on } => {
                if !self.users.contains_key(&other) {
                    return Err(Rejection::UnknownUser(other));
                }
                let pair = (user, other);
                let _ = if on { self.blocks.insert(pair) } else { self.blocks.remove(&pair) };
                Ok(Outcome::Done)
            }
            Op::PutUser(patch) => Ok(Outcome::User(self.put_user(patch))),
            Op::Publish(publish) => self.publish(publish),
            Op::PushDelivered { user, channel, version } => {
                if let Some(value) = self.channels.get_mut(&(user, channel)) {
                    value.delivered_version = value.delivered_version.max(version);
                }
                Ok(Outcome::Done)
            }
            other => unreachable!("the API does not ask for {other:?}"),
        }
    }

    fn put_user(&mut self, patch: UserPatch) -> User {
        let fresh = || {
            let user = super::user(patch.id.as_str(), magpie_core::Role::User);
            User { name: String::new(), created_ms: patch.now_ms, ..user }
        };
        let user = self.users.entry(patch.id.clone()).or_insert_with(fresh);
        patch.name.into_iter().for_each(|name| user.name = name);
        patch.avatar.into_iter().for_each(|avatar| user.avatar = avatar);
        patch.role.into_iter().for_each(|role| user.role = role);
        patch.banned.into_iter().for_each(|banned| user.banned = banned);
        user.clone()
    }

    fn append(&mut self, append: Append) -> WriteResult {
        let (id, members) = match append.place {
            Place::Direct(user) if !self.users.contains_key(&user) => {
                return Err(Rejection::UnknownUser(user));
            }
            Place::Direct(user) => {
                let id = ConversationId::direct(&append.sender, &user);
                (id, [Some(append.sender.clone()), Some(user)])
            }
            Place::Desk(visitor) => (ConversationId::desk(&visitor), [Some(visitor), None]),
            Place::Existing(id) => match self.conversations.get(&id) {
                Some(found) => (id, found.members.clone()),
                None => return Err(Rejection::UnknownConversation),
            },
        };
        let found = self.conversations.entry(id).or_default();
        found.members = members.clone();
        let same = |m: &&Message| {
            m.sender == append.sender
                && m.client_msg_id.is_some()
                && m.client_msg_id == append.client_msg_id
        };
        if let Some(first) = found.messages.iter().find(same) {
            if first.body != append.body {
                return Err(Rejection::ClientMsgIdReused);
            }
            let (id, seq, sent_ms) = (first.id, first.seq, first.sent_ms);
            return Ok(Outcome::Duplicate { conversation: first.conversation, id, seq, sent_ms });
        }
        let message = Message {
            conversation: id,
            seq: found.messages.len() as u64 + 1,
            id: append.id,
            sender: append.sender,
            client_msg_id: append.client_msg_id,
            body: append.body,
            sent_ms: append.sent_ms,
        };
        found.messages.push(message.clone());
        Ok(Outcome::Stored { message, members })
    }

    fn publish(&mut self, publish: Publish) -> WriteResult {
        let place = (publish.user.clone(), publish.channel.clone());
        let key = publish.idempotency_key.map(|key| (place.0.clone(), place.1.clone(), key));
        if let Some(first) = key.as_ref().and_then(|key| self.push_keys.get(key)) {
            if first.data != publish.data {
                return Err(Rejection::PushKeyReused);
            }
            return Ok(Outcome::Published { value: first.clone(), fresh: false });
        }
        let before = self.channels.get(&place);
        let value = ChannelValue {
            user: publish.user,
            channel: publish.channel,
            version: before.map_or(0, |value| value.version) + 1,
            data: publish.data,
            sent_ms: publish.sent_ms,
            hold_until_ms: publish.hold_until_ms,
            replay: publish.replay,
            delivered_version: before.map_or(0, |value| value.delivered_version),
        };
        self.channels.insert(place, value.clone());
        key.into_iter().for_each(|key| drop(self.push_keys.insert(key, value.clone())));
        Ok(Outcome::Published { value, fresh: true })
    }
}
