//! Makes a whole store at once: rows go in without indexes and without a log, the rest is sorted
//! and written at the end, then the file appears under its name. For measurements and imports;
//! never touches a store that is there.

mod tally;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use magpie_core::model::Role;
use magpie_proto::{Body, ConversationId, MessageId, UserId};
use rusqlite::{Connection, params};

use super::{
    DATABASE, backup,
    error::{OpenError, of_io, of_sqlite},
    files, migrate,
    row::int,
};
use tally::{Side, Tally};

/// A user of the store that is being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkUser(usize);

/// A direct conversation of the store that is being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkConversation(usize);

/// One message, to be added behind those before it.
#[derive(Debug, Clone)]
pub struct BulkMessage<'a> {
    /// Global id.
    pub id: MessageId,
    /// The sender's idempotency key.
    pub client_msg_id: Option<&'a str>,
    /// What it says.
    pub body: &'a Body,
    /// When.
    pub sent_ms: u64,
}

/// A store in the making. Dropped before [`Bulk::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct Bulk {
    conn: Connection,
    partial: PathBuf,
    target: PathBuf,
    _lock: File,
    indexes: Vec<String>,
    users: Vec<UserId>,
    conversations: Vec<Tally>,
    position: u64,
    finished: bool,
}

impl Bulk {
    /// Begins a store in a data directory that has none.
    ///
    /// # Errors
    /// [`OpenError::Exists`] when there is a store; else what the disk refused.
    pub fn create(data_dir: &Path, epoch: u64) -> Result<Self, OpenError> {
        files::make_dir(data_dir)?;
        let lock = files::lock(data_dir)?;
        let target = data_dir.join(DATABASE);
        if target.exists() {
            return Err(OpenError::Exists(target));
        }
        let partial = data_dir.join(format!("{DATABASE}.filling"));
        if partial.exists() {
            fs::remove_file(&partial).map_err(|error| of_io(&partial, &error))?;
        }
        let mut conn = files::open_applier(&partial, None)?;
        let sqlite = |error: rusqlite::Error| of_sqlite(&partial, &error);
        tune(&conn).map_err(sqlite)?;
        migrate::migrate(&mut conn, &partial, epoch, migrate::STEPS)?;
        let indexes = drop_indexes(&conn).map_err(sqlite)?;
        conn.execute_batch("BEGIN").map_err(sqlite)?;
        Ok(Self {
            conn,
            partial,
            target,
            _lock: lock,
            indexes,
            users: Vec::new(),
            conversations: Vec::new(),
            position: 0,
            finished: false,
        })
    }

    /// Adds a user. An id that is there already fails.
    ///
    /// # Errors
    /// What the disk or the database refused.
    pub fn user(&mut self, id: UserId, name: &str, now_ms: u64) -> Result<BulkUser, OpenError> {
        let added = self.conn.prepare_cached(
            "INSERT INTO users (no, id, name, avatar, role, banned, created_ms, last_seen_ms)
             VALUES (?1, ?2, ?3, '', ?4, 0, ?5, 0)",
        );
        let no = tally::number(self.users.len());
        added
            .and_then(|mut statement| {
                let role = Role::default().as_str();
                statement.execute(params![no, id.as_str(), name, role, int(now_ms)])
            })
            .map_err(|error| self.trouble(&error))?;
        self.position += 1;
        self.users.push(id);
        Ok(BulkUser(self.users.len() - 1))
    }

    /// Adds the conversation of two users; two of one pair make [`Bulk::finish`] fail.
    ///
    /// # Errors
    /// A user that is not of this store.
    pub fn direct(
        &mut self,
        one: BulkUser,
        other: BulkUser,
    ) -> Result<BulkConversation, OpenError> {
        let (Some(a), Some(b)) = (self.users.get(one.0), self.users.get(other.0)) else {
            return Err(self.foreign("user"));
        };
        let (first, second) = if a <= b { (one, other) } else { (other, one) };
        self.conversations.push(Tally::new(ConversationId::direct(a, b), first.0, second.0));
        Ok(BulkConversation(self.conversations.len() - 1))
    }

    /// Adds a message and tells its seq.
    ///
    /// # Errors
    /// A conversation that is not of this store, a sender who is not in it, or a full disk.
    pub fn message(
        &mut self,
        conversation: BulkConversation,
        sender: BulkUser,
        message: &BulkMessage<'_>,
    ) -> Result<u64, OpenError> {
        let side = self.side(conversation, sender)?;
        let Some(tally) = self.conversations.get_mut(conversation.0) else {
            return Err(self.foreign("conversation"));
        };
        self.position += 1;
        let seq = tally.sent(side, self.position, message.sent_ms);
        let id = tally.id;
        self.insert(id, seq, sender, message).map_err(|error| self.trouble(&error))?;
        Ok(seq)
    }

    /// Has a user read everything that is in a conversation so far.
    ///
    /// # Errors
    /// A conversation that is not of this store, or somebody who is not in it.
    pub fn read(
        &mut self,
        conversation: BulkConversation,
        reader: BulkUser,
    ) -> Result<(), OpenError> {
        let side = self.side(conversation, reader)?;
        if let Some(tally) = self.conversations.get_mut(conversation.0) {
            self.position += 1;
            tally.read(side, self.position);
        }
        Ok(())
    }

    /// Writes what was counted, builds the indexes and puts the file in its place, durably.
    ///
    /// # Errors
    /// What the disk or the database refused; nothing is left then.
    pub fn finish(mut self) -> Result<(), OpenError> {
        self.write_rest().map_err(|error| self.trouble(&error))?;
        backup::place(&self.partial, &self.target)?;
        self.finished = true;
        Ok(())
    }

    fn side(&self, conversation: BulkConversation, user: BulkUser) -> Result<Side, OpenError> {
        let tally = self.conversations.get(conversation.0);
        let tally = tally.ok_or_else(|| self.foreign("conversation"))?;
        tally.side_of(user.0).ok_or_else(|| self.foreign("user in this conversation"))
    }

    fn insert(
        &self,
        id: ConversationId,
        seq: u64,
        sender: BulkUser,
        message: &BulkMessage<'_>,
    ) -> rusqlite::Result<()> {
        self.conn
            .prepare_cached(
                "INSERT INTO messages
                 (conversation, seq, ver, sender, sent_ms, id, client_msg_id, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                id.to_i64(),
                int(seq),
                int(self.position),
                tally::number(sender.0),
                int(message.sent_ms),
                message.id.to_bytes(),
                message.client_msg_id,
                message.body.as_bytes().as_ref()
            ])?;
        Ok(())
    }

    fn write_rest(&mut self) -> rusqlite::Result<()> {
        tally::write(&self.conn, &mut self.conversations)?;
        self.conn.execute("UPDATE meta SET position = ?1", [int(self.position)])?;
        for index in &self.indexes {
            self.conn.execute_batch(index)?;
        }
        self.conn.execute_batch("COMMIT")
    }

    fn trouble(&self, error: &rusqlite::Error) -> OpenError {
        of_sqlite(&self.target, error)
    }

    fn foreign(&self, what: &str) -> OpenError {
        OpenError::Other { path: self.target.clone(), reason: format!("no such {what}") }
    }
}

impl Drop for Bulk {
    fn drop(&mut self) {
        if !self.finished {
            // The next one to fill this directory removes it otherwise.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// Nobody sees the file before it is whole, so nothing of it has to survive a crash.
fn tune(conn: &Connection) -> rusqlite::Result<()> {
    conn.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))?;
    conn.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -131072;")?;
    conn.query_row("PRAGMA locking_mode = EXCLUSIVE", [], |_| Ok(()))?;
    conn.query_row("PRAGMA threads = 1", [], |_| Ok(()))
}

/// Takes away what would be written out of order, and tells how to make it again.
fn drop_indexes(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let found = conn
        .prepare(
            "SELECT name, sql FROM sqlite_schema
             WHERE type = 'index' AND tbl_name = 'messages' AND sql IS NOT NULL",
        )?
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for (name, _) in &found {
        conn.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    Ok(found.into_iter().map(|(_, sql)| sql).collect())
}
