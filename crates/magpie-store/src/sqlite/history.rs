//! A conversation's messages as one viewer sees them: dense, with a reason for every place that
//! is empty for him, so that filling gaps always ends.

use std::collections::BTreeMap;

use magpie_core::{
    model::{Gone, HistoryPage, Item, Message},
    port::store::{MESSAGE_BYTES, PAGE_BYTES_MAX},
};
use magpie_proto::{ConversationId, Seq, UserId, client::Edge};
use rusqlite::Result;

use super::{
    conversations::{self, Conversation},
    memberships, revisions,
    unread::{self, Viewer},
    view::View,
};

/// Places looked at in one step on the way down to the newest visible message.
const PREVIEW_STEP: Seq = 32;

/// Loads a conversation with the viewer's side of it; `None` when he is not in it.
pub(crate) fn open(
    view: &View<'_>,
    user: &UserId,
    agent: bool,
    id: ConversationId,
) -> Result<Option<(Conversation, Viewer)>> {
    let Some(conversation) = conversations::load(view, id)? else { return Ok(None) };
    if !conversation.admits(user, agent) {
        return Ok(None);
    }
    let place = conversation.index_of(user).map(|index| &conversation.members[index]);
    let (no, own_total) = match place {
        Some(member) => (member.no, member.own_total),
        None => match view.number(user)? {
            Some(no) => (no, 0),
            None => return Ok(None),
        },
    };
    let (private, draft) = memberships::load_with_draft(view, no, id)?;
    Ok(Some((conversation, Viewer { no, own_total, private, draft })))
}

/// One page.
pub(crate) fn page(
    view: &View<'_>,
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
            let (_, to) = fit(view, conversation, from.max(cleared + 1), to, End::Oldest)?;
            (from, to, to < head)
        }
        Edge::Newest | Edge::Before(_) => {
            let to = if let Edge::Before(seq) = edge { seq.saturating_sub(1) } else { head };
            let to = to.min(head);
            let from = (to + 1).saturating_sub(limit).max(1);
            let (fitting, _) = fit(view, conversation, from.max(cleared + 1), to, End::Newest)?;
            // What lies below the deleted part is one range, down to the first place.
            if fitting <= cleared + 1 { (1, to, false) } else { (fitting, to, fitting > 1) }
        }
    };
    Ok(HistoryPage { items: places(view, conversation, viewer, from, to)?, head, more })
}

/// The end of a range that a page is filled from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Newest,
    Oldest,
}

/// The part of a range whose messages fit a page, filled from one end; at least one message.
pub(crate) fn fit(
    view: &View<'_>,
    conversation: &Conversation,
    from: Seq,
    to: Seq,
    end: End,
) -> Result<(Seq, Seq)> {
    let mut lengths = view.lengths(conversation.id, from, to)?;
    if conversation.rev > 0 && from <= to {
        let newer = revisions::newer_bodies(view, conversation.id, from, to);
        for (seq, length) in &mut lengths {
            *length = newer.get(seq).map_or(*length, |body| body.as_bytes().len() as u64);
        }
    }
    if end == End::Newest {
        lengths.reverse();
    }
    let mut bytes = 0_u64;
    for (seq, length) in lengths {
        let first = bytes == 0;
        bytes += length + MESSAGE_BYTES as u64;
        if bytes > PAGE_BYTES_MAX as u64 && !first {
            return Ok(if end == End::Newest { (seq + 1, to) } else { (from, seq - 1) });
        }
    }
    Ok((from, to))
}

/// Every place of a range, both ends included.
pub(crate) fn places(
    view: &View<'_>,
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
    let voids = unread::voids(view, conversation, from, to)?;
    let hidden = match viewer.private.hides {
        0 => BTreeMap::new(),
        _ => unread::hidden(view, conversation.id, viewer.no, from, to)?,
    };
    let mut next = from;
    let mut messages = view.messages(conversation.id, from, to)?;
    if conversation.rev > 0 {
        let known = (conversation.id, conversation.rev);
        revisions::decorate(view, known, (from, to), &mut messages)?;
    }
    for message in messages {
        if message.seq > next {
            push_gone(&mut items, next, message.seq - 1, Gone::Expired);
        }
        next = message.seq + 1;
        // A snapshot may have an erased body before the layers above it know of the recall.
        let recalled = voids.contains_key(&message.seq) || message.body.as_bytes().is_empty();
        if hidden.contains_key(&message.seq) {
            push_gone(&mut items, message.seq, message.seq, Gone::Deleted);
        } else if recalled {
            push_gone(&mut items, message.seq, message.seq, Gone::Recalled(message.sender));
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

/// The newest message that the viewer may see: the preview of his list.
pub(crate) fn last_visible(
    view: &View<'_>,
    conversation: &Conversation,
    viewer: &Viewer,
) -> Result<Option<Message>> {
    let cleared = viewer.private.shown.cleared_seq;
    // Most often the newest one; more are read only where places are empty.
    let (mut to, mut step) = (conversation.head, 1);
    while to > cleared {
        let from = (to + 1).saturating_sub(step).max(cleared + 1);
        let newest = places(view, conversation, viewer, from, to)?.into_iter().rev();
        let message = newest.into_iter().find_map(|item| match item {
            Item::Message(message) => Some(message),
            Item::Gone { .. } => None,
        });
        if message.is_some() {
            return Ok(message);
        }
        (to, step) = (from - 1, PREVIEW_STEP);
    }
    Ok(None)
}
