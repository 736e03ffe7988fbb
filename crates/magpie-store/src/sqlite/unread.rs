//! The unread count of one viewer, computed from counters, and the list of places that explains
//! it. Nothing is written per recipient; only recalled and hidden places cost a lookup.

use magpie_core::model::{Unread, UnreadWhy};
use magpie_proto::Seq;
use rusqlite::{Connection, Result, params};

use super::{
    conversations::Conversation,
    memberships::Private,
    row::{int, uint},
    users::UserNo,
};

/// Most places that an explanation lists.
const PLACES_MAX: u64 = 200;

/// One user's side of a conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Viewer {
    pub(crate) no: UserNo,
    pub(crate) own_total: u64,
    pub(crate) private: Private,
}

/// unread = (head - floor) - own above the floor - voids of others - hidden ones.
pub(crate) fn count(
    conn: &Connection,
    conversation: &Conversation,
    viewer: &Viewer,
) -> Result<u64> {
    let floor = viewer.private.floor();
    let own = viewer.own_total.saturating_sub(viewer.private.own_at_floor);
    let mut others = conversation.head.saturating_sub(floor).saturating_sub(own);
    if others > 0 && conversation.voids > 0 {
        others = others.saturating_sub(voids_above(conn, conversation, viewer, floor)?);
    }
    if others > 0 && viewer.private.hides > 0 {
        others = others.saturating_sub(hidden_above(conn, conversation, viewer, floor)?);
    }
    Ok(others)
}

fn voids_above(
    conn: &Connection,
    conversation: &Conversation,
    viewer: &Viewer,
    floor: Seq,
) -> Result<u64> {
    conn.prepare_cached(
        "SELECT count(*) FROM voids WHERE conversation = ?1 AND seq > ?2 AND sender <> ?3",
    )?
    .query_row(params![conversation.id.to_i64(), int(floor), viewer.no], |row| uint(row, 0))
}

fn hidden_above(
    conn: &Connection,
    conversation: &Conversation,
    viewer: &Viewer,
    floor: Seq,
) -> Result<u64> {
    conn.prepare_cached(
        "SELECT count(*) FROM hidden h WHERE user = ?1 AND conversation = ?2 AND seq > ?3
         AND own = 0 AND NOT EXISTS
         (SELECT 1 FROM voids v WHERE v.conversation = h.conversation AND v.seq = h.seq)",
    )?
    .query_row(params![viewer.no, conversation.id.to_i64(), int(floor)], |row| uint(row, 0))
}

/// The count with the reasons, place by place.
pub(crate) fn explain(
    conn: &Connection,
    conversation: &Conversation,
    viewer: &Viewer,
) -> Result<Unread> {
    let (head, floor) = (conversation.head, viewer.private.floor());
    let from = floor.max(head.saturating_sub(PLACES_MAX));
    let places = conn
        .prepare_cached(
            "SELECT m.seq, m.sender = ?1,
             EXISTS (SELECT 1 FROM voids v WHERE v.conversation = m.conversation AND v.seq = m.seq),
             EXISTS (SELECT 1 FROM hidden h WHERE h.user = ?1
                     AND h.conversation = m.conversation AND h.seq = m.seq)
             FROM messages m WHERE m.conversation = ?2 AND m.seq > ?3 ORDER BY m.seq",
        )?
        .query_map(params![viewer.no, conversation.id.to_i64(), int(from)], |row| {
            let why = match (row.get(1)?, row.get(2)?, row.get(3)?) {
                (true, _, _) => UnreadWhy::Own,
                (_, true, _) => UnreadWhy::Void,
                (_, _, true) => UnreadWhy::Hidden,
                _ => UnreadWhy::Counts,
            };
            Ok((uint(row, 0)?, why))
        })?
        .collect::<Result<Vec<_>>>()?;
    Ok(Unread { count: count(conn, conversation, viewer)?, floor, head, places })
}
