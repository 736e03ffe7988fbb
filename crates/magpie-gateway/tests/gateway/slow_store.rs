//! The memory store with slow answers: a read sees the state of its beginning and arrives some
//! turns later, so that commits come between, as they do with reader threads.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use magpie_core::{
    model::{
        ChangesPage, ChannelValue, Device, Entry, HistoryPage, InboxMark, InboxPage, Item, Media,
        Message, Position, ResumePage, Unread, User,
    },
    port::store::{ReadFuture, ResumeQuery, Store, StoreError, Write},
};
use magpie_proto::{ConversationId, MediaId, Seq, UserId, client::Edge};
use magpie_testkit::MemoryStore;
use parking_lot::Mutex;

pub(crate) struct SlowStore {
    pub(crate) inner: Arc<MemoryStore>,
    /// Turns of the runtime between a read and its answer.
    pub(crate) turns: AtomicUsize,
    /// Done once, in the middle of the next write: what another runtime does at that moment.
    pub(crate) meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl SlowStore {
    fn later<T: Send + 'static>(&self, answer: ReadFuture<T>) -> ReadFuture<T> {
        let turns = self.turns.load(Ordering::SeqCst);
        Box::pin(async move {
            // The memory store has its answer at once.
            let answer = answer.await;
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            answer
        })
    }
}

impl Store for SlowStore {
    fn submit(&self, write: Write) -> Result<(), StoreError> {
        let meanwhile = self.meanwhile.lock().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        self.inner.submit(write)
    }
    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }
    fn position(&self) -> Position {
        self.inner.position()
    }
    fn health(&self) -> Result<(), StoreError> {
        self.inner.health()
    }
    fn resume(&self, query: ResumeQuery) -> ReadFuture<ResumePage> {
        self.later(self.inner.resume(query))
    }
    fn inbox(
        &self,
        user: UserId,
        agent: bool,
        after: Option<InboxMark>,
        limit: u32,
    ) -> ReadFuture<InboxPage> {
        self.later(self.inner.inbox(user, agent, after, limit))
    }
    fn entry(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
    ) -> ReadFuture<Option<Entry>> {
        self.later(self.inner.entry(user, agent, conversation))
    }
    fn history(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
        edge: Edge,
        limit: u32,
    ) -> ReadFuture<Option<HistoryPage>> {
        self.later(self.inner.history(user, agent, conversation, edge, limit))
    }
    fn unread(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
    ) -> ReadFuture<Option<Unread>> {
        self.later(self.inner.unread(user, agent, conversation))
    }
    fn members(
        &self,
        conversation: ConversationId,
    ) -> ReadFuture<Option<([Option<UserId>; 2], Seq)>> {
        self.later(self.inner.members(conversation))
    }
    fn undelivered(&self, user: UserId, limit: u32) -> ReadFuture<Vec<Message>> {
        self.later(self.inner.undelivered(user, limit))
    }
    fn user(&self, id: UserId) -> ReadFuture<Option<User>> {
        self.later(self.inner.user(id))
    }
    fn users(&self, after: Option<UserId>, limit: u32) -> ReadFuture<Vec<User>> {
        self.later(self.inner.users(after, limit))
    }
    fn message(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
        seq: Seq,
    ) -> ReadFuture<Option<Item>> {
        self.later(self.inner.message(user, agent, conversation, seq))
    }
    fn changes(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
        after: u64,
        limit: u32,
    ) -> ReadFuture<Option<ChangesPage>> {
        self.later(self.inner.changes(user, agent, conversation, after, limit))
    }
    fn devices(&self, user: UserId) -> ReadFuture<Vec<Device>> {
        self.later(self.inner.devices(user))
    }
    fn user_and_device(
        &self,
        user: UserId,
        device: Box<str>,
    ) -> ReadFuture<(Option<User>, Option<Device>)> {
        self.later(self.inner.user_and_device(user, device))
    }
    fn media(&self, id: MediaId) -> ReadFuture<Option<Media>> {
        self.later(self.inner.media(id))
    }
    fn visible_media(
        &self,
        user: UserId,
        agent: bool,
        ids: Vec<MediaId>,
    ) -> ReadFuture<Vec<Media>> {
        self.later(self.inner.visible_media(user, agent, ids))
    }
    fn idle_media(&self, now_ms: u64, limit: u32) -> ReadFuture<Vec<Media>> {
        self.later(self.inner.idle_media(now_ms, limit))
    }
    fn media_bytes(&self, user: UserId) -> ReadFuture<u64> {
        self.later(self.inner.media_bytes(user))
    }
    fn blocked(&self, user: UserId) -> ReadFuture<Vec<UserId>> {
        self.later(self.inner.blocked(user))
    }
    fn blocked_users(&self, user: UserId, limit: u32) -> ReadFuture<Vec<User>> {
        self.later(self.inner.blocked_users(user, limit))
    }
    fn channels(&self, user: UserId, channel: Option<Box<str>>) -> ReadFuture<Vec<ChannelValue>> {
        self.later(self.inner.channels(user, channel))
    }
}
