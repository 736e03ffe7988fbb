//! The in-memory store with a switch that makes everything fail, reads too.

use std::sync::Arc;

use magpie_core::{
    Message, User,
    model::{
        ChangesPage, ChannelValue, Device, Entry, HistoryPage, InboxMark, InboxPage, Item, Media,
        Position, ResumePage, Unread,
    },
    port::store::{
        CommitSink, Op, Origin, ReadFuture, ResumeQuery, Store, StoreError, UserPatch, Write,
    },
};
use magpie_proto::{ConversationId, MediaId, Seq, UserId, client::Edge};
use magpie_testkit::MemoryStore;
use parking_lot::Mutex;

pub struct FragileStore {
    inner: MemoryStore,
    fault: Mutex<Option<StoreError>>,
}

impl FragileStore {
    pub fn new(sink: Arc<dyn CommitSink>) -> Self {
        Self { inner: MemoryStore::new(1, sink), fault: Mutex::default() }
    }

    /// From here on nothing works, for this reason.
    pub fn fail(&self, fault: StoreError) {
        *self.fault.lock() = Some(fault);
    }

    pub fn add_user(&self, user: User) {
        let patch = UserPatch {
            id: user.id,
            name: Some(user.name),
            avatar: Some(user.avatar),
            role: Some(user.role),
            banned: Some(user.banned),
            now_ms: user.created_ms,
        };
        self.inner.submit(Write { op: Op::PutUser(patch), origin: Origin::None }).unwrap();
    }

    fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&MemoryStore) -> ReadFuture<T>,
    ) -> ReadFuture<T> {
        match self.health() {
            Ok(()) => look(&self.inner),
            Err(fault) => Box::pin(std::future::ready(Err(fault))),
        }
    }
}

impl Store for FragileStore {
    fn submit(&self, write: Write) -> Result<(), StoreError> {
        self.health().and_then(|()| self.inner.submit(write))
    }

    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }

    fn position(&self) -> Position {
        self.inner.position()
    }

    fn health(&self) -> Result<(), StoreError> {
        self.fault.lock().clone().map_or(Ok(()), Err)
    }

    fn resume(&self, query: ResumeQuery) -> ReadFuture<ResumePage> {
        self.read(|inner| inner.resume(query))
    }

    fn inbox(
        &self,
        user: UserId,
        agent: bool,
        after: Option<InboxMark>,
        limit: u32,
    ) -> ReadFuture<InboxPage> {
        self.read(|inner| inner.inbox(user, agent, after, limit))
    }

    fn entry(&self, user: UserId, agent: bool, id: ConversationId) -> ReadFuture<Option<Entry>> {
        self.read(|inner| inner.entry(user, agent, id))
    }

    fn history(
        &self,
        user: UserId,
        agent: bool,
        id: ConversationId,
        edge: Edge,
        limit: u32,
    ) -> ReadFuture<Option<HistoryPage>> {
        self.read(|inner| inner.history(user, agent, id, edge, limit))
    }

    fn unread(&self, user: UserId, agent: bool, id: ConversationId) -> ReadFuture<Option<Unread>> {
        self.read(|inner| inner.unread(user, agent, id))
    }

    fn members(&self, id: ConversationId) -> ReadFuture<Option<([Option<UserId>; 2], Seq)>> {
        self.read(|inner| inner.members(id))
    }

    fn undelivered(&self, user: UserId, limit: u32) -> ReadFuture<Vec<Message>> {
        self.read(|inner| inner.undelivered(user, limit))
    }

    fn user(&self, id: UserId) -> ReadFuture<Option<User>> {
        self.read(|inner| inner.user(id))
    }

    fn users(&self, after: Option<UserId>, limit: u32) -> ReadFuture<Vec<User>> {
        self.read(|inner| inner.users(after, limit))
    }

    fn message(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
        seq: Seq,
    ) -> ReadFuture<Option<Item>> {
        self.read(|inner| inner.message(user, agent, conversation, seq))
    }

    fn changes(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
        after: u64,
        limit: u32,
    ) -> ReadFuture<Option<ChangesPage>> {
        self.read(|inner| inner.changes(user, agent, conversation, after, limit))
    }

    fn devices(&self, user: UserId) -> ReadFuture<Vec<Device>> {
        self.read(|inner| inner.devices(user))
    }

    fn user_and_device(
        &self,
        user: UserId,
        device: Box<str>,
    ) -> ReadFuture<(Option<User>, Option<Device>)> {
        self.read(|inner| inner.user_and_device(user, device))
    }

    fn media(&self, id: MediaId) -> ReadFuture<Option<Media>> {
        self.read(|inner| inner.media(id))
    }

    fn visible_media(
        &self,
        user: UserId,
        agent: bool,
        ids: Vec<MediaId>,
    ) -> ReadFuture<Vec<Media>> {
        self.read(|inner| inner.visible_media(user, agent, ids))
    }

    fn idle_media(&self, now_ms: u64, limit: u32) -> ReadFuture<Vec<Media>> {
        self.read(|inner| inner.idle_media(now_ms, limit))
    }

    fn media_bytes(&self, user: UserId) -> ReadFuture<u64> {
        self.read(|inner| inner.media_bytes(user))
    }

    fn blocked(&self, user: UserId) -> ReadFuture<Vec<UserId>> {
        self.read(|inner| inner.blocked(user))
    }

    fn blocked_users(&self, user: UserId, limit: u32) -> ReadFuture<Vec<User>> {
        self.read(|inner| inner.blocked_users(user, limit))
    }

    fn channels(&self, user: UserId, channel: Option<Box<str>>) -> ReadFuture<Vec<ChannelValue>> {
        self.read(|inner| inner.channels(user, channel))
    }
}
