//! Reads of the in-memory store.

use std::{collections::BTreeSet, ops::RangeInclusive};

use magpie_core::{
    model::{
        ChangesPage, Entry, Gone, HistoryPage, InboxMark, InboxPage, Item, Message, Missed,
        Position, ResumeMark, ResumePage, Unread, UnreadWhy,
    },
    port::store::{MESSAGE_BYTES, PAGE_BYTES_MAX, ResumeQuery},
};
use magpie_proto::{ConversationId, Seq, UserId, client::Edge};

use super::data::{Conversation, Data};

const MISSED_MAX: u64 = 50;
const PLACES_MAX: u64 = 200;
const ENTRY_BYTES: usize = 256;

pub(crate) fn find<'a>(
    data: &'a Data,
    user: &UserId,
    agent: bool,
    id: ConversationId,
) -> Option<&'a Conversation> {
    let known = data.users.contains_key(user);
    data.conversations.get(&id).filter(|c| known && c.admits(user, agent))
}

pub(crate) fn entry(data: &Data, user: &UserId, conversation: &Conversation) -> Entry {
    let side = conversation.side(user);
    let peer = match conversation.peer_of(user) {
        Some(peer) => Some(peer),
        None => conversation.members.first().filter(|visitor| *visitor != user),
    };
    let alone = conversation.is_direct() && conversation.members.len() == 1;
    let others = || conversation.sides.iter().filter(|(id, _)| alone || *id != user);
    let visible = |m: &&Message| {
        m.seq > side.shown.cleared_seq
            && !side.hidden.contains_key(&m.seq)
            && !conversation.recalled.contains(&m.seq)
    };
    Entry {
        conversation: conversation.id,
        peer: peer.and_then(|id| data.users.get(id)).cloned(),
        head: conversation.head(),
        rev: conversation.rev(),
        head_ms: conversation.messages.last().map_or(0, |(m, _)| m.sent_ms),
        unread: conversation.unread(user),
        membership: side.shown,
        last: conversation.messages.iter().rev().map(|(m, _)| m).find(visible).cloned(),
        peer_delivered_seq: others().map(|(_, s)| s.delivered_seq).max().unwrap_or(0),
        peer_read_seq: others().map(|(_, s)| s.shown.read_seq).max().unwrap_or(0),
        delivered_seq: side.delivered_seq,
        draft: side.draft.clone(),
    }
}

pub(crate) fn inbox(
    data: &Data,
    user: &UserId,
    agent: bool,
    after: Option<InboxMark>,
    limit: u32,
) -> InboxPage {
    let key = |e: &Entry| (e.membership.pinned, e.head_ms, e.conversation);
    let mine = data.conversations.keys().filter_map(|id| find(data, user, agent, *id));
    let mut entries: Vec<Entry> =
        mine.map(|c| entry(data, user, c)).filter(Entry::visible).collect();
    entries.sort_by_key(|e| std::cmp::Reverse(key(e)));
    if let Some(mark) = after {
        entries.retain(|e| key(e) < (mark.pinned, mark.head_ms, mark.conversation));
    }
    let limit = limit.max(1) as usize;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let last = entries.last().filter(|_| more).map(key);
    let next =
        last.map(|(pinned, head_ms, conversation)| InboxMark { pinned, head_ms, conversation });
    InboxPage { entries, next }
}

/// Every place of a range, both ends included.
fn places(conversation: &Conversation, user: &UserId, from: Seq, to: Seq) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for seq in from..=to {
        match (place(conversation, user, seq), items.last_mut()) {
            (Some(Item::Gone { why, .. }), Some(Item::Gone { to, why: before, .. }))
                if *before == why =>
            {
                *to = seq;
            }
            (item, _) => items.extend(item),
        }
    }
    items
}

/// One place.
pub(crate) fn place(conversation: &Conversation, user: &UserId, seq: Seq) -> Option<Item> {
    let side = conversation.side(user);
    let message = conversation.message(seq)?;
    let gone = |why| Some(Item::Gone { from: seq, to: seq, why });
    if seq <= side.shown.cleared_seq || side.hidden.contains_key(&seq) {
        gone(Gone::Deleted)
    } else if conversation.recalled.contains(&seq) {
        gone(Gone::Recalled(message.sender.clone()))
    } else {
        Some(Item::Message(message.clone()))
    }
}

fn weight(item: &Item) -> usize {
    match item {
        Item::Message(message) => message.body.as_bytes().len() + MESSAGE_BYTES,
        Item::Gone { .. } => 0,
    }
}

pub(crate) fn changes(c: &Conversation, user: &UserId, after: u64, limit: u32) -> ChangesPage {
    let mut page = ChangesPage { items: Vec::new(), rev: c.rev(), more: false };
    let (mut covered, mut bytes) = (after, 0);
    for (rev, seq, _) in c.last_changes().into_iter().filter(|(rev, ..)| *rev > after) {
        let Some(item) = place(c, user, seq) else { continue };
        bytes += weight(&item);
        let full = page.items.len() >= limit.max(1) as usize || bytes > PAGE_BYTES_MAX;
        if full && !page.items.is_empty() {
            (page.rev, page.more) = (covered, true);
            break;
        }
        page.items.push(item);
        covered = rev;
    }
    page
}

pub(crate) fn history(c: &Conversation, user: &UserId, edge: Edge, limit: u32) -> HistoryPage {
    let (head, limit) = (c.head(), u64::from(limit.max(1)));
    let cleared = c.side(user).shown.cleared_seq;
    let (from, to, more) = match edge {
        Edge::After(seq) => {
            let from = seq.saturating_add(1);
            let to = from.max(cleared + 1).saturating_add(limit - 1).min(head);
            let (_, to) = fit(c, from.max(cleared + 1)..=to, false);
            (from, to, to < head)
        }
        Edge::Newest => older(c, head, limit, cleared),
        Edge::Before(seq) => older(c, seq.saturating_sub(1).min(head), limit, cleared),
    };
    HistoryPage { items: places(c, user, from, to), head, more }
}

fn older(c: &Conversation, to: Seq, limit: u64, cleared: Seq) -> (Seq, Seq, bool) {
    let from = (to + 1).saturating_sub(limit).max(cleared + 1);
    let (from, _) = fit(c, from..=to, true);
    if from <= cleared + 1 { (1, to, false) } else { (from, to, from > 1) }
}

/// The part of a range whose messages fit a page, filled from the newest or the oldest.
fn fit(c: &Conversation, range: RangeInclusive<Seq>, newest: bool) -> (Seq, Seq) {
    let (from, to) = (*range.start(), *range.end());
    let mut seqs: Vec<Seq> = range.filter(|seq| c.message(*seq).is_some()).collect();
    if newest {
        seqs.reverse();
    }
    let mut bytes = 0;
    for (index, seq) in seqs.into_iter().enumerate() {
        bytes += MESSAGE_BYTES + c.message(seq).map_or(0, |m| m.body.as_bytes().len());
        if bytes > PAGE_BYTES_MAX && index > 0 {
            return if newest { (seq + 1, to) } else { (from, seq - 1) };
        }
    }
    (from, to)
}

pub(crate) fn unread(conversation: &Conversation, user: &UserId) -> Unread {
    let (side, head) = (conversation.side(user), conversation.head());
    let from = side.floor().max(head.saturating_sub(PLACES_MAX));
    let why = |m: &Message| {
        if m.sender == *user {
            UnreadWhy::Own
        } else if conversation.recalled.contains(&m.seq) {
            UnreadWhy::Void
        } else if side.hidden.contains_key(&m.seq) {
            UnreadWhy::Hidden
        } else {
            UnreadWhy::Counts
        }
    };
    let above = conversation.messages.iter().map(|(m, _)| m).filter(|m| m.seq > from);
    Unread {
        count: conversation.unread(user),
        floor: side.floor(),
        head,
        places: above.map(|m| (m.seq, why(m))).collect(),
    }
}

pub(crate) fn undelivered(data: &Data, user: &UserId, limit: u32) -> Vec<Message> {
    let mut found = Vec::new();
    let mine = data.conversations.values().filter(|c| c.is_direct() && c.members.contains(user));
    for conversation in mine {
        let side = conversation.side(user);
        let floor = side.delivered_seq.max(side.shown.cleared_seq);
        found.extend(conversation.messages.iter().filter(|(m, _)| {
            m.seq > floor
                && m.sender != *user
                && !side.hidden.contains_key(&m.seq)
                && !conversation.recalled.contains(&m.seq)
        }));
    }
    found.sort_by_key(|(m, position)| (m.sent_ms, *position));
    found.into_iter().take(limit as usize).map(|(m, _)| m).cloned().collect()
}

pub(crate) fn resume(data: &Data, query: &ResumeQuery) -> ResumePage {
    let mut page = ResumePage { position: data.position, changed: Vec::new(), next: None };
    let after = query.mark.map_or(-1, |mark| mark.0);
    let mut bytes = 0;
    for id in data.conversations.keys().filter(|id| id.to_i64() > after) {
        let Some(conversation) = find(data, &query.user, query.agent, *id) else { continue };
        let Some(missed) = missed(data, query, conversation) else { continue };
        if bytes >= query.budget_bytes && !page.changed.is_empty() {
            page.next = page.changed.last().map(|m| ResumeMark(m.entry.conversation.to_i64()));
            break;
        }
        let body = |item: &Item| match item {
            Item::Message(message) => message.body.as_bytes().len() + ENTRY_BYTES,
            Item::Gone { .. } => 32,
        };
        bytes += ENTRY_BYTES + missed.items.iter().map(body).sum::<usize>();
        page.changed.push(missed);
    }
    page
}

fn missed(data: &Data, query: &ResumeQuery, conversation: &Conversation) -> Option<Missed> {
    let side = conversation.side(&query.user);
    let entry = entry(data, &query.user, conversation);
    let head = conversation.head();
    let (first, shown_max) = match query.since {
        None if entry.visible() => (1, 1),
        None => return None,
        Some(since) if conversation.ver.max(side.ver) <= since => return None,
        Some(since) => {
            let older = conversation.messages.iter().filter(|(_, ver)| *ver <= since);
            (older.count() as u64 + 1, MISSED_MAX)
        }
    };
    let newly_hidden = |(seq, ver): (&Seq, &u64)| {
        let new = query.since.is_some_and(|since| *ver > since);
        (new && *seq < first && *seq > side.shown.cleared_seq).then_some(*seq)
    };
    let mut hidden: Vec<Seq> =
        side.hidden.iter().rev().filter_map(newly_hidden).take(MISSED_MAX as usize).collect();
    hidden.reverse();
    let first = first.max(side.shown.cleared_seq + 1);
    let from = first.max((head + 1).saturating_sub(shown_max));
    let (from, _) = fit(conversation, from..=head, true);
    let newest = places(conversation, &query.user, from, head);
    let room = PAGE_BYTES_MAX - newest.iter().map(weight).sum::<usize>().min(PAGE_BYTES_MAX);
    let (changed, changes_after) = match query.since {
        Some(since) => changed_after(conversation, &query.user, since, first, room),
        None => (Vec::new(), None),
    };
    let older: BTreeSet<Seq> = hidden.into_iter().chain(changed).collect();
    let older = older.into_iter().filter_map(|seq| place(conversation, &query.user, seq));
    let items = older.chain(newest).collect();
    let hole = (first < from && from <= head).then(|| (first, from - 1));
    Some(Missed { entry, items, hole, changes_after })
}

/// Places below `first` that changed for everyone, the newest ones, and where to go on.
fn changed_after(
    c: &Conversation,
    user: &UserId,
    since: Position,
    first: Seq,
    room: usize,
) -> (Vec<Seq>, Option<u64>) {
    let cleared = c.side(user).shown.cleared_seq;
    let (mut seqs, mut bytes) = (Vec::new(), 0);
    let all = c.last_changes();
    let seen_rev = all.iter().filter(|(_, _, ver)| *ver <= since).map(|(rev, ..)| *rev).max();
    for (_, seq, ver) in all.into_iter().rev() {
        if ver <= since || seq <= cleared || seq >= first {
            continue;
        }
        bytes += place(c, user, seq).map_or(0, |item| weight(&item));
        if seqs.len() as u64 >= MISSED_MAX || bytes > room {
            return (seqs, Some(seen_rev.unwrap_or(0)));
        }
        seqs.push(seq);
    }
    (seqs, None)
}
