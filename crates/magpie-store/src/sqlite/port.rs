//! The store's port: each write to the queue, each read to the readers.

use magpie_core::{
    model::{
        ChangesPage, ChannelValue, Device, Entry, HistoryPage, InboxMark, InboxPage, Item, Media,
        Message, Position, ResumePage, Unread, User,
    },
    port::store::{ReadFuture, ResumeQuery, Store, StoreError, Write},
};
use magpie_proto::{ConversationId, MediaId, Seq, UserId, client::Edge};

use super::{
    SqliteStore, channels, conversations, history, inbox, recent::Since, resume, undelivered,
    unread, users, view::View,
};

impl SqliteStore {
    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&View<'_>, Position) -> rusqlite::Result<T> + Send + 'static,
    ) -> ReadFuture<T> {
        self.reads.read(&self.source, read)
    }
}

impl Store for SqliteStore {
    fn submit(&self, write: Write) -> Result<(), StoreError> {
        self.writes.push(write)
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn position(&self) -> Position {
        self.source.recent.position()
    }

    fn health(&self) -> Result<(), StoreError> {
        let trouble = self.trouble.lock().clone();
        let applying = || self.source.tail.trouble().map(|trouble| trouble.error);
        trouble.or_else(applying).or_else(|| self.writes.closed()).map_or(Ok(()), Err)
    }

    fn resume(&self, query: ResumeQuery) -> ReadFuture<ResumePage> {
        let known = query.since.map_or(Since::Unknown, |since| {
            self.source.recent.since(&query.user, query.agent, since)
        });
        let candidates = match known {
            Since::Nothing(position) => {
                let page = ResumePage { position, changed: Vec::new(), next: None };
                return Box::pin(std::future::ready(Ok(page)));
            }
            Since::Maybe(position, candidates) => Some((position, candidates)),
            Since::Unknown => None,
        };
        self.read(move |view, position| match candidates {
            // The read may see later commits; the list of candidates does not cover them.
            Some((known, candidates)) => {
                resume::page(view, position.min(known), &query, Some(candidates))
            }
            None => resume::page(view, position, &query, None),
        })
    }

    fn inbox(
        &self,
        user: UserId,
        agent: bool,
        after: Option<InboxMark>,
        limit: u32,
    ) -> ReadFuture<InboxPage> {
        self.read(move |view, _| inbox::page(view, &user, agent, after, limit))
    }

    fn entry(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
    ) -> ReadFuture<Option<Entry>> {
        self.read(move |view, _| inbox::entry(view, &user, agent, conversation))
    }

    fn history(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
        edge: Edge,
        limit: u32,
    ) -> ReadFuture<Option<HistoryPage>> {
        self.read(move |view, _| {
            let opened = history::open(view, &user, agent, conversation)?;
            opened.map(|(c, viewer)| history::page(view, &c, &viewer, edge, limit)).transpose()
        })
    }

    fn unread(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
    ) -> ReadFuture<Option<Unread>> {
        self.read(move |view, _| {
            let opened = history::open(view, &user, agent, conversation)?;
            opened.map(|(c, viewer)| unread::explain(view, &c, &viewer, &user)).transpose()
        })
    }

    fn members(&self, id: ConversationId) -> ReadFuture<Option<([Option<UserId>; 2], Seq)>> {
        self.read(move |view, _| Ok(conversations::load(view, id)?.map(|c| (c.audience(), c.head))))
    }

    fn undelivered(&self, user: UserId, limit: u32) -> ReadFuture<Vec<Message>> {
        self.read(move |view, _| undelivered::list(view, &user, limit))
    }

    fn user(&self, id: UserId) -> ReadFuture<Option<User>> {
        self.read(move |view, _| view.user(&id))
    }

    fn users(&self, after: Option<UserId>, limit: u32) -> ReadFuture<Vec<User>> {
        self.read(move |view, _| users::list(view, after.as_ref(), limit))
    }

    fn message(
        &self,
        _user: UserId,
        _agent: bool,
        _conversation: ConversationId,
        _seq: Seq,
    ) -> ReadFuture<Option<Item>> {
        Box::pin(std::future::ready(Err(StoreError::Unavailable("not built yet".into()))))
    }

    fn changes(
        &self,
        _user: UserId,
        _agent: bool,
        _conversation: ConversationId,
        _after: u64,
        _limit: u32,
    ) -> ReadFuture<Option<ChangesPage>> {
        Box::pin(std::future::ready(Err(StoreError::Unavailable("not built yet".into()))))
    }

    fn devices(&self, _user: UserId) -> ReadFuture<Vec<Device>> {
        Box::pin(std::future::ready(Err(StoreError::Unavailable("not built yet".into()))))
    }

    fn device(&self, _user: UserId, _device: Box<str>) -> ReadFuture<Option<Device>> {
        Box::pin(std::future::ready(Err(StoreError::Unavailable("not built yet".into()))))
    }

    fn media(&self, _id: MediaId) -> ReadFuture<Option<Media>> {
        Box::pin(std::future::ready(Err(StoreError::Unavailable("not built yet".into()))))
    }

    fn visible_media(
        &self,
        _user: UserId,
        _agent: bool,
        _ids: Vec<MediaId>,
    ) -> ReadFuture<Vec<Media>> {
        Box::pin(std::future::ready(Err(StoreError::Unavailable("not built yet".into()))))
    }

    fn idle_media(&self, _now_ms: u64, _limit: u32) -> ReadFuture<Vec<Media>> {
        Box::pin(std::future::ready(Err(StoreError::Unavailable("not built yet".into()))))
    }

    fn media_bytes(&self, _user: UserId) -> ReadFuture<u64> {
        Box::pin(std::future::ready(Err(StoreError::Unavailable("not built yet".into()))))
    }

    fn blocked(&self, user: UserId) -> ReadFuture<Vec<UserId>> {
        self.read(move |view, _| users::blocked(view, &user))
    }

    fn channels(&self, user: UserId, channel: Option<Box<str>>) -> ReadFuture<Vec<ChannelValue>> {
        self.read(move |view, _| match channel {
            Some(channel) => Ok(view.channel(&user, &channel)?.into_iter().collect()),
            None => channels::list(view, &user),
        })
    }
}
