//! Calls between two users: who may ring whom, and what both are told. The state machine itself
//! (`state.rs`) is pure; here it gets time, the policy and the bus. What is said and seen in a call
//! goes from client to client; the server carries the signals that set it up.

mod book;
mod guard;
mod records;
mod signals;
mod state;

use magpie_proto::{CallId, CallMedia, CallWhy, ConversationId, UserId};

use crate::{access::Caller, core::Core, port::store::Origin, refusal::Refusal};

pub use book::Book;

/// Calls that ring or are active at once on a node.
pub const CALLS_MAX: usize = 4_096;
/// Signals of one direction that are kept for a client that comes back.
pub const SIGNALS_KEPT_MAX: usize = 256;
/// The same in bytes.
pub const SIGNALS_KEPT_BYTES_MAX: usize = 262_144;

/// The owner's rules for calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// A call that nobody answers is missed after so long.
    pub ring_ms: u64,
    /// A side whose connection is gone has so long to come back.
    pub lost_after_ms: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { ring_ms: 45_000, lost_after_ms: 60_000 }
    }
}

/// A connection that takes part in calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallConn {
    /// Its number on this node.
    pub id: u64,
    /// The installation that it belongs to; may be empty.
    pub device: Box<str>,
}

/// How a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The callee's devices ring.
    Ringing,
    /// Both sides are in it.
    Active,
    /// It is over.
    Ended(CallWhy),
}

/// A call as both users are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Made by the caller's client.
    pub id: CallId,
    /// What it was begun with.
    pub media: CallMedia,
    /// The caller.
    pub from: UserId,
    /// The callee.
    pub to: UserId,
    /// How it stands.
    pub phase: Phase,
    /// When it began to ring, Unix ms.
    pub begun_ms: u64,
    /// When it stops to ring, Unix ms.
    pub expires_ms: u64,
    /// When it was answered, Unix ms.
    pub answered_ms: Option<u64>,
    /// When it ended, Unix ms.
    pub ended_ms: Option<u64>,
    /// The caller's and the callee's connection.
    pub conns: [Option<u64>; 2],
}

impl Call {
    /// The conversation that its record goes to.
    #[must_use]
    pub fn conversation(&self) -> ConversationId {
        ConversationId::direct(&self.from, &self.to)
    }
}

/// Something that one side of a call has for the other side's connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Which call.
    pub call: CallId,
    /// For whom.
    pub user: UserId,
    /// For which of his connections.
    pub conn: u64,
    /// 1, 2, 3, ... in this direction of the call.
    pub number: u64,
    /// JSON text of an object.
    pub data: std::sync::Arc<str>,
}

/// A call to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Its id.
    pub call: CallId,
    /// Whom to ring.
    pub to: UserId,
    /// What it is begun with.
    pub media: CallMedia,
}

/// Rings someone. A callee who is in another call ends it at once, as `busy`.
///
/// # Errors
/// `bad_request`, `unknown_user`, `blocked`, `stranger_limit`; `busy` when the caller himself is
/// in a call; `call_taken` for the id of a call that is over.
pub async fn invite(
    core: &Core,
    caller: &Caller,
    conn: CallConn,
    invite: Invite,
    origin: Origin,
) -> Result<Call, Refusal> {
    guard::judge(core, caller, &invite.to).await?;
    let id = invite.call.clone();
    core.calls
        .act(core, Some((&id, origin)), |calls, at| calls.invite(at, &caller.user, conn, invite))
}

/// Answers a ringing call on this connection.
///
/// # Errors
/// `unknown_call`; `call_taken` when another connection was first, or it is over.
pub fn accept(
    core: &Core,
    caller: &Caller,
    conn: CallConn,
    call: &CallId,
    origin: Origin,
) -> Result<Call, Refusal> {
    core.calls
        .act(core, Some((call, origin)), |calls, at| calls.accept(at, &caller.user, conn, call))
}

/// Cancels, rejects or hangs up, by who asks and how the call stands. What is over stays so.
///
/// # Errors
/// `unknown_call`; `call_taken` when another connection of the user is in it.
pub fn end(
    core: &Core,
    caller: &Caller,
    conn: &CallConn,
    call: &CallId,
    failed: bool,
) -> Result<(), Refusal> {
    core.calls.act(core, None, |calls, at| calls.hang_up(at, &caller.user, conn, call, failed))
}

/// This connection takes the place of the same device's former one; the other side's signals
/// above `have` follow.
///
/// # Errors
/// `unknown_call`; `call_taken` when another device is in it, or it is over.
pub fn attach(
    core: &Core,
    caller: &Caller,
    conn: CallConn,
    call: &CallId,
    have: u64,
    origin: Origin,
) -> Result<Call, Refusal> {
    core.calls.act(core, Some((call, origin)), |calls, at| {
        calls.attach(at, &caller.user, conn, call, have)
    })
}

/// Carries a signal to the other side.
///
/// # Errors
/// `unknown_call`; `call_taken` when this connection is not the one in it; `bad_request` before
/// the callee has answered.
pub fn signal(
    core: &Core,
    caller: &Caller,
    conn: &CallConn,
    call: &CallId,
    data: Box<str>,
) -> Result<(), Refusal> {
    core.calls
        .act(core, None, |calls, at| calls.signal(at, &caller.user, conn.id, call, data.into()))
}

/// A connection of a user is gone: if it was in a call, the time begins in which it may come back.
pub fn left(core: &Core, user: &UserId, conn: u64) {
    if core.calls.any() {
        core.calls.look(|calls| calls.left(core.clock.uptime_ms(), user, conn));
    }
}

/// The call that rings at a user, or that he is in.
#[must_use]
pub fn current(core: &Core, user: &UserId) -> Option<Call> {
    core.calls.any().then(|| core.calls.look(|calls| calls.current(user)))?
}

/// Whether a signal may be put on its connection now: not behind one that found no room.
#[must_use]
pub fn in_order(core: &Core, signal: &Signal) -> bool {
    core.calls.look(|calls| calls.in_order(signal))
}

/// A signal found no room on its connection: the next sweep sends it again, and those after it.
pub fn found_no_room(core: &Core, signal: &Signal) {
    core.calls.look(|calls| calls.found_no_room(signal));
}

/// Once a second: ends what nobody answers or comes back to, sends again what found no room, and
/// writes records that the store did not take.
pub fn sweep(core: &Core) {
    if core.calls.any() {
        // Nothing to answer: the outcome is what both sides are told.
        let _: Result<(), Refusal> = core.calls.act(core, None, |calls, at| {
            calls.sweep(at);
            Ok(())
        });
    }
    core.calls.write_again(core);
}
