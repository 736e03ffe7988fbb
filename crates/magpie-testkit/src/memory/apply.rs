//! Writes of the in-memory store, one plain function for each operation.

use std::collections::btree_map::Entry;

use magpie_core::{
    model::{ChannelValue, Membership, User},
    port::store::{Append, Guard, Op, Outcome, Place, Publish, Rejection, UserPatch, WriteResult},
};
use magpie_proto::{ConversationId, Seq, UserId, client::Change};

use super::{
    belongings,
    data::{Conversation, Data, signed},
    revise,
};

pub(crate) fn apply(data: &mut Data, op: Op) -> WriteResult {
    match op {
        Op::Append(send) => append(data, send),
        Op::Read { user, conversation, seq } => read(data, user, conversation, seq),
        Op::Delivered(marks) => Ok(delivered(data, marks)),
        Op::Open { user, peer, create_peer, now_ms } => open(data, user, peer, create_peer, now_ms),
        Op::Set { user, conversation, change } => {
            set(data, user, conversation, |shown, head| wish(shown, head, change))
        }
        Op::HideMessage { user, conversation, seq } => hide_message(data, user, conversation, seq),
        Op::Block { user, other, on } => block(data, user, other, on),
        Op::PutUser(patch) => Ok(put_user(data, patch)),
        Op::Seen { user, at_ms } => seen(data, user, at_ms),
        Op::Publish(value) => publish(data, value),
        Op::PushDelivered { user, channel, version } => {
            Ok(push_delivered(data, user, channel, version))
        }
        Op::Revise(op) => revise::revise(data, op),
        Op::Draft { user, conversation, draft, at_ms } => {
            revise::draft(data, user, conversation, draft, at_ms)
        }
        Op::DeviceSeen { user, device, name, at_ms } => {
            belongings::device_seen(data, user, device, name, at_ms)
        }
        Op::SignOutDevice { user, device, at_ms } => {
            belongings::sign_out(data, user, device, at_ms)
        }
        Op::PutMedia(media) => belongings::put(data, media),
        Op::DropMedia { id } => Ok(belongings::drop_unused(data, id)),
    }
}

fn create_user(data: &mut Data, id: &UserId, now_ms: u64) {
    let user = User {
        id: id.clone(),
        name: String::new(),
        avatar: String::new(),
        role: magpie_core::Role::default(),
        banned: false,
        created_ms: now_ms,
        last_seen_ms: 0,
    };
    data.users.insert(id.clone(), user);
}

fn pair(a: &UserId, b: &UserId) -> Vec<UserId> {
    let mut members = vec![a.clone(), b.clone()];
    members.sort();
    members.dedup();
    members
}

fn append(data: &mut Data, send: Append) -> WriteResult {
    if !data.users.contains_key(&send.sender) {
        return Err(Rejection::UnknownUser(send.sender));
    }
    let (id, members) = match &send.place {
        Place::Direct(peer) => {
            (ConversationId::direct(&send.sender, peer), pair(&send.sender, peer))
        }
        Place::Desk(visitor) => (ConversationId::desk(visitor), vec![visitor.clone()]),
        Place::Existing(id) => (*id, Vec::new()),
    };
    let existing = data.conversations.get(&id);
    match &send.place {
        Place::Direct(peer) => {
            if !data.users.contains_key(peer) && !send.guard.create_receiver {
                return Err(Rejection::UnknownUser(peer.clone()));
            }
        }
        Place::Desk(visitor) if existing.is_none() && *visitor != send.sender => {
            return Err(Rejection::UnknownConversation);
        }
        Place::Existing(_) if existing.is_none() => return Err(Rejection::UnknownConversation),
        Place::Desk(_) | Place::Existing(_) => {}
    }
    let target = existing.cloned().unwrap_or_else(|| Conversation::new(id, members));
    if let Some(first) = first_result(&target, &send) {
        return first;
    }
    if let Some(rejection) = refusal(data, &target, &send) {
        return Err(rejection);
    }
    let held = belongings::held(data, &target, &send)?;
    if let Place::Direct(peer) = &send.place
        && !data.users.contains_key(peer)
    {
        create_user(data, peer, send.sent_ms);
    }
    let outcome = store(data, target, send);
    if let Outcome::Stored { message, .. } = &outcome {
        belongings::hold(data, message.conversation, message.seq, held);
    }
    Ok(outcome)
}

fn first_result(target: &Conversation, send: &Append) -> Option<WriteResult> {
    let key = send.client_msg_id.as_ref()?;
    let same = |m: &&magpie_core::Message| {
        m.sender == send.sender && m.client_msg_id.as_ref() == Some(key)
    };
    let first = target.messages.iter().map(|(m, _)| m).find(same)?;
    let edited = first.revision.as_ref().is_some_and(|revision| revision.edited_ms.is_some());
    let other_body = edited || target.recalled.contains(&first.seq);
    if first.body != send.body && !send.guard.is_copy && !other_body {
        return Some(Err(Rejection::ClientMsgIdReused));
    }
    let (conversation, id, seq, sent_ms) = (target.id, first.id, first.seq, first.sent_ms);
    Some(Ok(Outcome::Duplicate { conversation, id, seq, sent_ms }))
}

fn refusal(data: &Data, target: &Conversation, send: &Append) -> Option<Rejection> {
    let Guard { must_be_member, not_blocked, stranger_limit, .. } = send.guard;
    if must_be_member && !target.admits(&send.sender, data.is_agent(&send.sender)) {
        return Some(Rejection::UnknownConversation);
    }
    let peer = target.peer_of(&send.sender).filter(|_| target.members.contains(&send.sender))?;
    if not_blocked && data.blocks.contains(&(peer.clone(), send.sender.clone())) {
        return Some(Rejection::Blocked);
    }
    let limit = stranger_limit?;
    let side = target.side(peer);
    let sent = |who: &UserId, above: Seq| {
        let theirs = target.messages.iter().map(|(m, _)| m).filter(|m| m.sender == *who);
        theirs.map(|m| m.seq).filter(|seq| *seq > above).collect::<Vec<_>>()
    };
    let answered = sent(peer, 0).into_iter().max().unwrap_or(0);
    let mark = side.delivered_seq.max(side.shown.read_seq).max(answered);
    let waiting = sent(&send.sender, mark).len() as u64;
    (waiting >= u64::from(limit)).then_some(Rejection::StrangerLimit { limit })
}

fn store(data: &mut Data, mut target: Conversation, send: Append) -> Outcome {
    let position = data.next_position();
    let message = magpie_core::Message {
        conversation: target.id,
        seq: target.head() + 1,
        id: send.id,
        sender: send.sender,
        client_msg_id: send.client_msg_id,
        body: send.body,
        sent_ms: send.sent_ms,
        revision: None,
    };
    target.messages.push((message.clone(), position));
    target.ver = position;
    let members = target.audience();
    data.conversations.insert(target.id, target);
    Outcome::Stored { message, members }
}

/// Finds the conversation for someone who is in it.
pub(crate) fn place<'a>(
    data: &'a mut Data,
    user: &UserId,
    id: ConversationId,
) -> Result<&'a mut Conversation, Rejection> {
    let (known, agent) = (data.users.contains_key(user), data.is_agent(user));
    let found = data.conversations.get_mut(&id).filter(|c| known && c.admits(user, agent));
    found.ok_or(Rejection::UnknownConversation)
}

fn read(data: &mut Data, user: UserId, id: ConversationId, seq: Seq) -> WriteResult {
    let ver = data.position + 1;
    let conversation = place(data, &user, id)?;
    let seq = seq.min(conversation.head());
    let side = conversation.side_mut(&user);
    let moved = seq > side.shown.read_seq;
    if moved {
        side.shown.read_seq = seq;
        side.delivered_seq = side.delivered_seq.max(seq);
        side.ver = ver;
        conversation.ver = ver;
    }
    let side = conversation.side(&user);
    let outcome = Outcome::Read {
        unread: conversation.unread(&user),
        members: conversation.audience(),
        conversation: id,
        membership: side.shown,
        delivered_seq: side.delivered_seq,
        moved,
        user,
    };
    data.position += u64::from(moved);
    Ok(outcome)
}

fn delivered(data: &mut Data, marks: Vec<(ConversationId, UserId, Seq)>) -> Outcome {
    let ver = data.position + 1;
    let mut moved = false;
    for (id, user, seq) in marks {
        let Ok(conversation) = place(data, &user, id) else { continue };
        let seq = seq.min(conversation.head());
        let side = conversation.side_mut(&user);
        if seq > side.delivered_seq {
            side.delivered_seq = seq;
            moved = true;
            if let Some(other) = conversation.members.iter().find(|m| **m != user).cloned() {
                conversation.side_mut(&other).ver = ver;
            }
        }
    }
    data.position += u64::from(moved);
    Outcome::Done
}

fn open(data: &mut Data, user: UserId, peer: UserId, create: bool, now_ms: u64) -> WriteResult {
    if !data.users.contains_key(&user) {
        return Err(Rejection::UnknownUser(user));
    }
    if !data.users.contains_key(&peer) {
        if !create {
            return Err(Rejection::UnknownUser(peer));
        }
        create_user(data, &peer, now_ms);
    }
    let id = ConversationId::direct(&user, &peer);
    let fresh = || Conversation::new(id, pair(&user, &peer));
    data.conversations.entry(id).or_insert_with(fresh);
    set(data, user, id, |shown, head| {
        if signed(head) <= shown.hidden_seq {
            shown.hidden_seq = -1;
        }
    })
}

fn wish(shown: &mut Membership, head: Seq, change: Change) {
    match change {
        Change::Pin(on) => shown.pinned = on,
        Change::Mute(on) => shown.muted = on,
        Change::Hide => shown.hidden_seq = signed(head),
        Change::Delete => (shown.cleared_seq, shown.hidden_seq) = (head, signed(head)),
    }
}

fn set(
    data: &mut Data,
    user: UserId,
    id: ConversationId,
    edit: impl FnOnce(&mut Membership, Seq),
) -> WriteResult {
    let ver = data.position + 1;
    let conversation = place(data, &user, id)?;
    let head = conversation.head();
    let side = conversation.side_mut(&user);
    let before = side.shown;
    edit(&mut side.shown, head);
    let moved = side.shown != before;
    if moved {
        side.ver = ver;
    }
    let (membership, unread) = (side.shown, conversation.unread(&user));
    data.position += u64::from(moved);
    Ok(Outcome::Membership { user, conversation: id, membership, unread })
}

fn hide_message(data: &mut Data, user: UserId, id: ConversationId, seq: Seq) -> WriteResult {
    let ver = data.position + 1;
    let conversation = place(data, &user, id)?;
    if conversation.message(seq).is_none() {
        return Err(Rejection::UnknownConversation);
    }
    let side = conversation.side_mut(&user);
    if let Entry::Vacant(place) = side.hidden.entry(seq) {
        place.insert(ver);
        side.ver = ver;
        data.position = ver;
    }
    Ok(Outcome::Hidden { user, conversation: id, seq })
}

fn block(data: &mut Data, user: UserId, other: UserId, on: bool) -> WriteResult {
    for id in [&user, &other] {
        if !data.users.contains_key(id) {
            return Err(Rejection::UnknownUser(id.clone()));
        }
    }
    let key = (user, other);
    let moved = if on { data.blocks.insert(key) } else { data.blocks.remove(&key) };
    data.position += u64::from(moved);
    Ok(Outcome::Done)
}

fn put_user(data: &mut Data, patch: UserPatch) -> Outcome {
    if !data.users.contains_key(&patch.id) {
        create_user(data, &patch.id, patch.now_ms);
    }
    data.next_position();
    let Some(user) = data.users.get_mut(&patch.id) else { return Outcome::Done };
    user.name = patch.name.unwrap_or(std::mem::take(&mut user.name));
    user.avatar = patch.avatar.unwrap_or(std::mem::take(&mut user.avatar));
    user.role = patch.role.unwrap_or(user.role);
    user.banned = patch.banned.unwrap_or(user.banned);
    Outcome::User(user.clone())
}

fn seen(data: &mut Data, id: UserId, at_ms: u64) -> WriteResult {
    let Some(user) = data.users.get_mut(&id) else { return Err(Rejection::UnknownUser(id)) };
    if at_ms > user.last_seen_ms {
        user.last_seen_ms = at_ms;
        data.next_position();
    }
    Ok(Outcome::Done)
}

fn publish(data: &mut Data, push: Publish) -> WriteResult {
    let place = (push.user.clone(), push.channel.clone());
    let current = data.channels.get(&place);
    let delivered_version = current.map_or(0, |c| c.delivered_version);
    let key = push.idempotency_key.map(|key| (push.user.clone(), push.channel.clone(), key));
    let first = key.as_ref().and_then(|key| data.push_keys.get(key));
    if let Some(first) = first.filter(|first| first.hold_until_ms > push.sent_ms) {
        let value = ChannelValue { delivered_version, ..first.clone() };
        let same = first.data == push.data;
        return if same {
            Ok(Outcome::Published { value, fresh: false })
        } else {
            Err(Rejection::PushKeyReused)
        };
    }
    let value = ChannelValue {
        version: current.map_or(0, |c| c.version) + 1,
        delivered_version,
        user: push.user,
        channel: push.channel,
        data: push.data,
        sent_ms: push.sent_ms,
        hold_until_ms: push.hold_until_ms,
        replay: push.replay,
    };
    data.channels.insert(place, value.clone());
    if let Some(key) = key {
        data.push_keys.insert(key, value.clone());
    }
    data.next_position();
    Ok(Outcome::Published { value, fresh: true })
}

fn push_delivered(data: &mut Data, user: UserId, channel: Box<str>, version: u64) -> Outcome {
    if let Some(value) = data.channels.get_mut(&(user, channel)) {
        let version = version.min(value.version);
        if version > value.delivered_version {
            value.delivered_version = version;
            data.next_position();
        }
    }
    Outcome::Done
}
