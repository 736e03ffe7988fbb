//! A user's conversation list: entries as he sees them, pinned first, then newest first. Agents
//! see every desk conversation, with or without a row of their own.

use magpie_core::model::{Entry, InboxMark, InboxPage};
use magpie_proto::{ConversationId, ConversationKind, UserId};
use rusqlite::{Connection, Result, params};

use super::{
    conversations::Conversation,
    history,
    row::{int, uint},
    unread::{self, Viewer},
    users,
};

/// One conversation as `user` sees it; `None` when he is not in it.
pub(crate) fn entry(
    conn: &Connection,
    user: &UserId,
    agent: bool,
    id: ConversationId,
) -> Result<Option<Entry>> {
    let Some((conversation, viewer)) = history::open(conn, user, agent, id)? else {
        return Ok(None);
    };
    make_entry(conn, user, &conversation, &viewer).map(Some)
}

/// The entry of a conversation that is loaded already.
pub(crate) fn make_entry(
    conn: &Connection,
    user: &UserId,
    conversation: &Conversation,
    viewer: &Viewer,
) -> Result<Entry> {
    let mine = conversation.index_of(user);
    let peer = match (conversation.kind(), mine) {
        (ConversationKind::Direct, Some(index)) => conversation.peer_of(index).map(|p| p.no),
        (ConversationKind::Desk, Some(0)) => None,
        (ConversationKind::Desk, _) => conversation.members.first().map(|visitor| visitor.no),
        _ => None,
    };
    // In a talk with oneself, one is the other side.
    let alone = conversation.kind() == ConversationKind::Direct && conversation.members.len() == 1;
    let others =
        || conversation.members.iter().enumerate().filter(|(i, _)| alone || Some(*i) != mine);
    Ok(Entry {
        conversation: conversation.id,
        peer: peer.map(|no| users::by_no(conn, no)).transpose()?.flatten(),
        head: conversation.head,
        rev: conversation.rev,
        head_ms: conversation.head_ms,
        unread: unread::count(conn, conversation, viewer)?,
        membership: viewer.private.shown,
        last: history::last_visible(conn, conversation, viewer)?,
        peer_delivered_seq: others().map(|(_, m)| m.delivered_seq).max().unwrap_or(0),
        peer_read_seq: others().map(|(_, m)| m.read_seq).max().unwrap_or(0),
        delivered_seq: mine.map_or(0, |index| conversation.members[index].delivered_seq),
    })
}

/// One page of the list.
pub(crate) fn page(
    conn: &Connection,
    user: &UserId,
    agent: bool,
    after: Option<InboxMark>,
    limit: u32,
) -> Result<InboxPage> {
    let empty = InboxPage { entries: Vec::new(), next: None };
    let Some(no) = users::number(conn, user)? else { return Ok(empty) };
    let limit = limit.max(1);
    let mut marks = own_rows(conn, no, agent, after, limit)?;
    if agent {
        marks.extend(untouched_desks(conn, no, after, limit)?);
        marks.sort_unstable_by_key(|m| std::cmp::Reverse((m.pinned, m.head_ms, m.conversation)));
    }
    let more = marks.len() > limit as usize;
    marks.truncate(limit as usize);
    let next = marks.last().copied().filter(|_| more);
    let mut entries = Vec::with_capacity(marks.len());
    for mark in marks {
        entries.extend(entry(conn, user, agent, mark.conversation)?);
    }
    Ok(InboxPage { entries, next })
}

/// Visible conversations that the user has a row of, one more than asked for. The row of someone
/// who is no longer an agent stays, but shows him nothing.
fn own_rows(
    conn: &Connection,
    no: users::UserNo,
    agent: bool,
    after: Option<InboxMark>,
    limit: u32,
) -> Result<Vec<InboxMark>> {
    // Above every (pinned, head_ms, id).
    let (pinned, head_ms, id) =
        after.map_or((2, 0, 0), |m| (i64::from(m.pinned), int(m.head_ms), m.conversation.to_i64()));
    conn.prepare_cached(
        "SELECT m.pinned, c.head_ms, c.id
         FROM memberships m JOIN conversations c ON c.id = m.conversation
         WHERE m.user = ?1 AND c.head > m.hidden_seq AND (c.kind <> 2 OR c.a = ?1 OR ?2)
         AND (m.pinned, c.head_ms, c.id) < (?3, ?4, ?5)
         ORDER BY m.pinned DESC, c.head_ms DESC, c.id DESC LIMIT ?6",
    )?
    .query_map(params![no, agent, pinned, head_ms, id, limit + 1], |row| {
        Ok(InboxMark {
            pinned: row.get(0)?,
            head_ms: uint(row, 1)?,
            conversation: ConversationId::from_i64(row.get(2)?),
        })
    })?
    .collect()
}

/// Desk conversations in which this agent has no row yet.
fn untouched_desks(
    conn: &Connection,
    no: users::UserNo,
    after: Option<InboxMark>,
    limit: u32,
) -> Result<Vec<InboxMark>> {
    let (head_ms, id) = after
        .filter(|mark| !mark.pinned)
        .map_or((i64::MAX, 0), |m| (int(m.head_ms), m.conversation.to_i64()));
    conn.prepare_cached(
        "SELECT c.head_ms, c.id FROM conversations c
         WHERE c.kind = 2 AND c.head > 0 AND (c.head_ms, c.id) < (?2, ?3)
         AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.user = ?1 AND m.conversation = c.id)
         ORDER BY c.head_ms DESC, c.id DESC LIMIT ?4",
    )?
    .query_map(params![no, head_ms, id, limit + 1], |row| {
        Ok(InboxMark {
            pinned: false,
            head_ms: uint(row, 0)?,
            conversation: ConversationId::from_i64(row.get(1)?),
        })
    })?
    .collect()
}
