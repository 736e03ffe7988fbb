//! Looks for damage: SQLite's own check, then the promises that the tables make to each other.
//! Names the records; repairs nothing.

use std::{collections::BTreeSet, path::Path};

use ahash::AHashSet;
use magpie_proto::{ConversationId, MediaId};
use rusqlite::{Connection, Row};

use super::{
    DATABASE,
    backup::{self, ATTEMPTS_MAX},
    error::{OpenError, of_sqlite},
    recovery,
    row::uint,
};
use crate::{
    effect::{Effect, UserNo},
    journal,
};

/// Most problems of one kind that are listed.
const LISTED_MAX: u32 = 20;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Stored messages.
    pub messages: u64,
    /// Stored conversations.
    pub conversations: u64,
    /// Known users.
    pub users: u64,
    /// Finished uploads, whose files lie elsewhere.
    pub uploads: BTreeSet<MediaId>,
    /// The damage; empty when all is well.
    pub problems: Vec<Problem>,
}

/// One broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which record: a table, or a conversation by id.
    pub place: String,
    /// What is wrong with it.
    pub text: String,
}

/// Reads a whole store, its journal included, and reports what is damaged. Works while a server
/// runs.
///
/// # Errors
/// [`OpenError`] when there is no store to read.
pub fn check(data_dir: &Path) -> Result<Report, OpenError> {
    let path = data_dir.join(DATABASE);
    let conn = backup::open_existing(&path)?;
    let sqlite = |error: rusqlite::Error| of_sqlite(&path, &error);
    // Every page is read several times over, so many are kept. One snapshot for all comparisons.
    conn.execute_batch("PRAGMA cache_size = -262144; BEGIN").map_err(sqlite)?;
    let mut report = report(&conn).map_err(sqlite)?;
    let mut tail = Ok(None);
    for _ in 0..ATTEMPTS_MAX {
        tail = read_tail(&conn, data_dir);
        match &tail {
            // A busy server has let go of what lies behind this snapshot: take a newer one.
            Ok(None) => conn.execute_batch("ROLLBACK; BEGIN").map_err(sqlite)?,
            _ => break,
        }
    }
    let tail = tail.and_then(|tail| tail.ok_or_else(|| backup::behind(data_dir)));
    match tail {
        Ok(tail) => tail.add_to(&mut report),
        Err(OpenError::Journal(text)) => {
            report.problems.push(Problem { place: journal::DIRECTORY.into(), text });
        }
        Err(error) => return Err(error),
    }
    Ok(report)
}

/// What the journal has that the database does not have yet.
#[derive(Default)]
struct Unapplied {
    messages: u64,
    conversations: AHashSet<ConversationId>,
    users: AHashSet<UserNo>,
    /// In their order: there from here on, or gone.
    uploads: Vec<(MediaId, bool)>,
}

impl Unapplied {
    fn add_to(self, report: &mut Report) {
        report.messages += self.messages;
        report.conversations += self.conversations.len() as u64;
        report.users += self.users.len() as u64;
        for (id, there) in self.uploads {
            let _ = if there { report.uploads.insert(id) } else { report.uploads.remove(&id) };
        }
    }
}

fn read_tail(conn: &Connection, data_dir: &Path) -> Result<Option<Unapplied>, OpenError> {
    let sqlite = |error: rusqlite::Error| of_sqlite(data_dir.join(DATABASE), &error);
    let (epoch, position) = conn
        .query_row("SELECT epoch, position FROM meta", [], |r| Ok((uint(r, 0)?, uint(r, 1)?)))
        .map_err(sqlite)?;
    let mut tail = Unapplied::default();
    let read = recovery::read_journal(data_dir, position, &mut |batch| {
        for effect in recovery::effects(&batch, epoch)? {
            match effect {
                Effect::Message(_) => tail.messages += 1,
                Effect::Conversation(row) => drop(tail.conversations.insert(row.id)),
                Effect::User(row) => drop(tail.users.insert(row.no)),
                Effect::Media(row) => tail.uploads.push((row.media.id, true)),
                Effect::MediaGone(id) => tail.uploads.push((id, false)),
                _ => {}
            }
        }
        Ok(())
    })?;
    let known = |sql: &str, key: i64| conn.prepare_cached(sql)?.exists([key]);
    let mut failed = None;
    let mut is_new = |sql: &str, key: i64| match known(sql, key) {
        Ok(known) => !known,
        Err(error) => {
            failed = Some(error);
            false
        }
    };
    tail.conversations
        .retain(|id| is_new("SELECT 1 FROM conversations WHERE id = ?1", id.to_i64()));
    tail.users.retain(|no| is_new("SELECT 1 FROM users WHERE no = ?1", *no));
    failed.map_or(Ok(read.map(|_| tail)), |error| Err(sqlite(error)))
}

fn report(conn: &Connection) -> rusqlite::Result<Report> {
    let count = |table: &str| {
        conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| uint(row, 0))
    };
    let mut problems = file_problems(conn)?;
    for (sql, text) in PROMISES {
        match broken(conn, sql, text) {
            Ok(found) => problems.extend(found),
            // What cannot be read because it is damaged is a finding, not the end of the search.
            Err(error) if !problems.is_empty() => {
                let text = format!("cannot be read ({error}) when looking for {text}");
                problems.push(Problem { place: DATABASE.into(), text });
            }
            Err(error) => return Err(error),
        }
    }
    if problems.is_empty() {
        let upload =
            |row: &Row<'_>| row.get(0).map(|id| format!("upload {}", MediaId::from_bytes(id)));
        problems = listed(conn, USES, "the counter of messages that hold it", upload)?;
    }
    Ok(Report {
        messages: count("messages")?,
        conversations: count("conversations")?,
        users: count("users")?,
        uploads: uploads(conn)?,
        problems,
    })
}

fn uploads(conn: &Connection) -> rusqlite::Result<BTreeSet<MediaId>> {
    let id = |row: &Row<'_>| row.get(0).map(MediaId::from_bytes);
    conn.prepare("SELECT id FROM media")?.query_map([], id)?.collect()
}

fn file_problems(conn: &Connection) -> rusqlite::Result<Vec<Problem>> {
    let lines = conn
        .prepare(&format!("PRAGMA integrity_check({LISTED_MAX})"))?
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let damage = lines.into_iter().filter(|line| line != "ok");
    Ok(damage.map(|text| Problem { place: DATABASE.into(), text }).collect())
}

fn broken(conn: &Connection, sql: &str, text: &str) -> rusqlite::Result<Vec<Problem>> {
    let conversation = |row: &Row<'_>| {
        row.get(0).map(|id| format!("conversation {}", ConversationId::from_i64(id)))
    };
    listed(conn, sql, text, conversation)
}

fn listed(
    conn: &Connection,
    sql: &str,
    text: &str,
    place: impl Fn(&Row<'_>) -> rusqlite::Result<String>,
) -> rusqlite::Result<Vec<Problem>> {
    let problem = |row: &Row<'_>| {
        let (found, expected): (i64, i64) = (row.get(1)?, row.get(2)?);
        let text = format!("{text}: found {found}, expected {expected}");
        Ok(Problem { place: place(row)?, text })
    };
    conn.prepare(&format!("{sql} LIMIT {LISTED_MAX}"))?.query_map([], problem)?.collect()
}

/// Queries that return (conversation, found, expected) for each broken record.
const PROMISES: [(&str, &str); 16] = [
    (
        "SELECT c.id, count(m.seq) AS found, c.head
         FROM conversations c LEFT JOIN messages m ON m.conversation = c.id
         GROUP BY c.id HAVING found <> c.head",
        "the number of messages differs from the head",
    ),
    (
        "SELECT c.id, coalesce(max(m.seq), 0) AS found, c.head
         FROM conversations c LEFT JOIN messages m ON m.conversation = c.id
         GROUP BY c.id HAVING found <> c.head",
        "the newest seq differs from the head",
    ),
    (
        "SELECT m.conversation, m.seq, 0 FROM messages m
         WHERE NOT EXISTS (SELECT 1 FROM conversations c WHERE c.id = m.conversation)",
        "a message without its conversation",
    ),
    (
        "SELECT m.conversation, m.sender, 0 FROM messages m
         WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.no = m.sender)",
        "a message of an unknown user",
    ),
    (
        "SELECT c.id, c.own_a, (SELECT count(*) FROM messages m
             WHERE m.conversation = c.id AND m.sender = c.a) AS expected
         FROM conversations c WHERE c.kind = 0 AND c.own_a <> expected",
        "the counter of messages of the first user",
    ),
    (
        "SELECT c.id, c.own_b, (SELECT count(*) FROM messages m
             WHERE m.conversation = c.id AND m.sender = c.b) AS expected
         FROM conversations c WHERE c.kind = 0 AND c.a <> c.b AND c.own_b <> expected",
        "the counter of messages of the second user",
    ),
    (
        "SELECT r.conversation, r.own_total, (SELECT count(*) FROM messages m
             WHERE m.conversation = r.conversation AND m.sender = r.user) AS expected
         FROM members r JOIN conversations c ON c.id = r.conversation
         WHERE c.kind <> 0 AND r.own_total <> expected",
        "the counter of messages of a member",
    ),
    (
        "SELECT p.conversation, p.own_at_floor, (SELECT count(*) FROM messages m
             WHERE m.conversation = p.conversation AND m.sender = p.user
             AND m.seq <= max(p.read_seq, p.cleared_seq)) AS expected
         FROM memberships p WHERE p.own_at_floor <> expected",
        "the counter of own messages below the floor",
    ),
    (
        "SELECT p.conversation, max(p.read_seq, p.cleared_seq) AS found, c.head
         FROM memberships p JOIN conversations c ON c.id = p.conversation WHERE found > c.head",
        "a read mark above the head",
    ),
    (
        "SELECT conversation, ver, before FROM (
             SELECT conversation, ver,
             lag(ver) OVER (PARTITION BY conversation ORDER BY seq) AS before FROM messages)
         WHERE ver <= before",
        "a message with an older position than the one before it",
    ),
    (
        "SELECT c.id, c.ver, (SELECT position FROM meta) AS expected
         FROM conversations c WHERE c.ver > expected",
        "a position above the newest commit",
    ),
    (
        "SELECT c.id, coalesce(max(x.rev), 0) AS found, c.rev
         FROM conversations c LEFT JOIN changes x ON x.conversation = c.id
         GROUP BY c.id HAVING found <> c.rev",
        "the newest change differs from the rev",
    ),
    (
        "SELECT c.id, c.voids, (SELECT count(*) FROM voids v WHERE v.conversation = c.id) AS expected
         FROM conversations c WHERE c.voids <> expected",
        "the counter of messages that count for nobody",
    ),
    (
        "SELECT v.conversation, v.seq, 0 FROM voids v
         JOIN messages m ON m.conversation = v.conversation AND m.seq = v.seq
         WHERE length(m.body) > 0 OR EXISTS (SELECT 1 FROM reactions r
             WHERE r.conversation = v.conversation AND r.seq = v.seq)",
        "something is left of a recalled message",
    ),
    (
        "SELECT x.conversation, x.seq, c.head FROM changes x
         JOIN conversations c ON c.id = x.conversation WHERE x.seq > c.head",
        "a change of a message above the head",
    ),
    (
        "SELECT p.conversation, p.hides, (SELECT count(*) FROM hidden h
             WHERE h.user = p.user AND h.conversation = p.conversation) AS expected
         FROM memberships p WHERE p.hides <> expected",
        "the counter of messages that a user hid",
    ),
];

/// The same for uploads: (id, found, expected).
const USES: &str = "
    SELECT m.id, m.uses, (SELECT count(*) FROM media_refs r WHERE r.media = m.id) AS expected
    FROM media m WHERE m.uses <> expected";
