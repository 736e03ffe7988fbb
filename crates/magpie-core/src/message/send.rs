//! Sending a message: the rules before the store. Builds the guard and the place, takes an id and
//! a time, and queues one append. The acknowledgement comes from the committer, never from here.

use magpie_proto::{Body, ConversationKind, ErrorCode, UserId, client::Target};

use crate::{
    access::Caller,
    core::Core,
    model::Role,
    port::store::{Append, Guard, Op, Origin, Outcome, Place},
    refusal::Refusal,
};

/// What a door hands over.
#[derive(Debug, Clone, PartialEq)]
pub struct Send {
    /// Where to.
    pub target: Target,
    /// The sender's idempotency key.
    pub client_msg_id: Option<Box<str>>,
    /// What.
    pub body: Body,
}

/// Queues the message of a caller. `origin` is answered after the commit.
///
/// # Errors
/// [`Refusal`] when a rule before the store is broken or the store takes no writes; rules of the
/// store's guard are answered to `origin`.
pub fn send(core: &Core, caller: &Caller, send: Send, origin: Origin) -> Result<(), Refusal> {
    let append = prepare(core, caller, send)?;
    core.submit(Op::Append(append), origin)
}

/// The same for a body that the server itself has copied: what it shows need not be the caller's.
pub(crate) fn send_copy(
    core: &Core,
    caller: &Caller,
    send: Send,
    origin: Origin,
) -> Result<(), Refusal> {
    let mut append = prepare(core, caller, send)?;
    append.guard.own_media = false;
    append.guard.is_copy = true;
    core.submit(Op::Append(append), origin)
}

/// A message that the server itself writes in the name of a user: a record.
///
/// # Errors
/// [`Refusal`] when its place is none.
pub(crate) fn by_server(core: &Core, sender: UserId, send: Send) -> Result<Append, Refusal> {
    prepare(core, &system_caller(sender), send)
}

/// Sends and waits until the message is durable: for doors without a connection.
///
/// # Errors
/// [`Refusal`] says which rule was broken.
pub async fn send_and_wait(core: &Core, caller: &Caller, send: Send) -> Result<Outcome, Refusal> {
    let append = prepare(core, caller, send)?;
    core.write(Op::Append(append)).await
}

/// A caller for what the owner's backend sends in the name of a user or of the system: no block
/// and no stranger limit stands in its way.
#[must_use]
pub fn system_caller(user: UserId) -> Caller {
    Caller { user, role: Role::Admin, broadcast: true, dialect: None }
}

fn prepare(core: &Core, caller: &Caller, send: Send) -> Result<Append, Refusal> {
    let place = place(caller, &send.target)?;
    let trusted = caller.role == Role::Admin;
    let sent_ms = core.now_ms();
    let guard = Guard {
        create_receiver: core.policy.create_unknown_users,
        must_be_member: !trusted,
        not_blocked: !trusted,
        stranger_limit: if trusted { None } else { stranger_limit(core, caller, &place) },
        own_media: !trusted,
        is_copy: false,
    };
    Ok(Append {
        place,
        sender: caller.user.clone(),
        client_msg_id: send.client_msg_id,
        body: send.body,
        id: core.ids.message_id(sent_ms),
        sent_ms,
        guard,
    })
}

fn place(caller: &Caller, target: &Target) -> Result<Place, Refusal> {
    match target {
        Target::User(user) if *user == caller.user => Err(Refusal::new(
            ErrorCode::BadRequest,
            "a message to oneself goes nowhere; name someone else",
        )),
        Target::User(user) => Ok(Place::Direct(user.clone())),
        Target::Desk if caller.is_agent() => Err(Refusal::new(
            ErrorCode::BadRequest,
            "an agent answers in a visitor's conversation: name it with \"c\"",
        )),
        Target::Desk => Ok(Place::Desk(caller.user.clone())),
        Target::Conversation(id) => Ok(Place::Existing(*id)),
    }
}

/// The limit counts only while the receiver has no connection; whether he has one is decided here,
/// what waits for him is counted at the store's serialization point.
fn stranger_limit(core: &Core, caller: &Caller, place: &Place) -> Option<u32> {
    let limit = core.policy.stranger_limit(caller.dialect)?;
    let receiver = match place {
        Place::Direct(user) => user.clone(),
        Place::Existing(id) if id.kind() != ConversationKind::Direct => return None,
        // Not known yet, right after a start: stricter for one message, never looser.
        Place::Existing(id) => match core.directory.peer(*id, &caller.user) {
            Some(peer) => peer,
            None => return Some(limit),
        },
        Place::Desk(_) => return None,
    };
    (core.presence.connections(&receiver) == 0).then_some(limit)
}
