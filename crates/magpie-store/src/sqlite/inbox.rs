//! A user's conversation list: entries as he sees them, pinned first, then newest first. Agents
//! see every desk conversation, with or without a row of their own.

use std::cmp::Reverse;

use ahash::AHashSet;
use magpie_core::model::{Entry, InboxMark, InboxPage};
use magpie_proto::{ConversationId, ConversationKind, UserId};
use rusqlite::{Result, params};

use super::{
    conversations::{self, Conversation},
    history, memberships, preview,
    row::{int, uint},
    unread::{self, Viewer},
    view::View,
};
use crate::effect::UserNo;

/// One conversation as `user` sees it; `None` when he is not in it.
pub(crate) fn entry(
    view: &View<'_>,
    user: &UserId,
    agent: bool,
    id: ConversationId,
) -> Result<Option<Entry>> {
    if let Some(no) = view.number(user)?
        && let Some(entry) = preview::entry(view, user, no, id)?
    {
        return Ok(Some(entry));
    }
    whole_entry(view, user, agent, id)
}

fn whole_entry(
    view: &View<'_>,
    user: &UserId,
    agent: bool,
    id: ConversationId,
) -> Result<Option<Entry>> {
    let Some((conversation, viewer)) = history::open(view, user, agent, id)? else {
        return Ok(None);
    };
    make_entry(view, user, &conversation, &viewer).map(Some)
}

/// The entry of a conversation that is loaded already.
pub(crate) fn make_entry(
    view: &View<'_>,
    user: &UserId,
    conversation: &Conversation,
    viewer: &Viewer,
) -> Result<Entry> {
    let mine = conversation.index_of(user);
    let peer = match (conversation.kind(), mine) {
        (ConversationKind::Direct, Some(index)) => conversation.peer_of(index).map(|p| &p.id),
        (ConversationKind::Desk, Some(0)) => None,
        (ConversationKind::Desk, _) => conversation.members.first().map(|visitor| &visitor.id),
        _ => None,
    };
    // In a talk with oneself, one is the other side.
    let alone = conversation.kind() == ConversationKind::Direct && conversation.members.len() == 1;
    let others =
        || conversation.members.iter().enumerate().filter(|(i, _)| alone || Some(*i) != mine);
    Ok(Entry {
        conversation: conversation.id,
        peer: peer.map(|id| view.user(id)).transpose()?.flatten(),
        head: conversation.head,
        rev: conversation.rev,
        head_ms: conversation.head_ms,
        unread: unread::count(view, conversation, viewer)?,
        membership: viewer.private.shown,
        last: history::last_visible(view, conversation, viewer)?,
        peer_delivered_seq: others().map(|(_, m)| m.delivered_seq).max().unwrap_or(0),
        peer_read_seq: others().map(|(_, m)| m.read_seq).max().unwrap_or(0),
        delivered_seq: mine.map_or(0, |index| conversation.members[index].delivered_seq),
        draft: viewer.draft.clone(),
    })
}

/// One page of the list.
pub(crate) fn page(
    view: &View<'_>,
    user: &UserId,
    agent: bool,
    after: Option<InboxMark>,
    limit: u32,
) -> Result<InboxPage> {
    let empty = InboxPage { entries: Vec::new(), next: None };
    let Some(no) = view.number(user)? else { return Ok(empty) };
    let limit = limit.max(1);
    let touched = touched(view, no, agent);
    // What the tail touched stands somewhere else now: SQLite's rows of it are left out.
    let enough = limit + 1 + u32::try_from(touched.len()).unwrap_or(u32::MAX - limit - 1);
    let mut marks = own_rows(view, no, agent, after, enough)?;
    if agent {
        marks.extend(untouched_desks(view, no, after, enough)?);
    }
    marks.retain(|mark| !touched.contains(&mark.conversation));
    for id in touched {
        marks.extend(mark_of(view, user, no, agent, id)?.filter(|mark| comes_after(mark, after)));
    }
    marks.sort_unstable_by_key(|mark| Reverse(sort_key(mark)));
    let more = marks.len() > limit as usize;
    marks.truncate(limit as usize);
    let next = marks.last().copied().filter(|_| more);
    let mut entries = Vec::with_capacity(marks.len());
    for mark in marks {
        let ordinary = preview::entry(view, user, no, mark.conversation)?;
        entries.extend(match ordinary {
            Some(entry) => Some(entry),
            None => whole_entry(view, user, agent, mark.conversation)?,
        });
    }
    Ok(InboxPage { entries, next })
}

fn sort_key(mark: &InboxMark) -> (bool, u64, ConversationId) {
    (mark.pinned, mark.head_ms, mark.conversation)
}

fn comes_after(mark: &InboxMark, after: Option<InboxMark>) -> bool {
    after.is_none_or(|after| sort_key(mark) < sort_key(&after))
}

/// Conversations of which the tail knows something newer for this user.
fn touched(view: &View<'_>, no: UserNo, agent: bool) -> AHashSet<ConversationId> {
    let mut touched = AHashSet::new();
    view.each_layer(|layer| {
        touched.extend(layer.list_of(no));
        touched.extend(if agent { layer.desks() } else { &[] });
    });
    touched
}

/// Where one conversation stands in the list now, if it is in it.
fn mark_of(
    view: &View<'_>,
    user: &UserId,
    no: UserNo,
    agent: bool,
    id: ConversationId,
) -> Result<Option<InboxMark>> {
    let Some(conversation) = conversations::load(view, id)? else { return Ok(None) };
    let private = memberships::load(view, no, id)?;
    let shown = conversation.admits(user, agent) && private.visible(conversation.head);
    Ok(shown.then_some(InboxMark {
        pinned: private.shown.pinned,
        head_ms: conversation.head_ms,
        conversation: id,
    }))
}

/// Visible conversations that the user has a row of, as SQLite has them. The row of someone
/// who is no longer an agent stays, but shows him nothing.
fn own_rows(
    view: &View<'_>,
    no: UserNo,
    agent: bool,
    after: Option<InboxMark>,
    limit: u32,
) -> Result<Vec<InboxMark>> {
    // Above every (pinned, head_ms, id).
    let (pinned, head_ms, id) =
        after.map_or((2, 0, 0), |m| (i64::from(m.pinned), int(m.head_ms), m.conversation.to_i64()));
    view.sql()?
        .prepare_cached(
            "SELECT m.pinned, c.head_ms, c.id
         FROM memberships m JOIN conversations c ON c.id = m.conversation
         WHERE m.user = ?1 AND c.head > m.hidden_seq AND (c.kind <> 2 OR c.a = ?1 OR ?2)
         AND (m.pinned, c.head_ms, c.id) < (?3, ?4, ?5)
         ORDER BY m.pinned DESC, c.head_ms DESC, c.id DESC LIMIT ?6",
        )?
        .query_map(params![no, agent, pinned, head_ms, id, limit], |row| {
            Ok(InboxMark {
                pinned: row.get(0)?,
                head_ms: uint(row, 1)?,
                conversation: ConversationId::from_i64(row.get(2)?),
            })
        })?
        .collect()
}

/// Desk conversations in which this agent has no row yet, as SQLite has them.
fn untouched_desks(
    view: &View<'_>,
    no: UserNo,
    after: Option<InboxMark>,
    limit: u32,
) -> Result<Vec<InboxMark>> {
    let (head_ms, id) = after
        .filter(|mark| !mark.pinned)
        .map_or((i64::MAX, 0), |m| (int(m.head_ms), m.conversation.to_i64()));
    view.sql()?
        .prepare_cached(
            "SELECT c.head_ms, c.id FROM conversations c
         WHERE c.kind = 2 AND c.head > 0 AND (c.head_ms, c.id) < (?2, ?3)
         AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.user = ?1 AND m.conversation = c.id)
         ORDER BY c.head_ms DESC, c.id DESC LIMIT ?4",
        )?
        .query_map(params![no, head_ms, id, limit], |row| {
            Ok(InboxMark {
                pinned: false,
                head_ms: uint(row, 0)?,
                conversation: ConversationId::from_i64(row.get(1)?),
            })
        })?
        .collect()
}
