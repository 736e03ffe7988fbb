//! A user's private state of a conversation: how far he has read, what he hid, pinned, muted.
//! Every move of the floor goes through `move_floor`, which keeps the unread counters exact.

use magpie_core::model::{Draft, Membership};
use magpie_proto::{ConversationId, Seq};
use rusqlite::{Connection, OptionalExtension, Result, Row};

use super::{
    conversations::Conversation,
    drafts,
    row::{int, uint},
    view::View,
};
use crate::effect::{Private, UserNo};

impl Private {
    /// Places up to here never count as unread.
    pub(crate) fn floor(&self) -> Seq {
        self.shown.read_seq.max(self.shown.cleared_seq)
    }

    pub(crate) fn visible(&self, head: Seq) -> bool {
        int(head) > self.shown.hidden_seq
    }
}

/// The state of now; the default when the user never did anything here (an agent at the desk).
pub(crate) fn load(view: &View<'_>, no: UserNo, id: ConversationId) -> Result<Private> {
    Ok(known(view, no, id)?.unwrap_or_default())
}

/// The state of now, if there is a row.
pub(crate) fn known(view: &View<'_>, no: UserNo, id: ConversationId) -> Result<Option<Private>> {
    let mut newest = None;
    view.parts(id, |part| {
        let row = part.privates.iter().find(|row| row.no == no);
        newest = newest.or(row.map(|row| row.private));
    });
    match newest {
        Some(private) => Ok(Some(private)),
        None => stored(view.sql()?, no, id),
    }
}

/// The state of now and the draft, for a reader: one look-up for both.
pub(crate) fn load_with_draft(
    view: &View<'_>,
    no: UserNo,
    id: ConversationId,
) -> Result<(Private, Option<Box<Draft>>)> {
    let (mut private, mut draft) = (None, None);
    view.parts(id, |part| {
        let row = part.privates.iter().find(|row| row.no == no);
        private = private.or(row.map(|row| row.private));
        if let Some(rare) = part.rare.as_ref().filter(|_| draft.is_none()) {
            draft = rare.drafts.get(&no).map(|row| row.draft.clone());
        }
    });
    if let (Some(private), Some(draft)) = (private, &mut draft) {
        return Ok((private, draft.take()));
    }
    let stored = view
        .sql()?
        .prepare_cached(STORED)?
        .query_row([no, id.to_i64()], |row| Ok((private_of(row)?, drafts::draft(row, 8)?)))
        .optional()?;
    let (stored, stored_draft) = stored.unwrap_or_default();
    Ok((private.unwrap_or(stored), draft.unwrap_or(stored_draft)))
}

const STORED: &str = "SELECT read_seq, cleared_seq, hidden_seq, pinned, muted, own_at_floor,
    hides, ver, draft, draft_re FROM memberships WHERE user = ?1 AND conversation = ?2";

fn private_of(row: &Row<'_>) -> Result<Private> {
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
}

fn stored(conn: &Connection, no: UserNo, id: ConversationId) -> Result<Option<Private>> {
    conn.prepare_cached(STORED)?.query_row([no, id.to_i64()], private_of).optional()
}

/// Changes private state; when that lifts the floor, the own messages below it are counted anew.
pub(crate) fn move_floor(
    view: &View<'_>,
    conversation: &mut Conversation,
    index: usize,
    change: impl FnOnce(&mut Membership),
) -> Result<()> {
    let (id, head) = (conversation.id, conversation.head);
    let (no, own_total) = (conversation.members[index].no, conversation.members[index].own_total);
    let private = conversation.private(view, index)?;
    let before = private.floor();
    change(&mut private.shown);
    let floor = private.floor();
    if floor == before || own_total == private.own_at_floor {
        return Ok(());
    }
    private.own_at_floor = if floor == head {
        own_total
    } else if floor - before <= head - floor {
        private.own_at_floor + view.count_of(id, no, before + 1, floor)?
    } else {
        own_total - view.count_of(id, no, floor + 1, head)?
    };
    Ok(())
}
