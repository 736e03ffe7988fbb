//! The unread count of one viewer, computed from counters, and the list of places that explains
//! it. Nothing is written per recipient; only recalled and hidden places cost a lookup.

use std::collections::{BTreeMap, BTreeSet};

use magpie_core::model::{Draft, Unread, UnreadWhy};
use magpie_proto::{ConversationId, Seq, UserId};
use rusqlite::{Result, params};

use super::{
    conversations::Conversation,
    row::{int, uint},
    view::View,
};
use crate::effect::{HiddenRow, Private, UserNo};

/// Most places that an explanation lists.
const PLACES_MAX: u64 = 200;

/// One user's side of a conversation.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    pub(crate) no: UserNo,
    pub(crate) own_total: u64,
    pub(crate) private: Private,
    /// Known to those who read; nobody who writes needs it.
    pub(crate) draft: Option<Box<Draft>>,
}

/// unread = (head - floor) - own above the floor - voids of others - hidden ones.
pub(crate) fn count(view: &View<'_>, conversation: &Conversation, viewer: &Viewer) -> Result<u64> {
    let (id, head, floor) = (conversation.id, conversation.head, viewer.private.floor());
    let own = viewer.own_total.saturating_sub(viewer.private.own_at_floor);
    let mut others = head.saturating_sub(floor).saturating_sub(own);
    if others == 0 || conversation.voids + viewer.private.hides == 0 {
        return Ok(others);
    }
    let voids = voids(view, conversation, floor + 1, head)?;
    let void_of_others = voids.values().filter(|sender| **sender != viewer.no).count() as u64;
    others = others.saturating_sub(void_of_others);
    if viewer.private.hides > 0 {
        let hidden = hidden(view, id, viewer.no, floor + 1, head)?;
        let counted = |(seq, own): (&Seq, &bool)| !own && !voids.contains_key(seq);
        others = others.saturating_sub(hidden.iter().filter(|row| counted(*row)).count() as u64);
    }
    Ok(others)
}

/// Places of a range that are void for all, with their senders.
pub(crate) fn voids(
    view: &View<'_>,
    conversation: &Conversation,
    from: Seq,
    to: Seq,
) -> Result<BTreeMap<Seq, UserNo>> {
    if conversation.voids == 0 {
        return Ok(BTreeMap::new());
    }
    let mut voids: BTreeMap<Seq, UserNo> = view
        .sql()?
        .prepare_cached(
            "SELECT seq, sender FROM voids WHERE conversation = ?1 AND seq BETWEEN ?2 AND ?3",
        )?
        .query_map(params![conversation.id.to_i64(), int(from), int(to)], |row| {
            Ok((uint(row, 0)?, row.get(1)?))
        })?
        .collect::<Result<_>>()?;
    view.rare(conversation.id, |rare| {
        // An explanation of nothing ends before it begins.
        if from <= to {
            voids.extend(rare.voids.range(from..=to).map(|(seq, sender)| (*seq, *sender)));
        }
    });
    Ok(voids)
}

/// Places of a range that a user hid, and whether the message was his own.
pub(crate) fn hidden(
    view: &View<'_>,
    id: ConversationId,
    no: UserNo,
    from: Seq,
    to: Seq,
) -> Result<BTreeMap<Seq, bool>> {
    let mut hidden: BTreeMap<Seq, bool> = view
        .sql()?
        .prepare_cached(
            "SELECT seq, own FROM hidden
             WHERE user = ?1 AND conversation = ?2 AND seq BETWEEN ?3 AND ?4",
        )?
        .query_map(params![no, id.to_i64(), int(from), int(to)], |row| {
            Ok((uint(row, 0)?, row.get(1)?))
        })?
        .collect::<Result<_>>()?;
    let here = |row: &&HiddenRow| row.no == no && (from..=to).contains(&row.seq);
    view.parts(id, |part| {
        hidden.extend(part.hidden.iter().filter(here).map(|row| (row.seq, row.own)));
    });
    Ok(hidden)
}

/// The count with the reasons, place by place.
pub(crate) fn explain(
    view: &View<'_>,
    conversation: &Conversation,
    viewer: &Viewer,
    user: &UserId,
) -> Result<Unread> {
    let (id, head, floor) = (conversation.id, conversation.head, viewer.private.floor());
    let from = floor.max(head.saturating_sub(PLACES_MAX)) + 1;
    let voids = voids(view, conversation, from, head)?;
    let hidden: BTreeSet<Seq> = hidden(view, id, viewer.no, from, head)?.into_keys().collect();
    let mut places = Vec::new();
    for message in view.messages(id, from, head)? {
        let why = if message.sender == *user {
            UnreadWhy::Own
        } else if voids.contains_key(&message.seq) {
            UnreadWhy::Void
        } else if hidden.contains(&message.seq) {
            UnreadWhy::Hidden
        } else {
            UnreadWhy::Counts
        };
        places.push((message.seq, why));
    }
    Ok(Unread { count: count(view, conversation, viewer)?, floor, head, places })
}
