//! Recall, edit, reactions and drafts of the in-memory store.

use magpie_core::{
    Message,
    model::{Draft, Gone, Item, Reaction, Revised, Revision, RevisionKind},
    port::store::{Alteration, Outcome, REACTIONS_MAX, Rejection, Revise, WriteResult},
};
use magpie_proto::{Body, ConversationId, UserId};

use super::{
    apply::place,
    data::{Conversation, Data},
};

pub(crate) fn revise(data: &mut Data, op: Revise) -> WriteResult {
    let (id, seq) = (op.conversation, op.seq);
    let (known, agent) = (data.users.contains_key(&op.by), data.is_agent(&op.by));
    let Some(conversation) = data.conversations.get(&id) else {
        return Err(Rejection::UnknownConversation);
    };
    if op.guarded && !(known && conversation.admits(&op.by, agent)) {
        return Err(Rejection::UnknownConversation);
    }
    let Some(message) = conversation.message(seq).cloned() else {
        return Err(Rejection::UnknownMessage);
    };
    let side = conversation.side(&op.by);
    if op.guarded && (seq <= side.shown.cleared_seq || side.hidden.contains_key(&seq)) {
        return Err(Rejection::UnknownMessage);
    }
    let members = conversation.audience();
    if conversation.recalled.contains(&seq) {
        return match op.what {
            Alteration::Recall => Ok(Outcome::Revised { revised: None, members }),
            _ => Err(Rejection::Recalled),
        };
    }
    if !matches!(op.what, Alteration::React { .. }) {
        if op.guarded && message.sender != op.by {
            return Err(Rejection::NotTheSender);
        }
        let late = |window_ms: &u64| op.at_ms > message.sent_ms + window_ms;
        if let Some(window_ms) = op.window_ms.filter(late) {
            return Err(Rejection::TooLate { window_ms });
        }
    } else if !known {
        return Err(Rejection::UnknownUser(op.by));
    }
    let says = op.guarded && !matches!(op.what, Alteration::Recall);
    let peer = conversation.peer_of(&op.by).filter(|_| says);
    if peer.is_some_and(|peer| data.blocks.contains(&(peer.clone(), op.by.clone()))) {
        return Err(Rejection::Blocked);
    }
    let Some((kind, altered)) = altered(conversation, message, &op)? else {
        return Ok(Outcome::Revised { revised: None, members });
    };
    let item = match kind {
        RevisionKind::Recall => {
            release(data, id, op.seq, op.at_ms);
            Item::Gone { from: seq, to: seq, why: Gone::Recalled(altered.sender.clone()) }
        }
        _ => Item::Message(altered.clone()),
    };
    let ver = data.next_position();
    let Some(conversation) = data.conversations.get_mut(&id) else {
        return Err(Rejection::UnknownConversation);
    };
    conversation.changes.push((seq, ver));
    conversation.ver = ver;
    if kind == RevisionKind::Recall {
        conversation.recalled.insert(seq);
    }
    if let Some((stored, _)) =
        usize::try_from(seq - 1).ok().and_then(|i| conversation.messages.get_mut(i))
    {
        *stored = altered;
    }
    let (rev, by, at_ms) = (conversation.rev(), op.by, op.at_ms);
    let revised = Revised { conversation: id, rev, seq, kind, by, at_ms, item };
    Ok(Outcome::Revised { revised: Some(Box::new(revised)), members })
}

/// The message as it is afterwards; `None` when it is so already.
fn altered(
    conversation: &Conversation,
    mut message: Message,
    op: &Revise,
) -> Result<Option<(RevisionKind, Message)>, Rejection> {
    let mut revision = message.revision.take().unwrap_or_default();
    revision.rev = conversation.rev() + 1;
    let kind = match &op.what {
        Alteration::Recall => {
            message.body = Body::from_stored(Vec::new().into());
            *revision = Revision { rev: revision.rev, ..Revision::default() };
            RevisionKind::Recall
        }
        Alteration::Edit(body) => {
            let body = message.body.edited(body).map_err(|_why| Rejection::NotEditable)?;
            if same_json(body.as_json(), message.body.as_json()) {
                return Ok(None);
            }
            message.body = body;
            revision.edited_ms = Some(op.at_ms);
            RevisionKind::Edit
        }
        Alteration::React { emoji, on } => {
            if !react(&mut revision, &op.by, emoji, *on)? {
                return Ok(None);
            }
            RevisionKind::React
        }
    };
    message.revision = Some(revision);
    Ok(Some((kind, message)))
}

fn react(revision: &mut Revision, by: &UserId, emoji: &str, on: bool) -> Result<bool, Rejection> {
    let reactions = &mut revision.reactions;
    let place = reactions.iter().position(|reaction| *reaction.emoji == *emoji);
    match (place, on) {
        (Some(place), true) if !reactions[place].users.contains(by) => {
            reactions[place].users.push(by.clone());
        }
        (Some(place), false) if reactions[place].users.contains(by) => {
            reactions[place].users.retain(|user| user != by);
            reactions.retain(|reaction| !reaction.users.is_empty());
        }
        (None, true) if reactions.len() >= REACTIONS_MAX => {
            return Err(Rejection::TooManyReactions { limit: REACTIONS_MAX });
        }
        (None, true) => {
            reactions.push(Reaction { emoji: emoji.into(), users: vec![by.clone()] });
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Whether two texts are the same JSON value.
pub(crate) fn same_json(one: &str, other: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    value(one).is_some() && value(one) == value(other)
}

fn release(data: &mut Data, conversation: ConversationId, seq: u64, at_ms: u64) {
    let held: Vec<_> =
        data.refs.iter().filter(|r| (r.1, r.2) == (conversation, seq)).copied().collect();
    for reference in held {
        data.refs.remove(&reference);
        let unused = data.upload(reference.0).is_some_and(|media| media.uses == 0 && !media.public);
        if let Some(media) = data.media.get_mut(&reference.0).filter(|_| unused) {
            media.free_after_ms = at_ms;
        }
    }
}

pub(crate) fn draft(
    data: &mut Data,
    user: UserId,
    id: ConversationId,
    draft: Option<Box<Draft>>,
    at_ms: u64,
) -> WriteResult {
    let ver = data.position + 1;
    let side = place(data, &user, id)?.side_mut(&user);
    let moved = side.draft != draft;
    if moved {
        (side.draft, side.ver) = (draft.clone(), ver);
        data.position = ver;
    }
    Ok(Outcome::Draft { user, conversation: id, draft, at_ms })
}
