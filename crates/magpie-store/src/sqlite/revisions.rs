//! What became of messages after they were stored: bodies, changes, reactions, as of a view.
//! Read only of conversations whose `rev` is above 0; the others do not pay for it.

use std::collections::BTreeMap;

use magpie_core::{
    model::{ChangesPage, Item, Message, Position, Reaction, Revision, RevisionKind},
    port::store::{MESSAGE_BYTES, PAGE_BYTES_MAX},
};
use magpie_proto::{Body, ConversationId, Seq};
use rusqlite::{Result, Row, params};

use super::{
    conversations::Conversation,
    history,
    row::{int, uint, user_id},
    unread::Viewer,
    view::View,
};
use crate::effect::{ChangeRow, ReactionRow, UserNo};

const CHANGE: &str = "seq, rev, ver, kind, by, at_ms, edited_ms";

fn change(row: &Row<'_>, conversation: ConversationId) -> Result<ChangeRow> {
    Ok(ChangeRow {
        conversation,
        seq: uint(row, 0)?,
        rev: uint(row, 1)?,
        ver: uint(row, 2)?,
        kind: match row.get(3)? {
            0 => RevisionKind::Recall,
            1 => RevisionKind::Edit,
            _ => RevisionKind::React,
        },
        by: row.get(4)?,
        at_ms: uint(row, 5)?,
        edited_ms: row.get::<_, Option<i64>>(6)?.map(i64::cast_unsigned),
    })
}

/// The last change of each changed place of a range.
pub(crate) fn changes_in(
    view: &View<'_>,
    id: ConversationId,
    from: Seq,
    to: Seq,
) -> Result<BTreeMap<Seq, ChangeRow>> {
    let mut changes: BTreeMap<Seq, ChangeRow> = view
        .sql()?
        .prepare_cached(&format!(
            "SELECT {CHANGE} FROM changes WHERE conversation = ?1 AND seq BETWEEN ?2 AND ?3"
        ))?
        .query_map(params![id.to_i64(), int(from), int(to)], |row| {
            change(row, id).map(|row| (row.seq, row))
        })?
        .collect::<Result<_>>()?;
    let mut newer = BTreeMap::new();
    view.rare(id, |rare| {
        for (seq, row) in rare.changes.range(from..=to) {
            newer.entry(*seq).or_insert(*row);
        }
    });
    changes.append(&mut newer);
    Ok(changes)
}

/// Whether a message has another body than it was sent with, or none: then what it is now says
/// nothing about what was sent.
pub(crate) fn has_other_body(view: &View<'_>, id: ConversationId, seq: Seq) -> Result<bool> {
    let change = changes_in(view, id, seq, seq)?.remove(&seq);
    Ok(change.is_some_and(|row| row.kind == RevisionKind::Recall || row.edited_ms.is_some()))
}

/// Every changed place that the tail knows.
fn tail_changes(view: &View<'_>, id: ConversationId) -> BTreeMap<Seq, ChangeRow> {
    let mut newest = BTreeMap::new();
    view.rare(id, |rare| {
        for (seq, row) in &rare.changes {
            newest.entry(*seq).or_insert(*row);
        }
    });
    newest
}

/// Messages of a range as they are now. No message is given a rev above `rev_max`, that of the
/// conversation as it was read before: what it says may be newer than its rev, never older, for a
/// reader's layers and snapshot are not of one moment.
pub(crate) fn decorate(
    view: &View<'_>,
    (id, rev_max): (ConversationId, u64),
    (from, to): (Seq, Seq),
    messages: &mut [Message],
) -> Result<()> {
    let mut changes = changes_in(view, id, from, to)?;
    changes.retain(|_, change| change.rev <= rev_max);
    if changes.is_empty() {
        return Ok(());
    }
    let bodies = newer_bodies(view, id, from, to);
    let mut reactions = reactions_in(view, id, from, to)?;
    for message in messages {
        let Some(change) = changes.get(&message.seq) else { continue };
        if let Some(body) = bodies.get(&message.seq) {
            message.body = body.clone();
        }
        let reactions = reactions.remove(&message.seq).map(grouped).unwrap_or_default();
        let (rev, edited_ms) = (change.rev, change.edited_ms);
        message.revision = Some(Box::new(Revision { rev, edited_ms, reactions }));
    }
    Ok(())
}

/// Bodies that are newer than those of the messages.
pub(crate) fn newer_bodies(
    view: &View<'_>,
    id: ConversationId,
    from: Seq,
    to: Seq,
) -> BTreeMap<Seq, Body> {
    let mut bodies = BTreeMap::new();
    view.rare(id, |rare| {
        for (seq, body) in rare.bodies.range(from..=to) {
            bodies.entry(*seq).or_insert_with(|| body.clone());
        }
    });
    bodies
}

/// Reactions of each message of a range, in no order.
pub(crate) fn reactions_in(
    view: &View<'_>,
    id: ConversationId,
    from: Seq,
    to: Seq,
) -> Result<BTreeMap<Seq, Vec<ReactionRow>>> {
    type Key = (Seq, Box<str>, UserNo);
    let key = |row: &ReactionRow| -> Key { (row.seq, row.emoji.clone(), row.no) };
    let mut rows: BTreeMap<Key, ReactionRow> = view
        .sql()?
        .prepare_cached(
            "SELECT r.seq, r.emoji, r.user, u.id, r.rev, r.first_rev
             FROM reactions r JOIN users u ON u.no = r.user
             WHERE r.conversation = ?1 AND r.seq BETWEEN ?2 AND ?3",
        )?
        .query_map(params![id.to_i64(), int(from), int(to)], |row| {
            let row = ReactionRow {
                conversation: id,
                seq: uint(row, 0)?,
                emoji: row.get(1)?,
                no: row.get(2)?,
                id: user_id(row, 3)?,
                on: true,
                rev: uint(row, 4)?,
                first_rev: uint(row, 5)?,
            };
            Ok((key(&row), row))
        })?
        .collect::<Result<_>>()?;
    let mut newer: BTreeMap<Key, ReactionRow> = BTreeMap::new();
    view.rare(id, |rare| {
        let before = |seq: Seq| -> Key { (seq, Box::default(), UserNo::MIN) };
        for row in rare.reactions.range(before(from)..before(to.saturating_add(1))).map(|(_, r)| r)
        {
            newer.entry(key(row)).or_insert_with(|| row.clone());
        }
    });
    rows.append(&mut newer);
    let mut by_seq: BTreeMap<Seq, Vec<ReactionRow>> = BTreeMap::new();
    for row in rows.into_values().filter(|row| row.on) {
        by_seq.entry(row.seq).or_default().push(row);
    }
    Ok(by_seq)
}

/// Emoji in the order of first use, users in the order in which they came.
fn grouped(mut rows: Vec<ReactionRow>) -> Vec<Reaction> {
    rows.sort_unstable_by_key(|row| (row.first_rev, row.rev));
    let mut reactions: Vec<Reaction> = Vec::new();
    for row in rows {
        match reactions.last_mut() {
            Some(last) if last.emoji == row.emoji => last.users.push(row.id),
            _ => reactions.push(Reaction { emoji: row.emoji, users: vec![row.id] }),
        }
    }
    reactions
}

/// For the writer: one message as everyone sees it who has not hidden it.
pub(crate) fn message(view: &View<'_>, id: ConversationId, seq: Seq) -> Result<Option<Message>> {
    let mut found = view.messages(id, seq, seq)?;
    decorate(view, (id, u64::MAX), (seq, seq), &mut found)?;
    Ok(found.pop())
}

/// Places that changed after a rev, by the rev of their last change.
pub(crate) fn page(
    view: &View<'_>,
    conversation: &Conversation,
    viewer: &Viewer,
    after: u64,
    limit: u32,
) -> Result<ChangesPage> {
    let (id, limit) = (conversation.id, usize::try_from(limit.max(1)).unwrap_or(usize::MAX));
    let done = ChangesPage { items: Vec::new(), rev: conversation.rev, more: false };
    if after >= conversation.rev {
        return Ok(done);
    }
    let newer = tail_changes(view, id);
    // What the tail has changed again comes later: SQLite's rows of it are left out.
    let enough = limit.saturating_add(newer.len()).saturating_add(1);
    let mut places: Vec<(u64, Seq)> = view
        .sql()?
        .prepare_cached(
            "SELECT rev, seq FROM changes WHERE conversation = ?1 AND rev > ?2
             ORDER BY rev LIMIT ?3",
        )?
        .query_map(params![id.to_i64(), int(after), int(enough as u64)], |row| {
            Ok((uint(row, 0)?, uint(row, 1)?))
        })?
        .collect::<Result<_>>()?;
    places.retain(|(_, seq)| !newer.contains_key(seq));
    places.extend(newer.values().filter(|row| row.rev > after).map(|row| (row.rev, row.seq)));
    places.retain(|(rev, _)| *rev <= conversation.rev);
    places.sort_unstable();
    let mut page = done;
    let mut bytes = 0;
    for (index, (rev, seq)) in places.into_iter().enumerate() {
        let items = history::places(view, conversation, viewer, seq, seq)?;
        bytes += items.iter().map(weight).sum::<usize>();
        if index > 0 && (index >= limit || bytes > PAGE_BYTES_MAX) {
            page.more = true;
            return Ok(page);
        }
        page.items.extend(items);
        page.rev = rev;
    }
    page.rev = conversation.rev;
    Ok(page)
}

/// What an item takes of a page's bytes.
pub(crate) fn weight(item: &Item) -> usize {
    match item {
        Item::Message(message) => message.body.as_bytes().len() + MESSAGE_BYTES,
        Item::Gone { .. } => 0,
    }
}

/// What a device has to learn of older messages.
#[derive(Debug, Default)]
pub(crate) struct Older {
    /// Places that changed for everyone, the last change first.
    pub(crate) seqs: Vec<Seq>,
    /// A rev that the device has seen: what changed after it is `seqs`, if that is all.
    pub(crate) seen_rev: u64,
}

/// Places of a range that changed after a position. At most `len_max` and one.
pub(crate) fn changed_after(
    view: &View<'_>,
    conversation: &Conversation,
    since: Position,
    (above, below): (Seq, Seq),
    len_max: usize,
) -> Result<Older> {
    let id = conversation.id;
    let mut older = Older::default();
    let newer = tail_changes(view, id);
    let mut rows: Vec<&ChangeRow> = newer.values().collect();
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.rev));
    let mut take = |seq: Seq, rev: u64, ver: Position| {
        let new = ver > since;
        if new && seq > above && seq < below && older.seqs.len() <= len_max {
            older.seqs.push(seq);
        } else if !new {
            older.seen_rev = older.seen_rev.max(rev);
        }
        new
    };
    for row in rows {
        take(row.seq, row.rev, row.ver);
    }
    let mut statement = view.sql()?.prepare_cached(
        "SELECT seq, rev, ver FROM changes WHERE conversation = ?1 ORDER BY rev DESC",
    )?;
    let mut rows = statement.query([id.to_i64()])?;
    while let Some(row) = rows.next()? {
        let (seq, rev, ver) = (uint(row, 0)?, uint(row, 1)?, uint(row, 2)?);
        if newer.contains_key(&seq) {
            continue;
        }
        if !take(seq, rev, ver) {
            break;
        }
    }
    Ok(older)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use magpie_proto::UserId;
    use parking_lot::RwLock;
    use rusqlite::Connection;

    use super::*;
    use crate::{
        effect::{BodyRow, Effect, VoidRow},
        tail::{SharedLayer, Tail},
    };

    fn id() -> ConversationId {
        ConversationId::from_i64(5)
    }

    fn layer(tail: &Tail, effects: Vec<Effect>) -> SharedLayer {
        let mut layer = tail.new_layer();
        effects.into_iter().for_each(|effect| layer.insert(effect));
        Arc::new(RwLock::new(layer))
    }

    fn says(text: &str) -> Effect {
        Effect::Body(BodyRow { conversation: id(), seq: 1, body: Body::text(text) })
    }

    fn changed(rev: u64) -> Effect {
        Effect::Change(ChangeRow {
            conversation: id(),
            seq: 1,
            rev,
            ver: rev,
            kind: RevisionKind::Edit,
            by: 1,
            at_ms: rev,
            edited_ms: None,
        })
    }

    fn reacts(rev: u64, on: bool) -> Effect {
        let (emoji, first_rev) = ("x".into(), rev);
        Effect::Reaction(ReactionRow {
            conversation: id(),
            seq: 1,
            emoji,
            no: 1,
            id: UserId::parse("a").unwrap(),
            on,
            rev,
            first_rev,
        })
    }

    #[test]
    fn what_the_newest_layer_says_of_a_place_stands() {
        let conn = Connection::open_in_memory().unwrap();
        for step in super::super::migrate::STEPS {
            conn.execute_batch(step).unwrap();
        }
        let tail = Tail::new(0, 1 << 20);
        let older = layer(&tail, vec![says("old"), changed(1), reacts(1, true)]);
        let void = VoidRow { conversation: id(), seq: 2, sender: 1 };
        let newer = vec![says("new"), changed(2), reacts(2, false), Effect::Void(void)];
        let newer = layer(&tail, newer);
        let view = View::new(&conn, vec![newer, older]);
        let bodies = newer_bodies(&view, id(), 1, 1);
        assert_eq!(bodies.get(&1), Some(&Body::text("new")));
        assert!(newer_bodies(&view, id(), 2, 9).is_empty());
        let changes = changes_in(&view, id(), 1, 9).unwrap();
        assert_eq!(changes.get(&1).map(|change| change.rev), Some(2));
        assert!(reactions_in(&view, id(), 1, 9).unwrap().is_empty(), "taken away again");
        assert_eq!(tail_changes(&view, id()).len(), 1);
    }
}
