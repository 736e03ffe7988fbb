//! A store in memory, for tests of everything above the port. It commits inside `submit`, or
//! only when told to, so that a test can prove that nothing is acknowledged before the commit.

mod apply;
mod belongings;
mod data;
mod revise;
mod view;

use std::{collections::VecDeque, sync::Arc};

use magpie_core::{
    model::{
        ChangesPage, ChannelValue, Device, Entry, HistoryPage, InboxMark, InboxPage, Item, Media,
        Message, Position, ResumePage, Unread, User,
    },
    port::store::{
        CommitSink, Committed, ReadFuture, Rejection, ResumeQuery, Store, StoreError, Write,
    },
};
use magpie_proto::{ConversationId, MediaId, Seq, UserId, client::Edge};
use parking_lot::Mutex;

use data::Data;

/// The in-memory store.
pub struct MemoryStore {
    sink: Arc<dyn CommitSink>,
    epoch: u64,
    delayed: bool,
    data: Mutex<Data>,
    queue: Mutex<VecDeque<Write>>,
    /// One commit at a time, so that the sink sees them in order.
    committing: Mutex<()>,
    next_fault: Mutex<Option<StoreError>>,
    refusing: Mutex<Option<StoreError>>,
}

impl MemoryStore {
    /// A store that commits each write at once.
    #[must_use]
    pub fn new(epoch: u64, sink: Arc<dyn CommitSink>) -> Self {
        Self::build(epoch, sink, false)
    }

    /// A store that commits only on [`Self::release`].
    #[must_use]
    pub fn delayed(epoch: u64, sink: Arc<dyn CommitSink>) -> Self {
        Self::build(epoch, sink, true)
    }

    fn build(epoch: u64, sink: Arc<dyn CommitSink>, delayed: bool) -> Self {
        Self {
            sink,
            epoch,
            delayed,
            data: Mutex::default(),
            queue: Mutex::default(),
            committing: Mutex::default(),
            next_fault: Mutex::default(),
            refusing: Mutex::default(),
        }
    }

    /// Commits everything that is queued, as one batch. Returns how many writes that were.
    pub fn release(&self) -> usize {
        let _one_at_a_time = self.committing.lock();
        self.commit_queued()
    }

    /// Writes that wait for [`Self::release`].
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.lock().len()
    }

    /// Lets the next commit fail; nothing of it is kept, and the one after it works again.
    pub fn fail_next(&self, error: StoreError) {
        *self.next_fault.lock() = Some(error);
    }

    /// Refuses writes before they are queued, until told otherwise.
    pub fn refuse(&self, error: Option<StoreError>) {
        *self.refusing.lock() = error;
    }

    fn commit_queued(&self) -> usize {
        let batch: Vec<Write> = self.queue.lock().drain(..).collect();
        let len = batch.len();
        if len == 0 {
            return 0;
        }
        let fault = self.next_fault.lock().take();
        let mut data = self.data.lock();
        let mut done = Vec::with_capacity(len);
        for write in batch {
            let result = match &fault {
                Some(error) => Err(Rejection::Store(error.clone())),
                None => apply::apply(&mut data, write.op),
            };
            done.push(Committed { origin: write.origin, result, position: data.position });
        }
        let position = data.position;
        drop(data);
        self.sink.committed(done, position);
        len
    }

    /// Commits until the queue is empty. Someone else may be at it, also further up this very
    /// stack (a sink that writes): he goes on until nothing is left.
    fn commit_now(&self) {
        loop {
            let Some(one_at_a_time) = self.committing.try_lock() else { return };
            while self.commit_queued() > 0 {}
            drop(one_at_a_time);
            if self.queue.lock().is_empty() {
                return;
            }
        }
    }

    fn read<T: Send + 'static>(&self, read: impl FnOnce(&Data) -> T) -> ReadFuture<T> {
        let answer = read(&self.data.lock());
        Box::pin(std::future::ready(Ok(answer)))
    }
}

impl Store for MemoryStore {
    fn submit(&self, write: Write) -> Result<(), StoreError> {
        if let Some(error) = self.refusing.lock().clone() {
            return Err(error);
        }
        self.queue.lock().push_back(write);
        if !self.delayed {
            self.commit_now();
        }
        Ok(())
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn position(&self) -> Position {
        self.data.lock().position
    }

    fn health(&self) -> Result<(), StoreError> {
        self.refusing.lock().clone().map_or(Ok(()), Err)
    }

    fn resume(&self, query: ResumeQuery) -> ReadFuture<ResumePage> {
        self.read(|data| view::resume(data, &query))
    }

    fn inbox(
        &self,
        user: UserId,
        agent: bool,
        after: Option<InboxMark>,
        limit: u32,
    ) -> ReadFuture<InboxPage> {
        self.read(|data| view::inbox(data, &user, agent, after, limit))
    }

    fn entry(&self, user: UserId, agent: bool, id: ConversationId) -> ReadFuture<Option<Entry>> {
        self.read(|data| view::find(data, &user, agent, id).map(|c| view::entry(data, &user, c)))
    }

    fn history(
        &self,
        user: UserId,
        agent: bool,
        id: ConversationId,
        edge: Edge,
        limit: u32,
    ) -> ReadFuture<Option<HistoryPage>> {
        self.read(|data| {
            view::find(data, &user, agent, id).map(|c| view::history(c, &user, edge, limit))
        })
    }

    fn unread(&self, user: UserId, agent: bool, id: ConversationId) -> ReadFuture<Option<Unread>> {
        self.read(|data| view::find(data, &user, agent, id).map(|c| view::unread(c, &user)))
    }

    fn members(&self, id: ConversationId) -> ReadFuture<Option<([Option<UserId>; 2], Seq)>> {
        self.read(|data| data.conversations.get(&id).map(|c| (c.audience(), c.head())))
    }

    fn undelivered(&self, user: UserId, limit: u32) -> ReadFuture<Vec<Message>> {
        self.read(|data| view::undelivered(data, &user, limit))
    }

    fn user(&self, id: UserId) -> ReadFuture<Option<User>> {
        self.read(|data| data.users.get(&id).cloned())
    }

    fn users(&self, after: Option<UserId>, limit: u32) -> ReadFuture<Vec<User>> {
        self.read(|data| {
            let later = data.users.values().filter(|u| after.as_ref().is_none_or(|a| u.id > *a));
            later.take(limit as usize).cloned().collect()
        })
    }

    fn message(
        &self,
        user: UserId,
        agent: bool,
        id: ConversationId,
        seq: Seq,
    ) -> ReadFuture<Option<Item>> {
        self.read(|data| view::place(view::find(data, &user, agent, id)?, &user, seq))
    }

    fn changes(
        &self,
        user: UserId,
        agent: bool,
        id: ConversationId,
        after: u64,
        limit: u32,
    ) -> ReadFuture<Option<ChangesPage>> {
        self.read(|data| {
            view::find(data, &user, agent, id).map(|c| view::changes(c, &user, after, limit))
        })
    }

    fn devices(&self, user: UserId) -> ReadFuture<Vec<Device>> {
        self.read(|data| belongings::devices(data, &user))
    }

    fn user_and_device(
        &self,
        user: UserId,
        device: Box<str>,
    ) -> ReadFuture<(Option<User>, Option<Device>)> {
        self.read(|data| {
            let known = data.users.get(&user).cloned();
            (known, data.devices.get(&(user, device)).cloned())
        })
    }

    fn media(&self, id: MediaId) -> ReadFuture<Option<Media>> {
        self.read(|data| data.upload(id))
    }

    fn visible_media(
        &self,
        user: UserId,
        agent: bool,
        ids: Vec<MediaId>,
    ) -> ReadFuture<Vec<Media>> {
        self.read(|data| belongings::visible(data, &user, agent, &ids))
    }

    fn idle_media(&self, now_ms: u64, limit: u32) -> ReadFuture<Vec<Media>> {
        self.read(|data| belongings::idle(data, now_ms, limit))
    }

    fn media_bytes(&self, user: UserId) -> ReadFuture<u64> {
        self.read(|data| belongings::bytes_of(data, &user))
    }

    fn blocked(&self, user: UserId) -> ReadFuture<Vec<UserId>> {
        self.read(|data| {
            let mine = data.blocks.iter().filter(|(refuser, _)| *refuser == user);
            mine.map(|(_, other)| other.clone()).collect()
        })
    }

    fn blocked_users(&self, user: UserId, limit: u32) -> ReadFuture<Vec<User>> {
        self.read(|data| {
            let mine = data.blocks.iter().filter(|(refuser, _)| *refuser == user);
            let users = mine.filter_map(|(_, other)| data.users.get(other));
            users.take(limit as usize).cloned().collect()
        })
    }

    fn channels(&self, user: UserId, channel: Option<Box<str>>) -> ReadFuture<Vec<ChannelValue>> {
        self.read(|data| {
            let wanted = |value: &&ChannelValue| {
                value.user == user && channel.as_ref().is_none_or(|c| *c == value.channel)
            };
            data.channels.values().filter(wanted).cloned().collect()
        })
    }
}
