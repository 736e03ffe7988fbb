//! What a device without cursors still has to get: messages of others above the user's delivered
//! mark, of all his direct conversations.

use magpie_core::model::{Item, Message};
use magpie_proto::{ConversationId, ConversationKind, UserId};
use rusqlite::Result;

use super::{history, view::View};
use crate::effect::UserNo;

/// The oldest of them first, by time; those of one conversation in its own order.
pub(crate) fn list(view: &View<'_>, user: &UserId, limit: u32) -> Result<Vec<Message>> {
    let Some(no) = view.number(user)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for id in candidates(view, no)? {
        let mut latest_ms = 0;
        for message in of_conversation(view, user, id, limit)? {
            // Clocks may step back; the order of a conversation does not.
            latest_ms = message.sent_ms.max(latest_ms);
            found.push((latest_ms, message));
        }
    }
    found.sort_by_key(|(at_ms, message)| (*at_ms, message.conversation, message.seq));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found.into_iter().map(|(_, message)| message).collect())
}

/// Direct conversations in which something may be waiting.
fn candidates(view: &View<'_>, no: UserNo) -> Result<Vec<ConversationId>> {
    let mut ids: Vec<ConversationId> = view
        .sql()?
        .prepare_cached(
            "SELECT c.id FROM memberships p
             JOIN conversations c ON c.id = p.conversation AND c.kind = 0
             JOIN members r ON r.conversation = p.conversation AND r.user = p.user
             WHERE p.user = ?1 AND c.head > max(r.delivered_seq, p.cleared_seq)",
        )?
        .query_map([no], |row| row.get(0).map(ConversationId::from_i64))?
        .collect::<Result<_>>()?;
    view.each_layer(|layer| ids.extend(layer.list_of(no)));
    ids.retain(|id| id.kind() == ConversationKind::Direct);
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

fn of_conversation(
    view: &View<'_>,
    user: &UserId,
    id: ConversationId,
    limit: u32,
) -> Result<Vec<Message>> {
    let Some((conversation, viewer)) = history::open(view, user, false, id)? else {
        return Ok(Vec::new());
    };
    let delivered = conversation.index_of(user).map(|index| &conversation.members[index]);
    let floor = delivered.map_or(0, |m| m.delivered_seq).max(viewer.private.shown.cleared_seq);
    let mut found = Vec::new();
    let mut from = floor + 1;
    while from <= conversation.head && found.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
        let to = (from + u64::from(limit)).min(conversation.head);
        for item in history::places(view, &conversation, &viewer, from, to)? {
            if let Item::Message(message) = item
                && message.sender != *user
            {
                found.push(message);
            }
        }
        from = to + 1;
    }
    Ok(found)
}
