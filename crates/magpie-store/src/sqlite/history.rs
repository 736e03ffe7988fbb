//! A conversation's messages as one viewer sees them: dense, with a reason for every place that
//! is empty for him, so that filling gaps always ends.

use std::collections::BTreeSet;

use magpie_core::{
    model::{Gone, HistoryPage, Item, Message},
    port::store::{MESSAGE_BYTES, PAGE_BYTES_MAX},
};
use magpie_proto::{Seq, UserId, client::Edge};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{
    conversations::{self, Conversation},
    memberships,
    row::{MESSAGE_COLUMNS, int, message, uint},
    unread::Viewer,
    users,
};
use magpie_proto::ConversationId;

/// Loads a conversation with the viewer's side of it; `None` when he is not in it.
pub(crate) fn open(
    conn: &Connection,
    user: &UserId,
    agent: bool,
    id: ConversationId,
) -> Result<Option<(Conversation, Viewer)>> {
    let Some(conversation) = conversations::load(conn, id)? else { return Ok(None) };
    if !conversation.admits(user, agent) {
        return Ok(None);
    }
    let place = conversation.index_of(user).map(|index| &conversation.members[index]);
    let (no, own_total) = match place {
        Some(member) => (member.no, member.own_total),
        None => match users::number(conn, user)? {
            Some(no) => (no, 0),
            None => return Ok(None),
        },
    };
    let private = memberships::load(conn, no, id)?;
    Ok(Some((conversation, Viewer { no, own_total, private })))
}

/// One page.
pub(crate) fn page(
    conn: &Connection,
    conversation: &Conversation,
    viewer: &Viewer,
    edge: Edge,
    limit: u32,
) -> Result<HistoryPage> {
    let (head, limit) = (conversation.head, u64::from(limit.max(1)));
    let cleared = viewer.private.shown.cleared_seq;
    let (from, to, more) = match edge {
        Edge::After(seq) => {
            let from = seq.saturating_add(1);
            let to = from.max(cleared + 1).saturating_add(limit - 1).min(head);
            let (_, to) = fit(conn, conversation, from.max(cleared + 1), to, End::Oldest)?;
            (from, to, to < head)
        }
        Edge::Newest | Edge::Before(_) => {
            let to = if let Edge::Before(seq) = edge { seq.saturating_sub(1) } else { head };
            let to = to.min(head);
            let from = (to + 1).saturating_sub(limit).max(1);
            let (fitting, _) = fit(conn, conversation, from.max(cleared + 1), to, End::Newest)?;
            // What lies below the deleted part is one range, down to the first place.
            if fitting <= cleared + 1 { (1, to, false) } else { (fitting, to, fitting > 1) }
        }
    };
    Ok(HistoryPage { items: places(conn, conversation, viewer, from, to)?, head, more })
}

/// The end of a range that a page is filled from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Newest,
    Oldest,
}

/// The part of a range whose messages fit a page, filled from one end; at least one message.
pub(crate) fn fit(
    conn: &Connection,
    conversation: &Conversation,
    from: Seq,
    to: Seq,
    end: End,
) -> Result<(Seq, Seq)> {
    let order = if end == End::Newest { "DESC" } else { "ASC" };
    let mut statement = conn.prepare_cached(&format!(
        "SELECT seq, length(body) FROM messages
         WHERE conversation = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq {order}"
    ))?;
    let mut rows = statement.query(params![conversation.id.to_i64(), int(from), int(to)])?;
    let mut bytes = 0_u64;
    while let Some(row) = rows.next()? {
        let seq = uint(row, 0)?;
        let first = bytes == 0;
        bytes += uint(row, 1)? + MESSAGE_BYTES as u64;
        if bytes > PAGE_BYTES_MAX as u64 && !first {
            return Ok(if end == End::Newest { (seq + 1, to) } else { (from, seq - 1) });
        }
    }
    Ok((from, to))
}

/// Every place of a range, both ends included.
pub(crate) fn places(
    conn: &Connection,
    conversation: &Conversation,
    viewer: &Viewer,
    from: Seq,
    to: Seq,
) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    let cleared = viewer.private.shown.cleared_seq.min(to);
    if from <= cleared {
        push_gone(&mut items, from, cleared, Gone::Deleted);
    }
    let from = from.max(cleared + 1);
    if from > to {
        return Ok(items);
    }
    let (hidden, voids) = empty_places(conn, conversation, viewer, from, to)?;
    let mut next = from;
    for message in messages(conn, conversation, from, to)? {
        if message.seq > next {
            push_gone(&mut items, next, message.seq - 1, Gone::Expired);
        }
        next = message.seq + 1;
        if voids.contains(&message.seq) {
            push_gone(&mut items, message.seq, message.seq, Gone::Recalled);
        } else if hidden.contains(&message.seq) {
            push_gone(&mut items, message.seq, message.seq, Gone::Deleted);
        } else {
            items.push(Item::Message(message));
        }
    }
    if next <= to {
        push_gone(&mut items, next, to, Gone::Expired);
    }
    Ok(items)
}

/// Adds an empty range, joined with the one before when the reason is the same.
fn push_gone(items: &mut Vec<Item>, from: Seq, to: Seq, why: Gone) {
    if let Some(Item::Gone { to: end, why: before, .. }) = items.last_mut()
        && *before == why
        && *end + 1 == from
    {
        *end = to;
    } else {
        items.push(Item::Gone { from, to, why });
    }
}

fn messages(
    conn: &Connection,
    conversation: &Conversation,
    from: Seq,
    to: Seq,
) -> Result<Vec<Message>> {
    conn.prepare_cached(&format!(
        "SELECT {MESSAGE_COLUMNS} FROM messages m JOIN users u ON u.no = m.sender
         WHERE m.conversation = ?1 AND m.seq BETWEEN ?2 AND ?3 ORDER BY m.seq"
    ))?
    .query_map(params![conversation.id.to_i64(), int(from), int(to)], message)?
    .collect()
}

/// Places hidden by the viewer, and places that are void for all.
fn empty_places(
    conn: &Connection,
    conversation: &Conversation,
    viewer: &Viewer,
    from: Seq,
    to: Seq,
) -> Result<(BTreeSet<Seq>, BTreeSet<Seq>)> {
    let id = conversation.id.to_i64();
    let (mut hidden, mut voids) = (BTreeSet::new(), BTreeSet::new());
    if viewer.private.hides > 0 {
        hidden = conn
            .prepare_cached(
                "SELECT seq FROM hidden
                 WHERE user = ?1 AND conversation = ?2 AND seq BETWEEN ?3 AND ?4",
            )?
            .query_map(params![viewer.no, id, int(from), int(to)], |row| uint(row, 0))?
            .collect::<Result<_>>()?;
    }
    if conversation.voids > 0 {
        voids = conn
            .prepare_cached(
                "SELECT seq FROM voids WHERE conversation = ?1 AND seq BETWEEN ?2 AND ?3",
            )?
            .query_map(params![id, int(from), int(to)], |row| uint(row, 0))?
            .collect::<Result<_>>()?;
    }
    Ok((hidden, voids))
}

/// The newest message that the viewer may see: the preview of his list.
pub(crate) fn last_visible(
    conn: &Connection,
    conversation: &Conversation,
    viewer: &Viewer,
) -> Result<Option<Message>> {
    let cleared = viewer.private.shown.cleared_seq;
    if conversation.head <= cleared {
        return Ok(None);
    }
    conn.prepare_cached(&format!(
        "SELECT {MESSAGE_COLUMNS} FROM messages m JOIN users u ON u.no = m.sender
         WHERE m.conversation = ?1 AND m.seq > ?2
         AND NOT EXISTS (SELECT 1 FROM hidden h
             WHERE h.user = ?3 AND h.conversation = ?1 AND h.seq = m.seq)
         AND NOT EXISTS (SELECT 1 FROM voids v WHERE v.conversation = ?1 AND v.seq = m.seq)
         ORDER BY m.seq DESC LIMIT 1"
    ))?
    .query_row(params![conversation.id.to_i64(), int(cleared), viewer.no], message)
    .optional()
}

/// Messages of others in all direct conversations above the user's delivered mark, oldest first.
pub(crate) fn undelivered(conn: &Connection, user: &UserId, limit: u32) -> Result<Vec<Message>> {
    let Some(no) = users::number(conn, user)? else { return Ok(Vec::new()) };
    conn.prepare_cached(&format!(
        "SELECT {MESSAGE_COLUMNS} FROM memberships p
         JOIN conversations c ON c.id = p.conversation AND c.kind = 0
         JOIN members r ON r.conversation = p.conversation AND r.user = p.user
         JOIN messages m ON m.conversation = p.conversation
             AND m.seq > max(r.delivered_seq, p.cleared_seq)
         JOIN users u ON u.no = m.sender
         WHERE p.user = ?1 AND c.head > max(r.delivered_seq, p.cleared_seq) AND m.sender <> ?1
         AND NOT EXISTS (SELECT 1 FROM hidden h
             WHERE h.user = ?1 AND h.conversation = m.conversation AND h.seq = m.seq)
         AND NOT EXISTS (SELECT 1 FROM voids v
             WHERE v.conversation = m.conversation AND v.seq = m.seq)
         ORDER BY m.sent_ms, m.ver LIMIT ?2"
    ))?
    .query_map(params![no, limit], message)?
    .collect()
}
