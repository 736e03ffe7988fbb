//! One guarded append, on the main path between `send.rs` and the bus: lock (the writer is
//! alone), dedupe, guard, seq, insert. Refusals are answers; only a failing database is an error.

use magpie_core::{
    model::{Message, Role},
    port::store::{Append, Outcome, Place, Rejection, StoreError, WriteResult},
};
use magpie_proto::{ConversationId, ConversationKind, MessageId, UserId};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{
    apply::Applied,
    conversations::{self, Conversation},
    recent::Change,
    row::{int, uint},
    state::State,
    users::{self, KnownUser, UserNo},
};

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
pub(crate) fn append(conn: &Connection, state: &mut State, append: Append) -> Applied {
    let Some(sender) = users::find(conn, state, &append.sender)? else {
        return Ok(Err(Rejection::UnknownUser(append.sender)));
    };
    let target = match locate(conn, state, &append)? {
        Ok(target) => target,
        Err(rejection) => return Ok(Err(rejection)),
    };
    if let Some(first) = first_result(conn, &append, sender.no, &target)? {
        return Ok(first);
    }
    if let Some(rejection) = refusal(conn, state, &append, sender, &target)? {
        return Ok(Err(rejection));
    }
    if let Some(new) = &target.new {
        create(conn, state, &append, sender, new)?;
    }
    insert(conn, state, append, sender.no, target.id)
}

/// Finds the conversation, or what is needed to make it.
fn locate(
    conn: &Connection,
    state: &mut State,
    append: &Append,
) -> Result<Result<Target, Rejection>> {
    let id = match &append.place {
        Place::Direct(peer) => ConversationId::direct(&append.sender, peer),
        Place::Desk(visitor) => ConversationId::desk(visitor),
        Place::Existing(id) => *id,
    };
    if let Some(conversation) = state.conversation(conn, id)? {
        return Ok(match_names(conversation, append).map(|()| Target { id, new: None }));
    }
    let new = match &append.place {
        Place::Direct(peer) => {
            let known = users::find(conn, state, peer)?;
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
    conn: &Connection,
    append: &Append,
    sender: UserNo,
    target: &Target,
) -> Result<Option<WriteResult>> {
    let Some(key) = append.client_msg_id.as_deref().filter(|_| target.new.is_none()) else {
        return Ok(None);
    };
    conn.prepare_cached(
        "SELECT id, seq, sent_ms, body FROM messages
         WHERE conversation = ?1 AND sender = ?2 AND client_msg_id = ?3",
    )?
    .query_row(params![target.id.to_i64(), sender, key], |row| {
        if row.get_ref(3)?.as_blob()? != append.body.as_bytes() {
            return Ok(Err(Rejection::ClientMsgIdReused));
        }
        Ok(Ok(Outcome::Duplicate {
            conversation: target.id,
            id: MessageId::from_bytes(row.get(0)?),
            seq: uint(row, 1)?,
            sent_ms: uint(row, 2)?,
        }))
    })
    .optional()
}

/// Guard: member, block, stranger limit, in this order.
fn refusal(
    conn: &Connection,
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
            let Some(conversation) = state.conversation(conn, target.id)? else {
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
                    (conversation.peer_of(index).map(|p| p.no), waiting(conn, conversation, index)?)
                }
            }
        }
    };
    if guard.not_blocked
        && let Some(peer) = peer
        && users::blocks(conn, state, peer, sender.no)?
    {
        return Ok(Some(Rejection::Blocked));
    }
    Ok(guard
        .stranger_limit
        .filter(|limit| waiting >= u64::from(*limit))
        .map(|limit| Rejection::StrangerLimit { limit }))
}

/// The sender's messages that the receiver has neither got, nor read, nor answered.
fn waiting(conn: &Connection, conversation: &Conversation, sender: usize) -> Result<u64> {
    let Some(peer) = conversation.peer_of(sender) else { return Ok(0) };
    let mark = peer.delivered_seq.max(peer.read_seq).max(peer.own_last);
    let above = conversation.head.saturating_sub(mark);
    let theirs: u64 = conversation.members.iter().map(|m| m.own_total).sum();
    if above == 0 || theirs == conversation.head {
        // All messages are of these two, and above the mark there are none of the peer.
        return Ok(above);
    }
    conn.prepare_cached(
        "SELECT count(*) FROM messages INDEXED BY messages_by_seq
         WHERE conversation = ?1 AND seq > ?2 AND sender = ?3",
    )?
    .query_row(
        params![conversation.id.to_i64(), int(mark), conversation.members[sender].no],
        |row| uint(row, 0),
    )
}

fn create(
    conn: &Connection,
    state: &mut State,
    append: &Append,
    sender: KnownUser,
    new: &New,
) -> Result<()> {
    let conversation = match new {
        New::Desk => conversations::new_desk(sender.no, &append.sender),
        New::Direct { peer, known } => {
            let known = match known {
                Some(known) => *known,
                None => users::create(conn, state, peer, append.sent_ms)?,
            };
            conversations::new_direct((sender.no, &append.sender), (known.no, peer))
        }
    };
    state.add_conversation(conversation);
    Ok(())
}

/// Seq and insert. The conversation's own row is written once, at the end of the batch.
fn insert(
    conn: &Connection,
    state: &mut State,
    append: Append,
    sender: UserNo,
    id: ConversationId,
) -> Applied {
    let ver = state.next_ver();
    let Some(conversation) = state.conversation(conn, id)? else {
        return Ok(Err(Rejection::UnknownConversation));
    };
    let seq = conversation.head + 1;
    conn.prepare_cached(
        "INSERT INTO messages
         (conversation, seq, ver, sender, sent_ms, id, client_msg_id, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        id.to_i64(),
        int(seq),
        int(ver),
        sender,
        int(append.sent_ms),
        append.id.to_bytes(),
        append.client_msg_id,
        append.body.as_bytes().as_ref()
    ])?;
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
    };
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
