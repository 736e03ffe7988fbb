//! A user's private state of a conversation: how far he has read, what he hid, pinned, muted.
//! Every move of the floor goes through `move_floor`, which keeps the unread counters exact.

use magpie_core::model::{Membership, Position};
use magpie_proto::{ConversationId, Seq};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{
    conversations::Conversation,
    row::{int, uint},
    users::UserNo,
};

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Private {
    pub(crate) shown: Membership,
    /// Own messages at or below the floor.
    pub(crate) own_at_floor: u64,
    /// Messages deleted on this side, one by one.
    pub(crate) hides: u64,
    pub(crate) ver: Position,
}

impl Private {
    /// Places up to here never count as unread.
    pub(crate) fn floor(&self) -> Seq {
        self.shown.read_seq.max(self.shown.cleared_seq)
    }

    pub(crate) fn visible(&self, head: Seq) -> bool {
        int(head) > self.shown.hidden_seq
    }
}

/// The stored state; the default when the user never did anything here (an agent at the desk).
pub(crate) fn load(conn: &Connection, user: UserNo, id: ConversationId) -> Result<Private> {
    conn.prepare_cached(
        "SELECT read_seq, cleared_seq, hidden_seq, pinned, muted, own_at_floor, hides, ver
         FROM memberships WHERE user = ?1 AND conversation = ?2",
    )?
    .query_row([user, id.to_i64()], |row| {
        Ok(Private {
            shown: Membership {
                read_seq: uint(row, 0)?,
                cleared_seq: uint(row, 1)?,
                hidden_seq: row.get(2)?,
                pinned: row.get(3)?,
                muted: row.get(4)?,
            },
            own_at_floor: uint(row, 5)?,
            hides: uint(row, 6)?,
            ver: uint(row, 7)?,
        })
    })
    .optional()
    .map(Option::unwrap_or_default)
}

pub(crate) fn save(
    conn: &Connection,
    user: UserNo,
    id: ConversationId,
    private: &Private,
) -> Result<()> {
    let shown = &private.shown;
    conn.prepare_cached(
        "INSERT OR REPLACE INTO memberships (user, conversation, read_seq, cleared_seq,
         hidden_seq, pinned, muted, own_at_floor, hides, ver)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        user,
        id.to_i64(),
        int(shown.read_seq),
        int(shown.cleared_seq),
        shown.hidden_seq,
        shown.pinned,
        shown.muted,
        int(private.own_at_floor),
        int(private.hides),
        int(private.ver)
    ])?;
    Ok(())
}

/// Changes private state; when that lifts the floor, the own messages below it are counted anew.
pub(crate) fn move_floor(
    conn: &Connection,
    conversation: &mut Conversation,
    index: usize,
    change: impl FnOnce(&mut Membership),
) -> Result<()> {
    let (id, head) = (conversation.id, conversation.head);
    let (no, own_total) = (conversation.members[index].no, conversation.members[index].own_total);
    let private = conversation.private(conn, index)?;
    let before = private.floor();
    change(&mut private.shown);
    let floor = private.floor();
    if floor == before || own_total == private.own_at_floor {
        return Ok(());
    }
    private.own_at_floor = if floor == head {
        own_total
    } else if floor - before <= head - floor {
        private.own_at_floor + count_own(conn, id, no, before + 1, floor)?
    } else {
        own_total - count_own(conn, id, no, floor + 1, head)?
    };
    Ok(())
}

fn count_own(conn: &Connection, id: ConversationId, no: UserNo, from: Seq, to: Seq) -> Result<u64> {
    conn.prepare_cached(
        "SELECT count(*) FROM messages INDEXED BY messages_by_seq
         WHERE conversation = ?1 AND seq BETWEEN ?2 AND ?3 AND sender = ?4",
    )?
    .query_row(params![id.to_i64(), int(from), int(to), no], |row| uint(row, 0))
}
