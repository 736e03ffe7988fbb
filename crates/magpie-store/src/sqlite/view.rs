//! The store as of one moment: SQLite's snapshot with the layers of the tail above it. Readers and
//! the writer ask the same questions here. A row of a layer is newer than SQLite's, messages of a
//! layer come behind SQLite's.

use std::cell::Cell;

use bytes::Bytes;
use magpie_core::model::{ChannelValue, Message, Role, User};
use magpie_proto::{Body, ConversationId, MessageId, Seq, UserId};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{
    row::{MESSAGE_COLUMNS, int, message, uint},
    users,
};
use crate::{
    effect::{MessageRow, UserNo, UserRow},
    tail::{Layer, Part, Rare, SharedLayer},
};

pub(crate) struct View<'c> {
    conn: &'c Connection,
    /// Newest first.
    layers: Vec<SharedLayer>,
    /// Whether the snapshot of SQLite is open.
    opened: Cell<bool>,
}

impl<'c> View<'c> {
    /// The layers have to be pinned already: what leaves them later is in the snapshot.
    pub(crate) fn new(conn: &'c Connection, layers: Vec<SharedLayer>) -> Self {
        Self { conn, layers, opened: Cell::new(false) }
    }

    /// SQLite's snapshot, opened on first use: much is answered without it.
    pub(crate) fn sql(&self) -> Result<&'c Connection> {
        if !self.opened.get() {
            if !self.conn.is_autocommit() {
                // Left open by a read that panicked.
                self.conn.execute_batch("ROLLBACK")?;
            }
            self.conn.prepare_cached("BEGIN")?.execute([])?;
            self.opened.set(true);
        }
        Ok(self.conn)
    }

    /// The newest answer of a layer.
    pub(crate) fn newest<T>(&self, look: impl Fn(&Layer) -> Option<T>) -> Option<T> {
        self.layers.iter().find_map(|layer| look(&layer.read()))
    }

    /// Looks at what each layer has of a conversation, newest first.
    pub(crate) fn parts(&self, id: ConversationId, mut look: impl FnMut(&Part)) {
        for layer in &self.layers {
            if let Some(part) = layer.read().part(id) {
                look(part);
            }
        }
    }

    /// Looks at what each layer has of the less usual things of a conversation, newest first.
    pub(crate) fn rare(&self, id: ConversationId, mut look: impl FnMut(&Rare)) {
        self.parts(id, |part| part.rare.iter().for_each(|rare| look(rare)));
    }

    pub(crate) fn each_layer(&self, mut look: impl FnMut(&Layer)) {
        for layer in &self.layers {
            look(&layer.read());
        }
    }

    pub(crate) fn user_row(&self, id: &UserId) -> Result<Option<UserRow>> {
        match self.newest(|layer| layer.user(id).cloned()) {
            Some(row) => Ok(Some(row)),
            None => users::stored(self.sql()?, id),
        }
    }

    pub(crate) fn user(&self, id: &UserId) -> Result<Option<User>> {
        Ok(self.user_row(id)?.map(|row| row.user))
    }

    pub(crate) fn number(&self, id: &UserId) -> Result<Option<UserNo>> {
        Ok(self.number_and_role(id)?.map(|(no, _)| no))
    }

    pub(crate) fn number_and_role(&self, id: &UserId) -> Result<Option<(UserNo, Role)>> {
        if let Some(found) = self.newest(|layer| layer.user(id).map(|row| (row.no, row.user.role)))
        {
            return Ok(Some(found));
        }
        self.sql()?
            .prepare_cached("SELECT no, role FROM users WHERE id = ?1")?
            .query_row([id.as_str()], |row| {
                let role = Role::parse(row.get_ref(1)?.as_str()?).unwrap_or_default();
                Ok((row.get(0)?, role))
            })
            .optional()
    }

    pub(crate) fn blocks(&self, user: UserNo, other: UserNo) -> Result<bool> {
        if let Some(on) = self.newest(|layer| layer.block(user, other)) {
            return Ok(on);
        }
        self.sql()?
            .prepare_cached("SELECT 1 FROM blocks WHERE user = ?1 AND other = ?2")?
            .exists([user, other])
    }

    pub(crate) fn channel(&self, user: &UserId, channel: &str) -> Result<Option<ChannelValue>> {
        match self.newest(|layer| layer.channel(user, channel).cloned()) {
            Some(value) => Ok(Some(value)),
            None => Ok(super::channels::stored(self.sql()?, user, Some(channel))?.pop()),
        }
    }

    /// First seq of a conversation that a layer holds: below it, SQLite has everything.
    fn tail_begins(&self, id: ConversationId) -> Option<Seq> {
        let mut first = None;
        self.parts(id, |part| {
            if let Some(row) = part.all_messages().first() {
                first = Some(row.message.seq);
            }
        });
        first
    }

    /// Calls `each` with every message of a range that a layer holds, oldest first, and gives the
    /// end of the range that is left for SQLite.
    fn tail_messages(
        &self,
        id: ConversationId,
        from: Seq,
        to: Seq,
        mut each: impl FnMut(&MessageRow),
    ) -> Seq {
        for layer in self.layers.iter().rev() {
            if let Some(part) = layer.read().part(id) {
                part.messages(from, to).iter().for_each(&mut each);
            }
        }
        self.tail_begins(id).map_or(to, |first| to.min(first.saturating_sub(1)))
    }

    /// Messages of a range, both ends included, oldest first. What became of them later is to be
    /// asked of `revisions.rs`.
    pub(crate) fn messages(&self, id: ConversationId, from: Seq, to: Seq) -> Result<Vec<Message>> {
        let mut newer = Vec::new();
        let rest = self.tail_messages(id, from, to, |row| newer.push(row.message.clone()));
        if from > rest {
            return Ok(newer);
        }
        let mut all = self
            .sql()?
            .prepare_cached(&format!(
                "SELECT {MESSAGE_COLUMNS} FROM messages m JOIN users u ON u.no = m.sender
                 WHERE m.conversation = ?1 AND m.seq BETWEEN ?2 AND ?3 ORDER BY m.seq"
            ))?
            .query_map(params![id.to_i64(), int(from), int(rest)], message)?
            .collect::<Result<Vec<_>>>()?;
        all.append(&mut newer);
        Ok(all)
    }

    /// Seq and length of the body of each message of a range, oldest first.
    pub(crate) fn lengths(
        &self,
        id: ConversationId,
        from: Seq,
        to: Seq,
    ) -> Result<Vec<(Seq, u64)>> {
        let mut newer = Vec::new();
        let rest = self.tail_messages(id, from, to, |row| {
            newer.push((row.message.seq, row.message.body.as_bytes().len() as u64));
        });
        if from > rest {
            return Ok(newer);
        }
        let mut all = self
            .sql()?
            .prepare_cached(
                "SELECT seq, length(body) FROM messages
                 WHERE conversation = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq",
            )?
            .query_map(params![id.to_i64(), int(from), int(rest)], |row| {
                Ok((uint(row, 0)?, uint(row, 1)?))
            })?
            .collect::<Result<Vec<_>>>()?;
        all.append(&mut newer);
        Ok(all)
    }

    /// How many messages of a range a user has sent.
    pub(crate) fn count_of(
        &self,
        id: ConversationId,
        no: UserNo,
        from: Seq,
        to: Seq,
    ) -> Result<u64> {
        let mut count = 0;
        let rest = self.tail_messages(id, from, to, |row| count += u64::from(row.sender == no));
        if from > rest {
            return Ok(count);
        }
        let stored = self
            .sql()?
            .prepare_cached(
                "SELECT count(*) FROM messages INDEXED BY messages_by_seq
                 WHERE conversation = ?1 AND seq BETWEEN ?2 AND ?3 AND sender = ?4",
            )?
            .query_row(params![id.to_i64(), int(from), int(rest), no], |row| uint(row, 0))?;
        Ok(count + stored)
    }

    /// Sender and position of a message.
    pub(crate) fn sender_and_ver(
        &self,
        id: ConversationId,
        seq: Seq,
    ) -> Result<Option<(UserNo, u64)>> {
        let mut found = None;
        let rest = self.tail_messages(id, seq, seq, |row| found = Some((row.sender, row.ver)));
        if found.is_some() || rest < seq {
            return Ok(found);
        }
        self.sql()?
            .prepare_cached(
                "SELECT sender, ver FROM messages WHERE conversation = ?1 AND seq = ?2",
            )?
            .query_row(params![id.to_i64(), int(seq)], |row| Ok((row.get(0)?, uint(row, 1)?)))
            .optional()
    }

    /// What a sender's idempotency key has stored.
    pub(crate) fn keyed(
        &self,
        id: ConversationId,
        sender: UserNo,
        key: &str,
    ) -> Result<Option<Keyed>> {
        let in_tail = |layer: &Layer| layer.keyed(id, sender, key).map(|row| (&row.message).into());
        if let Some(found) = self.newest(in_tail) {
            return Ok(Some(found));
        }
        if self.tail_begins(id) == Some(1) {
            return Ok(None);
        }
        self.sql()?
            .prepare_cached(
                "SELECT id, seq, sent_ms, body FROM messages
                 WHERE conversation = ?1 AND sender = ?2 AND client_msg_id = ?3",
            )?
            .query_row(params![id.to_i64(), sender, key], |row| {
                Ok(Keyed {
                    id: MessageId::from_bytes(row.get(0)?),
                    seq: uint(row, 1)?,
                    sent_ms: uint(row, 2)?,
                    body: Body::from_stored(Bytes::copy_from_slice(row.get_ref(3)?.as_blob()?)),
                })
            })
            .optional()
    }
}

/// What an idempotency key stands for.
pub(crate) struct Keyed {
    pub(crate) id: MessageId,
    pub(crate) seq: Seq,
    pub(crate) sent_ms: u64,
    pub(crate) body: Body,
}

impl From<&Message> for Keyed {
    fn from(message: &Message) -> Self {
        let Message { id, seq, sent_ms, body, .. } = message;
        Self { id: *id, seq: *seq, sent_ms: *sent_ms, body: body.clone() }
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        // Nothing was written; a failing end would mean that there is no transaction.
        if self.opened.get() && !self.conn.is_autocommit() {
            let ended = self.conn.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([]));
            if let Err(error) = ended {
                tracing::warn!(%error, "cannot end a read");
            }
        }
    }
}
