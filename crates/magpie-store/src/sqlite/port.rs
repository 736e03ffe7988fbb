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
    SqliteStore, channels, conversations, devices, history, inbox, media, recent::Since, resume,
    revisions, undelivered, unread, users, view::View,
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
        user: UserId,
        agent: bool,
        conversation: ConversationId,
        seq: Seq,
    ) -> ReadFuture<Option<Item>> {
        self.read(move |view, _| {
            let opened = history::open(view, &user, agent, conversation)?;
            let Some((c, viewer)) = opened.filter(|(c, _)| (1..=c.head).contains(&seq)) else {
                return Ok(None);
            };
            Ok(history::places(view, &c, &viewer, seq, seq)?.pop())
        })
    }

    fn changes(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
        after: u64,
        limit: u32,
    ) -> ReadFuture<Option<ChangesPage>> {
        self.read(move |view, _| {
            let opened = history::open(view, &user, agent, conversation)?;
            opened.map(|(c, viewer)| revisions::page(view, &c, &viewer, after, limit)).transpose()
        })
    }

    fn devices(&self, user: UserId) -> ReadFuture<Vec<Device>> {
        self.read(move |view, _| devices::list(view, &user))
    }

    fn user_and_device(
        &self,
        user: UserId,
        device: Box<str>,
    ) -> ReadFuture<(Option<User>, Option<Device>)> {
        self.read(move |view, _| devices::with_user(view, &user, &device))
    }

    fn media(&self, id: MediaId) -> ReadFuture<Option<Media>> {
        self.read(move |view, _| Ok(media::find(view, id)?.map(|row| row.media)))
    }

    fn visible_media(
        &self,
        user: UserId,
        agent: bool,
        ids: Vec<MediaId>,
    ) -> ReadFuture<Vec<Media>> {
        self.read(move |view, _| media::visible(view, &user, agent, &ids))
    }

    fn idle_media(&self, now_ms: u64, limit: u32) -> ReadFuture<Vec<Media>> {
        self.read(move |view, _| media::idle(view, now_ms, limit))
    }

    fn media_bytes(&self, user: UserId) -> ReadFuture<u64> {
        self.read(move |view, _| media::bytes_of(view, &user))
    }

    fn blocked(&self, user: UserId) -> ReadFuture<Vec<UserId>> {
        self.read(move |view, _| users::blocked(view, &user))
    }

    fn blocked_users(&self, user: UserId, limit: u32) -> ReadFuture<Vec<User>> {
        self.read(move |view, _| users::blocked_users(view, &user, limit))
    }

    fn channels(&self, user: UserId, channel: Option<Box<str>>) -> ReadFuture<Vec<ChannelValue>> {
        self.read(move |view, _| match channel {
            Some(channel) => Ok(view.channel(&user, &channel)?.into_iter().collect()),
            None => channels::list(view, &user),
        })
    }
}
