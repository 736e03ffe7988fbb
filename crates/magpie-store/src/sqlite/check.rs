//! Looks for damage: SQLite's own check, then the promises that the tables make to each other.
//! Names the records; repairs nothing.

use std::path::Path;

use magpie_proto::ConversationId;
use rusqlite::{Connection, Row};

use super::{
    DATABASE, backup,
    error::{OpenError, of_sqlite},
    row::uint,
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

/// Reads a whole store and reports what is damaged. Works while a server runs.
///
/// # Errors
/// [`OpenError`] when there is no store to read.
pub fn check(data_dir: &Path) -> Result<Report, OpenError> {
    let path = data_dir.join(DATABASE);
    let conn = backup::open_existing(&path)?;
    report(&conn).map_err(|error| of_sqlite(path, &error))
}

fn report(conn: &Connection) -> rusqlite::Result<Report> {
    // One snapshot for everything that is compared.
    conn.execute_batch("BEGIN")?;
    let count = |table: &str| {
        conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| uint(row, 0))
    };
    let mut problems = file_problems(conn)?;
    for (sql, text) in PROMISES {
        problems.extend(broken(conn, sql, text)?);
    }
    Ok(Report {
        messages: count("messages")?,
        conversations: count("conversations")?,
        users: count("users")?,
        problems,
    })
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
    let problem = |row: &Row<'_>| {
        let id = ConversationId::from_i64(row.get(0)?);
        let (found, expected): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(Problem {
            place: format!("conversation {id}"),
            text: format!("{text}: found {found}, expected {expected}"),
        })
    };
    conn.prepare(&format!("{sql} LIMIT {LISTED_MAX}"))?.query_map([], problem)?.collect()
}

/// Queries that return (conversation, found, expected) for each broken record.
const PROMISES: [(&str, &str); 11] = [
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
];
