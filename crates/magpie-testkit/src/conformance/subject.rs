//! A store under test with what a case needs around it: users, sends, reads that block.
#![allow(clippy::expect_used, clippy::panic, reason = "test code: a broken store ends the case")]

use std::{any::Any, collections::HashMap, sync::Arc};

use magpie_core::{
    model::{Entry, HistoryPage, Item, Message, Position, ResumePage, Role},
    port::{
        Ids,
        store::{
            Append, CommitSink, Guard, Op, Origin, Outcome, Place, ReadFuture, Rejection,
            ResumeQuery, Store, UserPatch, Write, WriteResult,
        },
    },
};
use magpie_proto::{Body, ConversationId, Seq, UserId, client::Edge};
use tokio::runtime::Runtime;

use crate::{RecordingSink, SeqIds};

/// The store under test.
pub struct Subject {
    /// The store.
    pub store: Arc<dyn Store>,
    /// What it committed.
    pub sink: Arc<RecordingSink>,
    runtime: Runtime,
    ids: SeqIds,
    _keep: Box<dyn Any + Send + Sync>,
}

/// A user id; for literals.
pub(crate) fn user(id: &str) -> UserId {
    UserId::parse(id).expect("a valid user id")
}

/// The direct conversation of two.
pub(crate) fn direct(a: &str, b: &str) -> ConversationId {
    ConversationId::direct(&user(a), &user(b))
}

/// What members of a direct conversation send under.
pub(crate) const MEMBER: Guard = Guard {
    create_receiver: false,
    must_be_member: true,
    not_blocked: true,
    stranger_limit: None,
    own_media: true,
    is_copy: false,
};

impl Subject {
    /// Opens a store.
    ///
    /// # Panics
    /// When there is no runtime to read with.
    pub fn open<K: Any + Send + Sync>(
        make: impl FnOnce(Arc<dyn CommitSink>) -> (Arc<dyn Store>, K),
    ) -> Self {
        let sink = Arc::new(RecordingSink::default());
        let (store, keep) = make(Arc::clone(&sink) as Arc<dyn CommitSink>);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Self { store, sink, runtime, ids: SeqIds::default(), _keep: Box::new(keep) }
    }

    /// Writes and waits for the answer.
    pub(crate) fn write(&self, op: Op) -> WriteResult {
        let (origin, answer) = Origin::call();
        self.store.submit(Write { op, origin }).expect("the store takes writes");
        answer.blocking_recv().expect("an answer")
    }

    /// Waits for a read.
    pub(crate) fn read<T>(&self, read: ReadFuture<T>) -> T {
        self.runtime.block_on(read).expect("the store reads")
    }

    /// Creates users.
    pub(crate) fn users(&self, ids: &[&str]) {
        for id in ids {
            self.put(id, None);
        }
    }

    pub(crate) fn put(&self, id: &str, role: Option<Role>) {
        let (name, avatar, banned) = (None, None, None);
        let patch = UserPatch { id: user(id), name, avatar, role, banned, now_ms: 1 };
        self.write(Op::PutUser(patch)).expect("a user");
    }

    /// A plain append between members.
    pub(crate) fn message(&self, from: &str, place: Place, text: &str) -> Append {
        Append {
            place,
            sender: user(from),
            client_msg_id: None,
            body: Body::text(text),
            id: self.ids.message_id(1_000),
            sent_ms: 1_000,
            guard: MEMBER,
        }
    }

    pub(crate) fn append(&self, append: Append) -> WriteResult {
        self.write(Op::Append(append))
    }

    /// Sends to a user and returns the seq.
    pub(crate) fn send(&self, from: &str, to: &str) -> Seq {
        let append = self.message(from, Place::Direct(user(to)), "hello");
        stored(self.append(append)).seq
    }

    /// Sends at a time.
    pub(crate) fn send_at(&self, from: &str, to: &str, sent_ms: u64) -> Seq {
        let append = self.message(from, Place::Direct(user(to)), "hello");
        stored(self.append(Append { sent_ms, ..append })).seq
    }

    /// Sends under a guard.
    pub(crate) fn send_guarded(
        &self,
        from: &str,
        to: &str,
        guard: Guard,
    ) -> Result<Seq, Rejection> {
        let append = self.message(from, Place::Direct(user(to)), "hello");
        self.append(Append { guard, ..append }).map(|outcome| stored(Ok(outcome)).seq)
    }

    /// Sends into the desk of a visitor.
    pub(crate) fn send_desk(&self, from: &str, visitor: &str) -> WriteResult {
        self.append(self.message(from, Place::Desk(user(visitor)), "hello"))
    }

    pub(crate) fn read_to(&self, who: &str, conversation: ConversationId, seq: Seq) -> Outcome {
        self.write(Op::Read { user: user(who), conversation, seq }).expect("reading")
    }

    pub(crate) fn deliver(&self, who: &str, conversation: ConversationId, seq: Seq) {
        self.write(Op::Delivered(vec![(conversation, user(who), seq)])).expect("a mark");
    }

    pub(crate) fn entry(&self, who: &str, conversation: ConversationId) -> Entry {
        self.read(self.store.entry(user(who), false, conversation)).expect("an entry")
    }

    pub(crate) fn history(
        &self,
        who: &str,
        conversation: ConversationId,
        edge: Edge,
        limit: u32,
    ) -> HistoryPage {
        let page = self.store.history(user(who), false, conversation, edge, limit);
        self.read(page).expect("a member's page")
    }

    /// The whole resume of a device, page by page; checks that no conversation comes twice.
    pub(crate) fn resume(&self, who: &str, agent: bool, since: Option<Position>) -> ResumePage {
        let query =
            ResumeQuery { user: user(who), agent, since, mark: None, budget_bytes: 256 * 1_024 };
        let page = self.read(self.store.resume(query));
        assert_eq!(page.next, None, "one page is enough here");
        let mut seen = HashMap::new();
        for missed in &page.changed {
            assert!(seen.insert(missed.entry.conversation, ()).is_none(), "named twice");
        }
        page
    }
}

/// The message that a send stored.
pub(crate) fn stored(result: WriteResult) -> Message {
    match result {
        Ok(Outcome::Stored { message, .. }) => message,
        other => panic!("not stored: {other:?}"),
    }
}

/// Seqs of a page: messages as they are, gaps as ranges.
pub(crate) fn shape(items: &[Item]) -> String {
    let one = |item: &Item| match item {
        Item::Message(message) => message.seq.to_string(),
        Item::Gone { from, to, why } => format!("{}[{from}-{to}]", why.as_str()),
    };
    items.iter().map(one).collect::<Vec<_>>().join(" ")
}
