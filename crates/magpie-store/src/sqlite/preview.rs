//! The list entry of an ordinary direct conversation in one statement: most entries of most lists
//! are such, and a list has two hundred. Whatever is not ordinary (the tail knows more, something was
//! changed, hidden or recalled, a talk with oneself) is left to `inbox.rs`, which says what is right.

use bytes::Bytes;
use magpie_core::model::{Entry, Membership, Message, Role, User};
use magpie_proto::{Body, ConversationId, ConversationKind, MessageId, UserId};
use rusqlite::{OptionalExtension, Result, Row, params};

use super::{
    drafts,
    row::{uint, user_id},
    view::View,
};
use crate::effect::UserNo;

const ENTRY: &str = "
    SELECT c.head, c.rev, c.head_ms, iif(c.a = ?1, c.own_a, c.own_b),
        m.read_seq, m.cleared_seq, m.hidden_seq, m.pinned, m.muted, m.own_at_floor,
        mine.delivered_seq, theirs.delivered_seq, theirs.read_seq,
        p.id, p.name, p.avatar, p.role, p.banned, p.created_ms, p.last_seen_ms,
        x.id, x.sender = ?1, x.client_msg_id, x.body, x.sent_ms, m.draft, m.draft_re
    FROM conversations c
    JOIN memberships m ON m.user = ?1 AND m.conversation = c.id
    JOIN members mine ON mine.conversation = c.id AND mine.user = ?1
    JOIN users p ON p.no = iif(c.a = ?1, c.b, c.a)
    JOIN members theirs ON theirs.conversation = c.id AND theirs.user = p.no
    LEFT JOIN messages x ON x.conversation = c.id AND x.seq = c.head
    WHERE c.id = ?2 AND c.kind = 0 AND c.a <> c.b AND c.voids = 0 AND m.hides = 0
    AND (c.rev = 0 OR NOT EXISTS
        (SELECT 1 FROM changes h WHERE h.conversation = c.id AND h.seq = c.head))
    AND (c.head = 0 OR x.sender = ?1 OR x.sender = p.no)";

/// The entry, if the conversation is ordinary and the user is in it.
pub(crate) fn entry(
    view: &View<'_>,
    user: &UserId,
    no: UserNo,
    id: ConversationId,
) -> Result<Option<Entry>> {
    if id.kind() != ConversationKind::Direct
        || view.newest(|layer| layer.part(id).map(drop)).is_some()
    {
        return Ok(None);
    }
    let found = view
        .sql()?
        .prepare_cached(ENTRY)?
        .query_row(params![no, id.to_i64()], |row| read(row, user, id))
        .optional()?;
    let Some(mut entry) = found else { return Ok(None) };
    if let Some(peer) = &mut entry.peer
        && let Some(newer) = view.newest(|layer| layer.user(&peer.id).map(|row| row.user.clone()))
    {
        *peer = newer;
    }
    Ok(Some(entry))
}

fn read(row: &Row<'_>, user: &UserId, id: ConversationId) -> Result<Entry> {
    let (head, own_total, own_at_floor) = (uint(row, 0)?, uint(row, 3)?, uint(row, 9)?);
    let membership = Membership {
        read_seq: uint(row, 4)?,
        cleared_seq: uint(row, 5)?,
        hidden_seq: row.get(6)?,
        pinned: row.get(7)?,
        muted: row.get(8)?,
    };
    let peer = peer(row)?;
    let floor = membership.read_seq.max(membership.cleared_seq);
    let own_above = own_total.saturating_sub(own_at_floor);
    let last = if head > membership.cleared_seq { last(row, user, &peer.id, id)? } else { None };
    Ok(Entry {
        conversation: id,
        peer: Some(peer),
        head,
        rev: uint(row, 1)?,
        head_ms: uint(row, 2)?,
        unread: head.saturating_sub(floor).saturating_sub(own_above),
        membership,
        last,
        peer_delivered_seq: uint(row, 11)?,
        peer_read_seq: uint(row, 12)?,
        delivered_seq: uint(row, 10)?,
        draft: drafts::draft(row, 25)?,
    })
}

fn peer(row: &Row<'_>) -> Result<User> {
    Ok(User {
        id: user_id(row, 13)?,
        name: row.get(14)?,
        avatar: row.get(15)?,
        role: Role::parse(row.get_ref(16)?.as_str()?).unwrap_or_default(),
        banned: row.get(17)?,
        created_ms: uint(row, 18)?,
        last_seen_ms: uint(row, 19)?,
    })
}

/// The newest message, if there is one.
fn last(
    row: &Row<'_>,
    user: &UserId,
    peer: &UserId,
    id: ConversationId,
) -> Result<Option<Message>> {
    let Some(own) = row.get::<_, Option<bool>>(21)? else { return Ok(None) };
    Ok(Some(Message {
        conversation: id,
        seq: uint(row, 0)?,
        id: MessageId::from_bytes(row.get(20)?),
        sender: if own { user.clone() } else { peer.clone() },
        client_msg_id: row.get(22)?,
        body: Body::from_stored(Bytes::copy_from_slice(row.get_ref(23)?.as_blob()?)),
        sent_ms: uint(row, 24)?,
        revision: None,
    }))
}
