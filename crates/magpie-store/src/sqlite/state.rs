//! What the writer keeps in memory: users, conversations, the position, and what the running
//! batch has changed. The caches can be dropped and read again; a batch that fails does just that.

use std::sync::Arc;

use magpie_core::model::Position;
use magpie_proto::{ConversationId, UserId};
use parking_lot::RwLock;
use rusqlite::Result;

use super::{
    cache::Cache,
    conversations::{self, Conversation},
    keys::Keys,
    recent::Change,
    users::KnownUser,
    view::View,
};
use crate::{
    effect::{Effect, UserNo, codec},
    tail::{Layer, SharedLayer},
};

const USERS_PER_GENERATION: usize = 65_536;
const CONVERSATIONS_PER_GENERATION: usize = 32_768;
const BLOCKS_PER_GENERATION: usize = 65_536;

pub(crate) struct State {
    /// Which store this is, for the journal.
    epoch: u64,
    pub(crate) users: Cache<UserId, KnownUser>,
    pub(crate) blocks: Cache<(UserNo, UserNo), bool>,
    conversations: Cache<ConversationId, Conversation>,
    /// Position of the last decided op; ahead of the durable one inside a batch.
    position: Position,
    durable: Position,
    /// The highest number of a user. One that a failed batch took stays unused.
    user_no: UserNo,
    dirty: Vec<ConversationId>,
    changes: Vec<Change>,
    /// Effects of the running batch, as views show them.
    batch: SharedLayer,
    /// What idempotency keys may have been used, in this batch and before.
    pub(crate) keys: Arc<Keys>,
    /// The same, as the journal keeps them.
    payload: Vec<u8>,
}

impl State {
    pub(crate) fn new(
        epoch: u64,
        position: Position,
        highest_user_no: UserNo,
        batch: Layer,
        keys: Arc<Keys>,
    ) -> Self {
        Self {
            epoch,
            users: Cache::new(USERS_PER_GENERATION),
            blocks: Cache::new(BLOCKS_PER_GENERATION),
            conversations: Cache::new(CONVERSATIONS_PER_GENERATION),
            position,
            durable: position,
            user_no: highest_user_no,
            dirty: Vec::new(),
            changes: Vec::new(),
            batch: Arc::new(RwLock::new(batch)),
            keys,
            payload: Vec::new(),
        }
    }

    pub(crate) fn position(&self) -> Position {
        self.position
    }

    pub(crate) fn durable(&self) -> Position {
        self.durable
    }

    /// Position for a change that is being made.
    pub(crate) fn next_ver(&mut self) -> Position {
        self.position += 1;
        self.position
    }

    pub(crate) fn next_user_no(&mut self) -> UserNo {
        self.user_no += 1;
        self.user_no
    }

    /// Makes a change a part of the batch.
    pub(crate) fn effect(&mut self, effect: Effect) {
        keep(&mut self.payload, self.epoch, &effect);
        self.batch.write().insert(effect);
    }

    /// The batch so far, for views of it.
    pub(crate) fn batch(&self) -> &SharedLayer {
        &self.batch
    }

    /// Notes a change that somebody's resume has to find.
    pub(crate) fn changed(&mut self, change: Change) {
        self.queue(change.conversation);
        self.changes.push(change);
    }

    /// Has what is dirty in a conversation handed out at the end of the batch.
    pub(crate) fn queue(&mut self, id: ConversationId) {
        if let Some(conversation) = self.conversations.get(&id)
            && !conversation.queued
        {
            conversation.queued = true;
            self.dirty.push(id);
        }
    }

    /// The state of a conversation, read on first use.
    pub(crate) fn conversation(
        &mut self,
        view: &View<'_>,
        id: ConversationId,
    ) -> Result<Option<&mut Conversation>> {
        if self.conversations.get(&id).is_none() {
            let Some(loaded) = conversations::load(view, id)? else { return Ok(None) };
            self.conversations.insert(id, loaded);
        }
        Ok(self.conversations.get(&id))
    }

    pub(crate) fn add_conversation(&mut self, conversation: Conversation) {
        let id = conversation.id;
        self.conversations.insert(id, conversation);
        self.queue(id);
    }

    /// Ends the batch: each changed conversation once. Gives whether the journal has anything to
    /// keep of it.
    pub(crate) fn flush(&mut self) -> bool {
        let mut batch = self.batch.write();
        for id in self.dirty.drain(..) {
            if let Some(conversation) = self.conversations.get(&id) {
                conversations::flush(conversation, |effect| {
                    keep(&mut self.payload, self.epoch, &effect);
                    batch.insert(effect);
                });
            }
        }
        let some = !self.payload.is_empty();
        if some && self.position == self.durable {
            // Positions name batches, so every batch has one.
            self.position += 1;
        }
        some
    }

    /// What the journal has to keep of the batch.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The batch is durable: hands out its changes. The caller has published its layer.
    pub(crate) fn committed(&mut self) -> Vec<Change> {
        self.durable = self.position;
        self.payload.clear();
        self.users.trim();
        self.blocks.trim();
        self.conversations.trim();
        std::mem::take(&mut self.changes)
    }

    /// The batch is gone, and with it everything that memory knows from it.
    pub(crate) fn rolled_back(&mut self) {
        self.position = self.durable;
        self.users.clear();
        self.blocks.clear();
        self.conversations.clear();
        self.dirty.clear();
        self.changes.clear();
        self.batch.write().clear();
        self.payload.clear();
    }
}

/// Writes an effect as the journal keeps it.
fn keep(payload: &mut Vec<u8>, epoch: u64, effect: &Effect) {
    if payload.is_empty() {
        codec::begin(epoch, payload);
    }
    codec::encode(effect, payload);
}
