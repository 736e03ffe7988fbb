//! Everything that moves a mark or a flag of one user in a conversation: read, delivered, opened,
//! pinned, muted, hidden, deleted on his side.

use magpie_core::{
    model::{Membership, Position},
    port::store::{Outcome, Rejection},
};
use magpie_proto::{ConversationId, ConversationKind, Seq, UserId, client::Change as Wish};
use rusqlite::{Connection, Result, params};

use super::{
    apply::Applied,
    conversations::{self, Conversation},
    memberships::move_floor,
    recent::{Change, Whose},
    row::int,
    state::State,
    unread::{self, Viewer},
    users,
};

/// Finds the conversation and the user's place in it.
fn place<'a>(
    conn: &Connection,
    state: &'a mut State,
    user: &UserId,
    id: ConversationId,
) -> Result<Option<(&'a mut Conversation, usize)>> {
    let Some(known) = users::find(conn, state, user)? else { return Ok(None) };
    let Some(conversation) = state.conversation(conn, id)? else { return Ok(None) };
    let place = conversation.place_of(user, known);
    Ok(place.map(|index| (conversation, index)))
}

fn viewer(conn: &Connection, conversation: &mut Conversation, index: usize) -> Result<Viewer> {
    let private = *conversation.private(conn, index)?;
    let member = &conversation.members[index];
    Ok(Viewer { no: member.no, own_total: member.own_total, private })
}

/// Notes that one user's private row changed.
fn touch(
    conn: &Connection,
    conversation: &mut Conversation,
    index: usize,
    ver: Position,
) -> Result<Change> {
    conversation.private(conn, index)?.ver = ver;
    let member = &mut conversation.members[index];
    member.private_dirty = true;
    let whose = Whose::Users([Some(member.id.clone()), None]);
    Ok(Change { ver, conversation: conversation.id, whose })
}

/// `Op::Read`. The other side sees it too, so the conversation counts as changed.
pub(crate) fn read(
    conn: &Connection,
    state: &mut State,
    user: UserId,
    id: ConversationId,
    seq: Seq,
) -> Applied {
    let ver = state.position() + 1;
    let Some((conversation, index)) = place(conn, state, &user, id)? else {
        return Ok(Err(Rejection::UnknownConversation));
    };
    let seq = seq.min(conversation.head);
    let moved = seq > conversation.private(conn, index)?.shown.read_seq;
    if moved {
        move_floor(conn, conversation, index, |shown| shown.read_seq = seq)?;
        let member = &mut conversation.members[index];
        member.read_seq = seq;
        member.delivered_seq = member.delivered_seq.max(seq);
        member.dirty = true;
        touch(conn, conversation, index, ver)?;
        (conversation.ver, conversation.dirty) = (ver, true);
    }
    let viewer = viewer(conn, conversation, index)?;
    let outcome = Outcome::Read {
        user,
        conversation: id,
        membership: viewer.private.shown,
        unread: unread::count(conn, conversation, &viewer)?,
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
    conn: &Connection,
    state: &mut State,
    marks: Vec<(ConversationId, UserId, Seq)>,
) -> Applied {
    let ver = state.position() + 1;
    let mut moved = false;
    for (id, user, seq) in marks {
        let Some((conversation, index)) = place(conn, state, &user, id)? else { continue };
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
            let change = touch(conn, conversation, other, ver)?;
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
    conn: &Connection,
    state: &mut State,
    user: UserId,
    peer: UserId,
    create_peer: bool,
    now_ms: u64,
) -> Applied {
    let Some(opener) = users::find(conn, state, &user)? else {
        return Ok(Err(Rejection::UnknownUser(user)));
    };
    let id = ConversationId::direct(&user, &peer);
    if state.conversation(conn, id)?.is_none() {
        let other = match users::find(conn, state, &peer)? {
            Some(other) => other,
            None if create_peer => users::create(conn, state, &peer, now_ms)?,
            None => return Ok(Err(Rejection::UnknownUser(peer))),
        };
        state.add_conversation(conversations::new_direct((opener.no, &user), (other.no, &peer)));
    }
    change(conn, state, user, id, |private, head| {
        if int(head) <= private.hidden_seq {
            private.hidden_seq = -1;
        }
    })
}

/// `Op::Set`.
pub(crate) fn set(
    conn: &Connection,
    state: &mut State,
    user: UserId,
    id: ConversationId,
    wish: Wish,
) -> Applied {
    change(conn, state, user, id, |shown, head| match wish {
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
    conn: &Connection,
    state: &mut State,
    user: UserId,
    id: ConversationId,
    edit: impl FnOnce(&mut Membership, Seq),
) -> Applied {
    let ver = state.position() + 1;
    let Some((conversation, index)) = place(conn, state, &user, id)? else {
        return Ok(Err(Rejection::UnknownConversation));
    };
    let head = conversation.head;
    let before = conversation.private(conn, index)?.shown;
    move_floor(conn, conversation, index, |shown| edit(shown, head))?;
    let moved = conversation.private(conn, index)?.shown != before;
    let noted = if moved { Some(touch(conn, conversation, index, ver)?) } else { None };
    let viewer = viewer(conn, conversation, index)?;
    let outcome = Outcome::Membership {
        user,
        conversation: id,
        membership: viewer.private.shown,
        unread: unread::count(conn, conversation, &viewer)?,
    };
    if let Some(noted) = noted {
        state.next_ver();
        state.changed(noted);
    }
    Ok(Ok(outcome))
}

/// `Op::HideMessage`.
pub(crate) fn hide_message(
    conn: &Connection,
    state: &mut State,
    user: UserId,
    id: ConversationId,
    seq: Seq,
) -> Applied {
    let ver = state.position() + 1;
    let Some((conversation, index)) = place(conn, state, &user, id)? else {
        return Ok(Err(Rejection::UnknownConversation));
    };
    if seq == 0 || seq > conversation.head {
        return Ok(Err(Rejection::UnknownConversation));
    }
    let no = conversation.members[index].no;
    let fresh = conn
        .prepare_cached(
            "INSERT OR IGNORE INTO hidden (user, conversation, seq, own, ver)
             SELECT ?1, ?2, ?3, sender = ?1, ?4 FROM messages
             WHERE conversation = ?2 AND seq = ?3",
        )?
        .execute(params![no, id.to_i64(), int(seq), int(ver)])?;
    if fresh > 0 {
        conversation.private(conn, index)?.hides += 1;
        let noted = touch(conn, conversation, index, ver)?;
        state.next_ver();
        state.changed(noted);
    }
    Ok(Ok(Outcome::Hidden { user, conversation: id, seq }))
}
