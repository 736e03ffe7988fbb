//! A store that stores nothing: it numbers messages and hands them to the sink when told to. What
//! is left when it stands in for the real one is the cost of everything above the store.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use magpie_core::{
    model::{
        ChangesPage, ChannelValue, Device, Entry, HistoryPage, InboxMark, InboxPage, Item, Media,
        Message, Position, ResumePage, Role, Unread, User,
    },
    port::store::{
        Append, CommitSink, Committed, Op, Outcome, Place, ReadFuture, Rejection, ResumeQuery,
        Store, StoreError, Write,
    },
};
use magpie_proto::{ConversationId, MediaId, Seq, UserId, client::Edge};

/// The store.
pub struct Ledger {
    sink: Arc<dyn CommitSink>,
    queue: Mutex<Vec<Write>>,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    position: Position,
    heads: BTreeMap<ConversationId, Seq>,
}

impl Ledger {
    /// An empty one.
    #[must_use]
    pub fn new(sink: Arc<dyn CommitSink>) -> Self {
        Self { sink, queue: Mutex::default(), book: Mutex::default() }
    }

    /// Writes that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Hands everything that waits to the sink, as one commit.
    pub fn commit(&self) {
        let queued =
            std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner));
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let mut done = Vec::with_capacity(queued.len());
        for Write { op, origin } in queued {
            book.position += 1;
            let result = match op {
                Op::Append(append) => Ok(book.append(append)),
                Op::PutUser(patch) => Ok(Outcome::User(known(patch.id))),
                _ => Err(Rejection::Store(nothing_stored())),
            };
            done.push(Committed { origin, result, position: book.position });
        }
        let position = book.position;
        drop(book);
        self.sink.committed(done, position);
    }
}

impl Book {
    fn append(&mut self, append: Append) -> Outcome {
        let peer = match append.place {
            Place::Direct(peer) | Place::Desk(peer) => peer,
            Place::Existing(_) => append.sender.clone(),
        };
        let conversation = ConversationId::direct(&append.sender, &peer);
        let seq = self.heads.entry(conversation).or_default();
        *seq += 1;
        let members = [Some(append.sender.clone()), Some(peer)];
        let message = Message {
            conversation,
            seq: *seq,
            id: append.id,
            sender: append.sender,
            client_msg_id: append.client_msg_id,
            body: append.body,
            sent_ms: append.sent_ms,
            revision: None,
        };
        Outcome::Stored { message, members }
    }
}

/// Everybody is known.
fn known(id: UserId) -> User {
    let (name, avatar) = (String::new(), String::new());
    User { id, name, avatar, role: Role::User, banned: false, created_ms: 1, last_seen_ms: 0 }
}

fn nothing_stored() -> StoreError {
    StoreError::Unavailable("this store keeps nothing".into())
}

fn ready<T: Send + 'static>(answer: Result<T, StoreError>) -> ReadFuture<T> {
    Box::pin(std::future::ready(answer))
}

impl Store for Ledger {
    fn submit(&self, write: Write) -> Result<(), StoreError> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push(write);
        Ok(())
    }

    fn epoch(&self) -> u64 {
        1
    }

    fn position(&self) -> Position {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).position
    }

    fn health(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn resume(&self, _: ResumeQuery) -> ReadFuture<ResumePage> {
        let position = self.position();
        ready(Ok(ResumePage { position, changed: Vec::new(), next: None }))
    }

    fn inbox(&self, _: UserId, _: bool, _: Option<InboxMark>, _: u32) -> ReadFuture<InboxPage> {
        ready(Err(nothing_stored()))
    }

    fn entry(&self, _: UserId, _: bool, _: ConversationId) -> ReadFuture<Option<Entry>> {
        ready(Ok(None))
    }

    fn history(
        &self,
        _: UserId,
        _: bool,
        _: ConversationId,
        _: Edge,
        _: u32,
    ) -> ReadFuture<Option<HistoryPage>> {
        ready(Ok(None))
    }

    fn unread(&self, _: UserId, _: bool, _: ConversationId) -> ReadFuture<Option<Unread>> {
        ready(Ok(None))
    }

    fn members(&self, _: ConversationId) -> ReadFuture<Option<([Option<UserId>; 2], Seq)>> {
        ready(Ok(None))
    }

    fn undelivered(&self, _: UserId, _: u32) -> ReadFuture<Vec<Message>> {
        ready(Ok(Vec::new()))
    }

    fn user(&self, id: UserId) -> ReadFuture<Option<User>> {
        ready(Ok(Some(known(id))))
    }

    fn users(&self, _: Option<UserId>, _: u32) -> ReadFuture<Vec<User>> {
        ready(Ok(Vec::new()))
    }

    fn message(&self, _: UserId, _: bool, _: ConversationId, _: Seq) -> ReadFuture<Option<Item>> {
        ready(Ok(None))
    }

    fn changes(
        &self,
        _: UserId,
        _: bool,
        _: ConversationId,
        _: u64,
        _: u32,
    ) -> ReadFuture<Option<ChangesPage>> {
        ready(Ok(None))
    }

    fn devices(&self, _: UserId) -> ReadFuture<Vec<Device>> {
        ready(Ok(Vec::new()))
    }

    fn user_and_device(
        &self,
        user: UserId,
        _: Box<str>,
    ) -> ReadFuture<(Option<User>, Option<Device>)> {
        ready(Ok((Some(known(user)), None)))
    }

    fn media(&self, _: MediaId) -> ReadFuture<Option<Media>> {
        ready(Ok(None))
    }

    fn visible_media(&self, _: UserId, _: bool, _: Vec<MediaId>) -> ReadFuture<Vec<Media>> {
        ready(Ok(Vec::new()))
    }

    fn idle_media(&self, _: u64, _: u32) -> ReadFuture<Vec<Media>> {
        ready(Ok(Vec::new()))
    }

    fn media_bytes(&self, _: UserId) -> ReadFuture<u64> {
        ready(Ok(0))
    }

    fn blocked(&self, _: UserId) -> ReadFuture<Vec<UserId>> {
        ready(Ok(Vec::new()))
    }

    fn blocked_users(&self, _: UserId, _: u32) -> ReadFuture<Vec<User>> {
        ready(Ok(Vec::new()))
    }

    fn channels(&self, _: UserId, _: Option<Box<str>>) -> ReadFuture<Vec<ChannelValue>> {
        ready(Ok(Vec::new()))
    }
}
