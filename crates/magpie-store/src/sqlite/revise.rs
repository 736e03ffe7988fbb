//! `Op::Revise`: recall, edit and reactions, decided at the store's serialization point. In this
//! order: member, the message is there for him, recalled, sender, window, block, kind.

use magpie_core::{
    model::{Gone, Item, Message, Revised, RevisionKind, Role},
    port::store::{Alteration, Outcome, REACTIONS_MAX, Rejection, Revise},
};
use magpie_proto::{Body, ConversationId, ConversationKind, Seq, UserId};
use rusqlite::Result;

use super::{
    conversations::Conversation,
    decide::Decided,
    media, memberships,
    recent::Change,
    revisions,
    state::State,
    unread,
    users::{self, KnownUser},
    view::View,
};
use crate::effect::{BodyRow, ChangeRow, Effect, ReactionRow, UserNo, VoidRow};

/// What an alteration did: nothing, when the message was so already.
type Altered = Result<Result<Option<RevisionKind>, Rejection>>;

pub(crate) fn revise(view: &View<'_>, state: &mut State, op: Revise) -> Decided {
    let by = users::find(view, state, &op.by)?;
    let Some(conversation) = state.conversation(view, op.conversation)? else {
        return Ok(Err(Rejection::UnknownConversation));
    };
    let members = conversation.audience();
    if let Some(rejection) = unseen(view, conversation, &op, by)? {
        return Ok(Err(rejection));
    }
    if unread::voids(view, conversation, op.seq, op.seq)?.contains_key(&op.seq) {
        return Ok(match op.what {
            Alteration::Recall => Ok(Outcome::Revised { revised: None, members }),
            Alteration::Edit(_) | Alteration::React { .. } => Err(Rejection::Recalled),
        });
    }
    let Some(message) = revisions::message(view, op.conversation, op.seq)? else {
        return Ok(Err(Rejection::UnknownMessage));
    };
    if let Some(rejection) = not_his(&op, &message) {
        return Ok(Err(rejection));
    }
    if is_blocked(view, state, &op)? {
        return Ok(Err(Rejection::Blocked));
    }
    let altered = match &op.what {
        Alteration::Recall => recall(view, state, &op, &message)?,
        Alteration::Edit(body) => edit(state, &message, body),
        Alteration::React { emoji, on } => react(view, state, (&op.by, by), &message, emoji, *on)?,
    };
    let kind = match altered {
        Ok(Some(kind)) => kind,
        Ok(None) => return Ok(Ok(Outcome::Revised { revised: None, members })),
        Err(rejection) => return Ok(Err(rejection)),
    };
    let rev = note(view, state, &op, by, &message, kind)?;
    let Revise { conversation, seq, by, at_ms, .. } = op;
    let item = match kind {
        RevisionKind::Recall => {
            Item::Gone { from: seq, to: seq, why: Gone::Recalled(message.sender) }
        }
        RevisionKind::Edit | RevisionKind::React => {
            let now = revisions::message(view, conversation, seq)?;
            now.map_or(Item::Gone { from: seq, to: seq, why: Gone::Expired }, Item::Message)
        }
    };
    let revised = Revised { conversation, rev, seq, kind, by, at_ms, item };
    Ok(Ok(Outcome::Revised { revised: Some(Box::new(revised)), members }))
}

/// Why the caller does not see the message, if he does not.
fn unseen(
    view: &View<'_>,
    conversation: &mut Conversation,
    op: &Revise,
    by: Option<KnownUser>,
) -> Result<Option<Rejection>> {
    let member = by.filter(|by| op.guarded && conversation.admits(&op.by, by.role == Role::Agent));
    if op.guarded && member.is_none() {
        return Ok(Some(Rejection::UnknownConversation));
    }
    if op.seq == 0 || op.seq > conversation.head {
        return Ok(Some(Rejection::UnknownMessage));
    }
    let Some(member) = member else { return Ok(None) };
    let private = match conversation.index_of(&op.by) {
        Some(index) => *conversation.private(view, index)?,
        None => memberships::load(view, member.no, conversation.id)?,
    };
    let gone = op.seq <= private.shown.cleared_seq
        || (private.hides > 0
            && unread::hidden(view, conversation.id, member.no, op.seq, op.seq)?
                .contains_key(&op.seq));
    Ok(gone.then_some(Rejection::UnknownMessage))
}

/// Whoever is blocked says nothing new to the one who blocked him, in an old message neither. He
/// may still take it back.
fn is_blocked(view: &View<'_>, state: &mut State, op: &Revise) -> Result<bool> {
    let says = op.guarded && !matches!(op.what, Alteration::Recall);
    let Some(conversation) = state.conversation(view, op.conversation)?.filter(|_| says) else {
        return Ok(false);
    };
    let index = conversation.index_of(&op.by);
    let direct = index.filter(|_| conversation.kind() == ConversationKind::Direct);
    let Some(index) = direct else { return Ok(false) };
    let by = conversation.members[index].no;
    let Some(peer) = conversation.peer_of(index).map(|peer| peer.no) else { return Ok(false) };
    users::blocks(view, state, peer, by)
}

/// Recall and edit are the sender's, and only for a while.
fn not_his(op: &Revise, message: &Message) -> Option<Rejection> {
    if matches!(op.what, Alteration::React { .. }) {
        return None;
    }
    if op.guarded && message.sender != op.by {
        return Some(Rejection::NotTheSender);
    }
    let late = |window_ms: &u64| op.at_ms > message.sent_ms.saturating_add(*window_ms);
    op.window_ms.filter(late).map(|window_ms| Rejection::TooLate { window_ms })
}

/// The body goes, the place stays, and with it the idempotency key.
fn recall(view: &View<'_>, state: &mut State, op: &Revise, message: &Message) -> Altered {
    let (conversation, seq) = (message.conversation, message.seq);
    let sender = view.sender_and_ver(conversation, seq)?.map_or(0, |(sender, _)| sender);
    let reactions = revisions::reactions_in(view, conversation, seq, seq)?;
    for row in reactions.into_values().flatten() {
        state.effect(Effect::Reaction(ReactionRow { on: false, ..row }));
    }
    media::release(view, state, conversation, seq, op.at_ms)?;
    let body = Body::from_stored(bytes::Bytes::new());
    state.effect(Effect::Body(BodyRow { conversation, seq, body }));
    state.effect(Effect::Void(VoidRow { conversation, seq, sender }));
    if let Some(conversation) = state.conversation(view, conversation)? {
        conversation.voids += 1;
    }
    Ok(Ok(Some(RevisionKind::Recall)))
}

fn edit(
    state: &mut State,
    message: &Message,
    new: &Body,
) -> Result<Option<RevisionKind>, Rejection> {
    let Ok(body) = message.body.edited(new) else { return Err(Rejection::NotEditable) };
    if same_json(body.as_json(), message.body.as_json()) {
        return Ok(None);
    }
    let (conversation, seq) = (message.conversation, message.seq);
    state.effect(Effect::Body(BodyRow { conversation, seq, body }));
    Ok(Some(RevisionKind::Edit))
}

/// Whether two texts are the same JSON value, however it is written.
pub(crate) fn same_json(one: &str, other: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || value(one).is_some_and(|one| value(other) == Some(one))
}

fn react(
    view: &View<'_>,
    state: &mut State,
    (id, by): (&UserId, Option<KnownUser>),
    message: &Message,
    emoji: &str,
    on: bool,
) -> Altered {
    let Some(by) = by else { return Ok(Err(Rejection::UnknownUser(id.clone()))) };
    let (conversation, seq) = (message.conversation, message.seq);
    let rows = revisions::reactions_in(view, conversation, seq, seq)?.remove(&seq);
    let rows = rows.unwrap_or_default();
    let mine = rows.iter().find(|row| row.no == by.no && *row.emoji == *emoji);
    if mine.is_some() == on {
        return Ok(Ok(None));
    }
    if let Some(mine) = mine {
        state.effect(Effect::Reaction(ReactionRow { on: false, ..mine.clone() }));
        return Ok(Ok(Some(RevisionKind::React)));
    }
    let first_rev = rows.iter().find(|row| *row.emoji == *emoji).map(|row| row.first_rev);
    let reactions = message.revision.as_ref().map_or(0, |revision| revision.reactions.len());
    if first_rev.is_none() && reactions >= REACTIONS_MAX {
        return Ok(Err(Rejection::TooManyReactions { limit: REACTIONS_MAX }));
    }
    let rev = state.conversation(view, conversation)?.map_or(0, |c| c.rev) + 1;
    state.effect(Effect::Reaction(ReactionRow {
        conversation,
        seq,
        emoji: emoji.into(),
        no: by.no,
        id: id.clone(),
        on,
        rev,
        first_rev: first_rev.unwrap_or(rev),
    }));
    Ok(Ok(Some(RevisionKind::React)))
}

/// The next rev of the conversation, which everybody's resume has to find.
fn note(
    view: &View<'_>,
    state: &mut State,
    op: &Revise,
    by: Option<KnownUser>,
    message: &Message,
    kind: RevisionKind,
) -> Result<u64> {
    let (id, seq): (ConversationId, Seq) = (op.conversation, op.seq);
    let ver = state.next_ver();
    let Some(conversation) = state.conversation(view, id)? else { return Ok(0) };
    conversation.rev += 1;
    (conversation.ver, conversation.dirty) = (ver, true);
    let (rev, whose) = (conversation.rev, conversation.shared_by());
    let before = message.revision.as_ref().and_then(|revision| revision.edited_ms);
    let edited_ms = match kind {
        RevisionKind::Recall => None,
        RevisionKind::Edit => Some(op.at_ms),
        RevisionKind::React => before,
    };
    let by: UserNo = by.map_or(0, |by| by.no);
    state.changed(Change { ver, conversation: id, whose });
    let at_ms = op.at_ms;
    let row = ChangeRow { conversation: id, seq, rev, ver, kind, by, at_ms, edited_ms };
    state.effect(Effect::Change(row));
    Ok(rev)
}
