//! What the writer keeps in memory: users, conversations, the position, and what the running
//! batch has changed. Everything here can be dropped and read again; a rollback does just that.

use magpie_core::model::Position;
use magpie_proto::{ConversationId, UserId};
use rusqlite::{Connection, Result, params};

use super::{
    cache::Cache,
    conversations::{self, Conversation},
    recent::Change,
    row::int,
    users::{KnownUser, UserNo},
};

const USERS_PER_GENERATION: usize = 65_536;
const CONVERSATIONS_PER_GENERATION: usize = 32_768;
const BLOCKS_PER_GENERATION: usize = 65_536;

pub(crate) struct State {
    pub(crate) users: Cache<UserId, KnownUser>,
    pub(crate) blocks: Cache<(UserNo, UserNo), bool>,
    conversations: Cache<ConversationId, Conversation>,
    /// Position of the last applied op; ahead of the durable one inside a batch.
    position: Position,
    durable: Position,
    dirty: Vec<ConversationId>,
    changes: Vec<Change>,
}

impl State {
    pub(crate) fn new(position: Position) -> Self {
        Self {
            users: Cache::new(USERS_PER_GENERATION),
            blocks: Cache::new(BLOCKS_PER_GENERATION),
            conversations: Cache::new(CONVERSATIONS_PER_GENERATION),
            position,
            durable: position,
            dirty: Vec::new(),
            changes: Vec::new(),
        }
    }

    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// Position for a change that is being made.
    pub(crate) fn next_ver(&mut self) -> Position {
        self.position += 1;
        self.position
    }

    /// Notes a change that somebody's resume has to find, and that has to be written.
    pub(crate) fn changed(&mut self, change: Change) {
        self.queue(change.conversation);
        self.changes.push(change);
    }

    /// Has what is dirty in a conversation written at the end of the batch.
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
        conn: &Connection,
        id: ConversationId,
    ) -> Result<Option<&mut Conversation>> {
        if self.conversations.get(&id).is_none() {
            let Some(loaded) = conversations::load(conn, id)? else { return Ok(None) };
            self.conversations.insert(id, loaded);
        }
        Ok(self.conversations.get(&id))
    }

    pub(crate) fn add_conversation(&mut self, conversation: Conversation) {
        self.conversations.insert(conversation.id, conversation);
    }

    /// Writes what the batch changed: each conversation once, and the position.
    pub(crate) fn flush(&mut self, conn: &Connection) -> Result<()> {
        // In the order of the table, so that neighbours share a page that is at hand.
        self.dirty.sort_unstable();
        for id in self.dirty.drain(..) {
            if let Some(conversation) = self.conversations.get(&id) {
                conversations::flush(conn, conversation)?;
            }
        }
        if self.position > self.durable {
            conn.prepare_cached("UPDATE meta SET position = ?1")?
                .execute(params![int(self.position)])?;
        }
        Ok(())
    }

    /// The batch is durable: hands out its changes.
    pub(crate) fn committed(&mut self) -> Vec<Change> {
        self.durable = self.position;
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
    }
}
