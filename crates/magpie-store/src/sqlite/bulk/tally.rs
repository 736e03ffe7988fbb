//! What a store in the making remembers of each conversation instead of reading it back, and the
//! rows that become of it.

use magpie_proto::ConversationId;
use rusqlite::{Connection, Result, params};

use super::super::row::int;

/// Which of the two users of a direct conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    First,
    Second,
}

/// One user's counters.
#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    own_total: u64,
    own_last: u64,
    read_seq: u64,
    own_at_floor: u64,
    ver: u64,
}

/// Counters of one direct conversation.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) id: ConversationId,
    /// The users, sorted by id. Equal in a talk with oneself.
    users: [usize; 2],
    head: u64,
    head_ms: u64,
    ver: u64,
    marks: [Marks; 2],
}

/// How tables name the user at this place of the list.
pub(super) fn number(place: usize) -> i64 {
    int(place as u64 + 1)
}

impl Tally {
    pub(super) fn new(id: ConversationId, first: usize, second: usize) -> Self {
        let marks = [Marks::default(); 2];
        Self { id, users: [first, second], head: 0, head_ms: 0, ver: 0, marks }
    }

    pub(super) fn side_of(&self, user: usize) -> Option<Side> {
        match self.users.iter().position(|known| *known == user)? {
            0 => Some(Side::First),
            _ => Some(Side::Second),
        }
    }

    /// Counts a message and tells its seq.
    pub(super) fn sent(&mut self, side: Side, ver: u64, sent_ms: u64) -> u64 {
        (self.head, self.head_ms, self.ver) = (self.head + 1, sent_ms, ver);
        let marks = &mut self.marks[side as usize];
        (marks.own_total, marks.own_last) = (marks.own_total + 1, self.head);
        self.head
    }

    /// Moves the read mark to the head, where every own message lies below it.
    pub(super) fn read(&mut self, side: Side, ver: u64) {
        let marks = &mut self.marks[side as usize];
        (marks.read_seq, marks.own_at_floor, marks.ver) = (self.head, marks.own_total, ver);
        self.ver = ver;
    }

    /// The users with their counters, each once.
    fn members(&self) -> impl Iterator<Item = (usize, &Marks)> {
        let count = if self.users[0] == self.users[1] { 1 } else { 2 };
        self.users.into_iter().zip(&self.marks).take(count)
    }
}

/// Writes conversations, members and memberships, each table in the order of its key.
pub(super) fn write(conn: &Connection, tallies: &mut [Tally]) -> Result<()> {
    tallies.sort_unstable_by_key(|tally| tally.id);
    let mut private = Vec::with_capacity(tallies.len() * 2);
    for tally in tallies.iter() {
        write_conversation(conn, tally)?;
        let mut members: Vec<_> = tally.members().collect();
        members.sort_unstable_by_key(|(user, _)| *user);
        for (user, marks) in members {
            write_member(conn, tally.id, user, marks)?;
            private.push((user, tally.id, *marks));
        }
    }
    private.sort_unstable_by_key(|(user, id, _)| (*user, *id));
    for (user, id, marks) in &private {
        write_membership(conn, *user, *id, marks)?;
    }
    Ok(())
}

fn write_conversation(conn: &Connection, tally: &Tally) -> Result<()> {
    let [first, second] = &tally.marks;
    conn.prepare_cached(
        "INSERT INTO conversations
         (id, kind, a, b, head, rev, head_ms, ver, voids, own_a, own_b, last_a, last_b)
         VALUES (?1, 0, ?2, ?3, ?4, 0, ?5, ?6, 0, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        tally.id.to_i64(),
        number(tally.users[0]),
        number(tally.users[1]),
        int(tally.head),
        int(tally.head_ms),
        int(tally.ver),
        int(first.own_total),
        int(second.own_total),
        int(first.own_last),
        int(second.own_last)
    ])?;
    Ok(())
}

fn write_member(conn: &Connection, id: ConversationId, user: usize, marks: &Marks) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO members (conversation, user, delivered_seq, read_seq, own_total, own_last)
         VALUES (?1, ?2, ?3, ?3, 0, 0)",
    )?
    .execute(params![id.to_i64(), number(user), int(marks.read_seq)])?;
    Ok(())
}

fn write_membership(
    conn: &Connection,
    user: usize,
    id: ConversationId,
    marks: &Marks,
) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO memberships (user, conversation, read_seq, cleared_seq, hidden_seq, pinned,
         muted, own_at_floor, hides, ver) VALUES (?1, ?2, ?3, 0, 0, 0, 0, ?4, 0, ?5)",
    )?
    .execute(params![
        number(user),
        id.to_i64(),
        int(marks.read_seq),
        int(marks.own_at_floor),
        int(marks.ver)
    ])?;
    Ok(())
}
