//! What changed for a user since a position. The cost follows what changed: candidates come from
//! memory when they can, each is checked in the store, and pages stop at their budget.

use std::collections::BTreeMap;

use magpie_core::{
    model::{Gone, Item, Missed, Position, ResumeMark, ResumePage},
    port::store::{PAGE_BYTES_MAX, ResumeQuery},
};
use magpie_proto::{ConversationId, Seq};
use rusqlite::{Result, params};

use super::{
    conversations::Conversation,
    history, inbox, revisions,
    row::{int, uint},
    unread::Viewer,
    view::View,
};
use crate::effect::UserNo;

/// Missed messages that come along; older ones are a hole to page in.
const MISSED_MAX: u64 = 50;
/// What an entry weighs against the budget, beside its bodies.
const ENTRY_BYTES: usize = 256;

/// One page. `candidates`: the only conversations that can have changed, if that is known.
pub(crate) fn page(
    view: &View<'_>,
    position: Position,
    query: &ResumeQuery,
    candidates: Option<Vec<ConversationId>>,
) -> Result<ResumePage> {
    let mut page = ResumePage { position, changed: Vec::new(), next: None };
    let Some(no) = view.number(&query.user)? else { return Ok(page) };
    let candidates = match candidates {
        Some(known) => known,
        None => search(view, no, query)?,
    };
    // In order of ids, so that a later page goes on where this one stops whatever happens between.
    let after = query.mark.map_or(-1, |mark| mark.0);
    let mut bytes = 0;
    for id in candidates.into_iter().filter(|id| id.to_i64() > after) {
        if bytes >= query.budget_bytes && !page.changed.is_empty() {
            page.next = page.changed.last().map(|m| ResumeMark(m.entry.conversation.to_i64()));
            break;
        }
        if let Some(missed) = missed(view, query, id)? {
            bytes += weight(&missed);
            page.changed.push(missed);
        }
    }
    Ok(page)
}

fn weight(missed: &Missed) -> usize {
    let items = missed.items.iter().map(|item| match item {
        Item::Message(message) => message.body.as_bytes().len() + ENTRY_BYTES,
        Item::Gone { .. } => 32,
    });
    ENTRY_BYTES + items.sum::<usize>()
}

/// Ids of conversations that may have changed after `since` (or of all that may be visible), in
/// order.
fn search(view: &View<'_>, no: UserNo, query: &ResumeQuery) -> Result<Vec<ConversationId>> {
    let after = query.mark.map_or(-1, |mark| mark.0);
    let id = |row: &rusqlite::Row<'_>| row.get(0).map(ConversationId::from_i64);
    let mut found: Vec<ConversationId> = match query.since {
        Some(since) => view
            .sql()?
            .prepare_cached(
                "SELECT m.conversation
                 FROM memberships m JOIN conversations c ON c.id = m.conversation
                 WHERE m.user = ?1 AND m.conversation > ?2 AND (m.ver > ?3 OR c.ver > ?3)",
            )?
            .query_map(params![no, after, int(since)], id)?
            .collect::<Result<_>>()?,
        None => view
            .sql()?
            .prepare_cached(
                "SELECT m.conversation
                 FROM memberships m JOIN conversations c ON c.id = m.conversation
                 WHERE m.user = ?1 AND m.conversation > ?2 AND c.head > m.hidden_seq",
            )?
            .query_map(params![no, after], id)?
            .collect::<Result<_>>()?,
    };
    if query.agent {
        let desks = view
            .sql()?
            .prepare_cached("SELECT id FROM conversations WHERE kind = 2 AND ver > ?1 AND id > ?2")?
            .query_map(params![int(query.since.unwrap_or(0)), after], id)?
            .collect::<Result<Vec<_>>>()?;
        found.extend(desks);
    }
    // What the tail touched is looked at in any case.
    view.each_layer(|layer| {
        let desks = if query.agent { layer.desks() } else { &[] };
        let touched = layer.list_of(no).iter().chain(desks);
        found.extend(touched.filter(|id| id.to_i64() > after));
    });
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// A conversation's entry and what was missed; `None` when it did not change for this user.
fn missed(view: &View<'_>, query: &ResumeQuery, id: ConversationId) -> Result<Option<Missed>> {
    let opened = history::open(view, &query.user, query.agent, id)?;
    let Some((conversation, viewer)) = opened else { return Ok(None) };
    let (first, hidden) = match query.since {
        None if viewer.private.visible(conversation.head) => (1, Vec::new()),
        None => return Ok(None),
        Some(since) => {
            if conversation.ver.max(viewer.private.ver) <= since {
                return Ok(None);
            }
            let first = first_after(view, &conversation, since)?;
            (first, hidden_after(view, &conversation, &viewer, since, first)?)
        }
    };
    let entry = inbox::make_entry(view, &query.user, &conversation, &viewer)?;
    let head = conversation.head;
    let shown_max = if query.since.is_some() { MISSED_MAX } else { 1 };
    // Nothing at or below the deleted part is sent: the entry says where that ends.
    let first = first.max(viewer.private.shown.cleared_seq + 1);
    let from = first.max((head + 1).saturating_sub(shown_max));
    let (from, _) = history::fit(view, &conversation, from, head, history::End::Newest)?;
    let newest = match from <= head {
        true => history::places(view, &conversation, &viewer, from, head)?,
        false => Vec::new(),
    };
    let hole = (first < from && from <= head).then(|| (first, from - 1));
    let mut missed = Missed { entry, items: hidden, hole, changes_after: None };
    if let Some(since) = query.since.filter(|_| conversation.rev > 0) {
        let room = PAGE_BYTES_MAX
            - newest.iter().map(revisions::weight).sum::<usize>().min(PAGE_BYTES_MAX);
        add_changed(view, (&conversation, &viewer), &mut missed, (since, first), room)?;
    }
    missed.items.extend(newest);
    Ok(Some(missed))
}

/// Adds older places that changed for everyone after a position, the newest of them if these are
/// too many. They stand in the order of their seq, with those that the user hid.
fn add_changed(
    view: &View<'_>,
    (conversation, viewer): (&Conversation, &Viewer),
    missed: &mut Missed,
    (since, first): (Position, Seq),
    room: usize,
) -> Result<()> {
    let range = (viewer.private.shown.cleared_seq, first);
    let most = usize::try_from(MISSED_MAX).unwrap_or(usize::MAX);
    let older = revisions::changed_after(view, conversation, since, range, most)?;
    let mut places: BTreeMap<Seq, Item> = BTreeMap::new();
    for item in missed.items.drain(..) {
        if let Item::Gone { from, .. } = &item {
            places.insert(*from, item);
        }
    }
    let mut bytes = 0;
    for (index, seq) in older.seqs.into_iter().enumerate() {
        let found = history::places(view, conversation, viewer, seq, seq)?;
        bytes += found.iter().map(revisions::weight).sum::<usize>();
        if index >= most || bytes > room {
            missed.changes_after = Some(older.seen_rev);
            break;
        }
        places.extend(found.into_iter().map(|item| (seq, item)));
    }
    missed.items = places.into_values().collect();
    Ok(())
}

/// The first seq that was stored after a position; head + 1 when there is none. Positions rise
/// with seq inside a conversation, so halving finds it.
fn first_after(view: &View<'_>, conversation: &Conversation, since: Position) -> Result<Seq> {
    let (mut low, mut high) = (1, conversation.head + 1);
    // Most often little was missed: look near the head first.
    let near = conversation.head.saturating_sub(MISSED_MAX);
    if near >= low && ver_of(view, conversation, near)? <= since {
        low = near + 1;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if ver_of(view, conversation, middle)? > since {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

fn ver_of(view: &View<'_>, conversation: &Conversation, seq: Seq) -> Result<Position> {
    let found = view.sender_and_ver(conversation.id, seq)?;
    Ok(found.map_or(0, |(_, ver)| ver))
}

/// Older messages that the user hid on another device meanwhile, newest ones.
fn hidden_after(
    view: &View<'_>,
    conversation: &Conversation,
    viewer: &Viewer,
    since: Position,
    before: Seq,
) -> Result<Vec<Item>> {
    if viewer.private.hides == 0 || viewer.private.ver <= since {
        return Ok(Vec::new());
    }
    let (id, no) = (conversation.id, viewer.no);
    let cleared = viewer.private.shown.cleared_seq;
    let mut newest: Vec<Seq> = view
        .sql()?
        .prepare_cached(
            "SELECT seq FROM hidden WHERE user = ?1 AND conversation = ?2 AND ver > ?3
             AND seq < ?4 AND seq > ?5 ORDER BY seq DESC LIMIT ?6",
        )?
        .query_map(
            params![no, id.to_i64(), int(since), int(before), int(cleared), int(MISSED_MAX)],
            |row| uint(row, 0),
        )?
        .collect::<Result<_>>()?;
    view.parts(id, |part| {
        let here = part.hidden.iter().filter(|row| row.no == no && row.ver > since);
        newest.extend(here.map(|row| row.seq).filter(|seq| (cleared + 1..before).contains(seq)));
    });
    newest.sort_unstable();
    newest.dedup();
    let older = newest.len().saturating_sub(usize::try_from(MISSED_MAX).unwrap_or(usize::MAX));
    let gone = |seq: &Seq| Item::Gone { from: *seq, to: *seq, why: Gone::Deleted };
    Ok(newest[older..].iter().map(gone).collect())
}
