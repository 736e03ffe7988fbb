//! Everything that moves a mark or a flag of one user in a conversation: read, delivered, opened,
//! pinned, muted, hidden, deleted on his side.

use magpie_core::{
    model::{Membership, Position},
    port::store::{Outcome, Rejection},
};
use magpie_proto::{ConversationId, ConversationKind, Seq, UserId, client::Change as Wish};
use rusqlite::Result;

use super::{
    conversations::{self, Conversation},
    decide::Decided,
    memberships::move_floor,
    recent::{Change, Whose},
    row::int,
    state::State,
    unread::{self, Viewer},
    users,
    view::View,
};
use crate::effect::{Effect, HiddenRow};

/// Finds the conversation and the user's place in it.
pub(crate) fn place<'a>(
    view: &View<'_>,
    state: &'a mut State,
    user: &UserId,
    id: ConversationId,
) -> Result<Option<(&'a mut Conversation, usize)>> {
    let Some(known) = users::find(view, state, user)? else { return Ok(None) };
    let Some(conversation) = state.conversation(view, id)? else { return Ok(None) };
    let place = conversation.place_of(user, known);
    Ok(place.map(|index| (conversation, index)))
}

fn viewer_of(view: &View<'_>, conversation: &mut Conversation, index: usize) -> Result<Viewer> {
    let private = *conversation.private(view, index)?;
    let member = &conversation.members[index];
    Ok(Viewer { no: member.no, own_total: member.own_total, private, draft: None })
}

/// Notes that one user's private row changed.
pub(crate) fn touch(
    view: &View<'_>,
    conversation: &mut Conversation,
    index: usize,
    ver: Position,
) -> Result<Change> {
    conversation.private(view, index)?.ver = ver;
    let member = &mut conversation.members[index];
    member.private_dirty = true;
    let whose = Whose::Users([Some(member.id.clone()), None]);
    Ok(Change { ver, conversation: conversation.id, whose })
}

/// `Op::Read`. The other side sees it too, so the conversation counts as changed.
pub(crate) fn read(
    view: &View<'_>,
    state: &mut State,
    user: UserId,
    id: ConversationId,
    seq: Seq,
) -> Decided {
    let ver = state.position() + 1;
    let Some((conversation, index)) = place(view, state, &user, id)? else {
        return Ok(Err(Rejection::UnknownConversation));
    };
    let seq = seq.min(conversation.head);
    let moved = seq > conversation.private(view, index)?.shown.read_seq;
    if moved {
        move_floor(view, conversation, index, |shown| shown.read_seq = seq)?;
        let member = &mut conversation.members[index];
        member.read_seq = seq;
        member.delivered_seq = member.delivered_seq.max(seq);
        member.dirty = true;
        touch(view, conversation, index, ver)?;
        (conversation.ver, conversation.dirty) = (ver, true);
    }
    let viewer = viewer_of(view, conversation, index)?;
    let outcome = Outcome::Read {
        user,
        conversation: id,
        membership: viewer.private.shown,
        unread: unread::count(view, conversation, &viewer)?,
        delivered_seq: conversation.members[index].delivered_seq,
        members: conversation.audience(),
        moved,
    };
    let whose = conversation.shared_by();
    if moved {
        state.next_ver();
        state.changed(Change { ver, conversation: id, whose });
    }
    Ok(Ok(outcome))
}

/// `Op::Delivered`. Only the other side cares, so only its private row is touched; what the
/// receiver knows himself brings him nothing on resume.
pub(crate) fn delivered(
    view: &View<'_>,
    state: &mut State,
    marks: Vec<(ConversationId, UserId, Seq)>,
) -> Decided {
    let ver = state.position() + 1;
    let mut moved = false;
    for (id, user, seq) in marks {
        let Some((conversation, index)) = place(view, state, &user, id)? else { continue };
        let member = &mut conversation.members[index];
        let seq = seq.min(conversation.head);
        if seq <= member.delivered_seq {
            continue;
        }
        (member.delivered_seq, member.dirty) = (seq, true);
        moved = true;
        // The other one of two, or the visitor when an agent got it.
        let other = usize::from(index == 0);
        let told = other == 0 || conversation.kind() == ConversationKind::Direct;
        if told && other < conversation.members.len() {
            let change = touch(view, conversation, other, ver)?;
            state.changed(change);
        } else {
            state.queue(id);
        }
    }
    if moved {
        state.next_ver();
    }
    Ok(Ok(Outcome::Done))
}

/// `Op::Open`: creates the conversation when there is none, and puts it into the caller's list.
pub(crate) fn open(
    view: &View<'_>,
    state: &mut State,
    user: UserId,
    peer: UserId,
    create_peer: bool,
    now_ms: u64,
) -> Decided {
    let Some(opener) = users::find(view, state, &user)? else {
        return Ok(Err(Rejection::UnknownUser(user)));
    };
    let id = ConversationId::direct(&user, &peer);
    if state.conversation(view, id)?.is_none() {
        let other = match users::find(view, state, &peer)? {
            Some(other) => other,
            None if create_peer => users::create(state, &peer, now_ms),
            None => return Ok(Err(Rejection::UnknownUser(peer))),
        };
        state.add_conversation(conversations::new_direct((opener.no, &user), (other.no, &peer)));
    }
    change(view, state, user, id, |private, head| {
        if int(head) <= private.hidden_seq {
            private.hidden_seq = -1;
        }
    })
}

/// `Op::Set`.
pub(crate) fn set(
    view: &View<'_>,
    state: &mut State,
    user: UserId,
    id: ConversationId,
    wish: Wish,
) -> Decided {
    change(view, state, user, id, |shown, head| match wish {
        Wish::Pin(on) => shown.pinned = on,
        Wish::Mute(on) => shown.muted = on,
        Wish::Hide => shown.hidden_seq = int(head),
        Wish::Delete => {
            shown.cleared_seq = head;
            shown.hidden_seq = int(head);
        }
    })
}

/// Applies a change of private state; the position rises only if something is different.
fn change(
    view: &View<'_>,
    state: &mut State,
    user: UserId,
    id: ConversationId,
    edit: impl FnOnce(&mut Membership, Seq),
) -> Decided {
    let ver = state.position() + 1;
    let Some((conversation, index)) = place(view, state, &user, id)? else {
        return Ok(Err(Rejection::UnknownConversation));
    };
    let head = conversation.head;
    let before = conversation.private(view, index)?.shown;
    move_floor(view, conversation, index, |shown| edit(shown, head))?;
    let moved = conversation.private(view, index)?.shown != before;
    let noted = if moved { Some(touch(view, conversation, index, ver)?) } else { None };
    let viewer = viewer_of(view, conversation, index)?;
    let outcome = Outcome::Membership {
        user,
        conversation: id,
        membership: viewer.private.shown,
        unread: unread::count(view, conversation, &viewer)?,
    };
    if let Some(noted) = noted {
        state.next_ver();
        state.changed(noted);
    }
    Ok(Ok(outcome))
}

/// `Op::HideMessage`.
pub(crate) fn hide_message(
    view: &View<'_>,
    state: &mut State,
    user: UserId,
    id: ConversationId,
    seq: Seq,
) -> Decided {
    let ver = state.position() + 1;
    let Some((conversation, index)) = place(view, state, &user, id)? else {
        return Ok(Err(Rejection::UnknownConversation));
    };
    if seq == 0 || seq > conversation.head {
        return Ok(Err(Rejection::UnknownConversation));
    }
    let no = conversation.members[index].no;
    let hidden = unread::hidden(view, id, no, seq, seq)?.contains_key(&seq);
    if let Some((sender, _)) = view.sender_and_ver(id, seq)?.filter(|_| !hidden) {
        conversation.private(view, index)?.hides += 1;
        let noted = touch(view, conversation, index, ver)?;
        let own = sender == no;
        state.next_ver();
        state.changed(noted);
        state.effect(Effect::Hidden(HiddenRow { no, conversation: id, seq, own, ver }));
    }
    Ok(Ok(Outcome::Hidden { user, conversation: id, seq }))
}
