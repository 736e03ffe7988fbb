//! One guarded append, on the main path between `send.rs` and the bus: lock (the writer is
//! alone), dedupe, guard, seq, insert. Refusals are answers; only a failing database is an error.

use std::sync::Arc;

use magpie_core::{
    model::{Message, Role},
    port::store::{Append, Outcome, Place, Rejection, StoreError, WriteResult},
};
use magpie_proto::{ConversationId, ConversationKind, UserId, body::Links};
use rusqlite::Result;

use super::{
    conversations::{self, Conversation},
    decide::Decided,
    media,
    recent::Change,
    revisions,
    state::State,
    users::{self, KnownUser},
    view::View,
};
use crate::effect::{Effect, MessageRow, UserNo};

/// Where a message goes, once the receiver is known.
struct Target {
    id: ConversationId,
    /// Set when the conversation does not exist yet.
    new: Option<New>,
}

enum New {
    Direct { peer: UserId, known: Option<KnownUser> },
    Desk,
}

/// Appends one message.
pub(crate) fn append(view: &View<'_>, state: &mut State, append: Append) -> Decided {
    let Some(sender) = users::find(view, state, &append.sender)? else {
        return Ok(Err(Rejection::UnknownUser(append.sender)));
    };
    let target = match locate(view, state, &append)? {
        Ok(target) => target,
        Err(rejection) => return Ok(Err(rejection)),
    };
    if let Some(first) = first_result(view, state, &append, sender.no, &target)? {
        return Ok(first);
    }
    if let Some(rejection) = refusal(view, state, &append, sender, &target)? {
        return Ok(Err(rejection));
    }
    let links = append.body.links();
    let mut held = media::Held::new();
    if links.reply_to.is_some() || links.media.is_some() {
        match linked(view, state, &append, &links, &target)? {
            Ok(found) => held = found,
            Err(rejection) => return Ok(Err(rejection)),
        }
    }
    if let Some(new) = &target.new {
        create(state, &append, sender, new);
    }
    insert(view, state, append, sender.no, (target.id, held))
}

/// What a body points at is there: the message that it answers, the upload that it shows.
#[inline(never)]
fn linked(
    view: &View<'_>,
    state: &mut State,
    append: &Append,
    links: &Links,
    target: &Target,
) -> Result<Result<media::Held, Rejection>> {
    if let Some(reply_to) = links.reply_to {
        let known = target.new.is_none();
        let head = match state.conversation(view, target.id)?.filter(|_| known) {
            Some(conversation) => conversation.head,
            None => 0,
        };
        if reply_to == 0 || reply_to > head {
            return Ok(Err(Rejection::UnknownMessage));
        }
    }
    media::held(view, append, links)
}

/// Finds the conversation, or what is needed to make it.
fn locate(
    view: &View<'_>,
    state: &mut State,
    append: &Append,
) -> Result<Result<Target, Rejection>> {
    let id = match &append.place {
        Place::Direct(peer) => ConversationId::direct(&append.sender, peer),
        Place::Desk(visitor) => ConversationId::desk(visitor),
        Place::Existing(id) => *id,
    };
    if let Some(conversation) = state.conversation(view, id)? {
        return Ok(match_names(conversation, append).map(|()| Target { id, new: None }));
    }
    let new = match &append.place {
        Place::Direct(peer) => {
            let known = users::find(view, state, peer)?;
            if known.is_none() && !append.guard.create_receiver {
                return Ok(Err(Rejection::UnknownUser(peer.clone())));
            }
            New::Direct { peer: peer.clone(), known }
        }
        Place::Desk(visitor) if *visitor == append.sender => New::Desk,
        Place::Desk(_) | Place::Existing(_) => return Ok(Err(Rejection::UnknownConversation)),
    };
    Ok(Ok(Target { id, new: Some(new) }))
}

/// Ids of direct and desk conversations are hashes of names; two pairs with one hash must not
/// read each other's messages.
fn match_names(conversation: &Conversation, append: &Append) -> Result<(), Rejection> {
    let named = match &append.place {
        Place::Direct(peer) => {
            conversation.index_of(peer).is_some() && conversation.index_of(&append.sender).is_some()
        }
        Place::Desk(visitor) => conversation.index_of(visitor) == Some(0),
        Place::Existing(_) => true,
    };
    let fault = || format!("conversation {} belongs to other users", conversation.id);
    if named { Ok(()) } else { Err(Rejection::Store(StoreError::Fault(fault()))) }
}

/// Dedupe: what an earlier send with the same key was answered.
fn first_result(
    view: &View<'_>,
    state: &State,
    append: &Append,
    sender: UserNo,
    target: &Target,
) -> Result<Option<WriteResult>> {
    let Some(key) = append.client_msg_id.as_deref().filter(|_| target.new.is_none()) else {
        return Ok(None);
    };
    if !state.keys.may_hold(target.id, sender, key) {
        return Ok(None);
    }
    let Some(first) = view.keyed(target.id, sender, key)? else { return Ok(None) };
    let seq = first.seq;
    if first.body != append.body
        && !append.guard.is_copy
        && !revisions::has_other_body(view, target.id, seq)?
    {
        return Ok(Some(Err(Rejection::ClientMsgIdReused)));
    }
    Ok(Some(Ok(Outcome::Duplicate {
        conversation: target.id,
        id: first.id,
        seq,
        sent_ms: first.sent_ms,
    })))
}

/// Guard: member, block, stranger limit, in this order.
fn refusal(
    view: &View<'_>,
    state: &mut State,
    append: &Append,
    sender: KnownUser,
    target: &Target,
) -> Result<Option<Rejection>> {
    let guard = append.guard;
    let (peer, waiting) = match &target.new {
        Some(New::Direct { known, .. }) => (known.map(|k| k.no), 0),
        Some(New::Desk) => return Ok(None),
        None => {
            let Some(conversation) = state.conversation(view, target.id)? else {
                return Ok(Some(Rejection::UnknownConversation));
            };
            if guard.must_be_member
                && !conversation.admits(&append.sender, sender.role == Role::Agent)
            {
                return Ok(Some(Rejection::UnknownConversation));
            }
            let index = conversation.index_of(&append.sender);
            match index.filter(|_| conversation.kind() == ConversationKind::Direct) {
                None => return Ok(None),
                Some(index) => {
                    (conversation.peer_of(index).map(|p| p.no), waiting(view, conversation, index)?)
                }
            }
        }
    };
    if guard.not_blocked
        && let Some(peer) = peer
        && users::blocks(view, state, peer, sender.no)?
    {
        return Ok(Some(Rejection::Blocked));
    }
    Ok(guard
        .stranger_limit
        .filter(|limit| waiting >= u64::from(*limit))
        .map(|limit| Rejection::StrangerLimit { limit }))
}

/// The sender's messages that the receiver has neither got, nor read, nor answered.
fn waiting(view: &View<'_>, conversation: &Conversation, sender: usize) -> Result<u64> {
    let Some(peer) = conversation.peer_of(sender) else { return Ok(0) };
    let mark = peer.delivered_seq.max(peer.read_seq).max(peer.own_last);
    let above = conversation.head.saturating_sub(mark);
    let theirs: u64 = conversation.members.iter().map(|m| m.own_total).sum();
    if above == 0 || theirs == conversation.head {
        // All messages are of these two, and above the mark there are none of the peer.
        return Ok(above);
    }
    view.count_of(conversation.id, conversation.members[sender].no, mark + 1, conversation.head)
}

fn create(state: &mut State, append: &Append, sender: KnownUser, new: &New) {
    let conversation = match new {
        New::Desk => conversations::new_desk(sender.no, &append.sender),
        New::Direct { peer, known } => {
            let known = match known {
                Some(known) => *known,
                None => users::create(state, peer, append.sent_ms),
            };
            conversations::new_direct((sender.no, &append.sender), (known.no, peer))
        }
    };
    state.add_conversation(conversation);
}

/// Seq and insert. The conversation's own row follows once, at the end of the batch.
fn insert(
    view: &View<'_>,
    state: &mut State,
    append: Append,
    sender: UserNo,
    (id, held): (ConversationId, media::Held),
) -> Decided {
    let (ver, keys) = (state.next_ver(), Arc::clone(&state.keys));
    let Some(conversation) = state.conversation(view, id)? else {
        return Ok(Err(Rejection::UnknownConversation));
    };
    let seq = conversation.head + 1;
    if let Some(key) = &append.client_msg_id {
        keys.add(id, sender, key);
    }
    conversation.head = seq;
    conversation.head_ms = append.sent_ms;
    conversation.ver = ver;
    conversation.dirty = true;
    count_own(conversation, &append.sender, sender, seq);
    let members = conversation.audience();
    let whose = conversation.shared_by();
    state.changed(Change { ver, conversation: id, whose });
    let message = Message {
        conversation: id,
        seq,
        id: append.id,
        sender: append.sender,
        client_msg_id: append.client_msg_id,
        body: append.body,
        sent_ms: append.sent_ms,
        revision: None,
    };
    state.effect(Effect::Message(MessageRow { sender, ver, message: message.clone() }));
    if !held.is_empty() {
        media::hold(state, id, seq, held);
    }
    Ok(Ok(Outcome::Stored { message, members }))
}

/// Own sends never count as unread, so they are counted here. In a direct conversation a third
/// party (the system) has no place and needs none.
fn count_own(conversation: &mut Conversation, sender: &UserId, no: UserNo, seq: u64) {
    let direct = conversation.kind() == ConversationKind::Direct;
    let index = match conversation.index_of(sender) {
        Some(index) => index,
        None if direct => return,
        None => conversation.make_place(sender, no),
    };
    let member = &mut conversation.members[index];
    member.own_total += 1;
    member.own_last = seq;
    member.dirty |= !direct;
}
