//! One live socket as the rest of the gateway sees it: who it is, what it may, its outbox.
//! Shared between the connection's own task, its lane and the hub; holds no buffers of its own.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering},
};

use magpie_core::{
    Caller, Dialect,
    port::store::{ReplyTo, WriteResult},
};
use magpie_proto::{ConversationId, Seq, UserId};
use parking_lot::Mutex;

use crate::{
    contain::contained,
    dialects::{progress::Progress, seats::Seat},
    door::Door,
    features::Features,
    gate::Gate,
    limiter::Bucket,
    outbox::Outbox,
    roster::NOWHERE,
    stamp::Stamp,
};

/// Number of a connection, unique in its process.
pub type ConnId = u64;

/// What an address path or a hello says about a connection, besides the user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Device and instance in one allocation.
    page: Box<str>,
    /// Where in `page` the instance begins.
    instance_at: usize,
    /// What a dialect's path says; boxed, because native connections have none.
    spot: Option<Box<Spot>>,
}

/// What a dialect's path says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spot {
    /// The other user of a dialect path, if it has one.
    pub peer: Option<UserId>,
    /// The channel that the page follows (carwash), if only one.
    pub channel: Option<Box<str>>,
    /// Speaks for the desk (helpdesk `-1`).
    pub desk: bool,
    /// The user's name and picture at sign-in, where the dialect shows them to others.
    pub shown: Option<(String, String)>,
    /// Nobody knows this user and users are not made on sight (helpdesk answers with a text).
    pub unknown: bool,
}

impl Place {
    /// Of a native page: stable id of the installation, random id of the page load.
    #[must_use]
    pub fn native(device: &str, instance: &str) -> Self {
        let page = [device, instance].concat().into_boxed_str();
        Self { page, instance_at: device.len(), spot: None }
    }

    /// Of a dialect's page.
    #[must_use]
    pub fn dialect(spot: Spot) -> Self {
        Self { spot: Some(Box::new(spot)), ..Self::default() }
    }

    /// Stable id of the installation.
    #[must_use]
    pub fn device(&self) -> &str {
        self.page.get(..self.instance_at).unwrap_or_default()
    }

    /// Random id of the page load.
    #[must_use]
    pub fn instance(&self) -> &str {
        self.page.get(self.instance_at..).unwrap_or_default()
    }

    /// The other user of a dialect path.
    #[must_use]
    pub fn peer(&self) -> Option<&UserId> {
        self.spot.as_ref()?.peer.as_ref()
    }

    /// The channel that the page follows.
    #[must_use]
    pub fn channel(&self) -> Option<&str> {
        self.spot.as_ref()?.channel.as_deref()
    }

    /// Whether it speaks for the desk.
    #[must_use]
    pub fn desk(&self) -> bool {
        self.spot.as_ref().is_some_and(|spot| spot.desk)
    }

    /// Whether nobody knows this user.
    #[must_use]
    pub fn unknown(&self) -> bool {
        self.spot.as_ref().is_some_and(|spot| spot.unknown)
    }

    /// Name and picture, where the dialect shows them.
    #[must_use]
    pub fn shown(&self) -> Option<&(String, String)> {
        self.spot.as_ref()?.shown.as_ref()
    }
}

/// Who the connection is, once that is proved.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The verified caller.
    pub caller: Caller,
    /// Where it stands.
    pub place: Place,
    /// Shared bucket of the user.
    pub bucket: Arc<Bucket>,
    /// His place among the sockets of one user, where a dialect caps them.
    pub seat: Option<Arc<Seat>>,
}

/// What a ping behind the frames will prove.
#[derive(Debug, Default)]
struct Proof {
    /// Put into the outbox, no ping behind it yet.
    waiting: Vec<Mark>,
    /// The ping behind these is under way.
    asked: Vec<Mark>,
    /// Number of the ping under way; 0: none.
    ping: u32,
    /// When the last ping went out, uptime ms.
    pinged_ms: u64,
    /// Number of the last ping.
    last: u32,
}

/// What reached the peer when the pong comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Messages of a conversation up to here.
    Message(ConversationId, Seq),
    /// A channel's value.
    Channel(Box<str>, u64),
}

/// What few connections need: boxed, and made on first use.
#[derive(Default)]
struct Extra {
    proof: Mutex<Proof>,
    watched: Mutex<Box<[UserId]>>,
    /// What a dialect's replay and proofs know; dialects only.
    progress: Mutex<Progress>,
}

/// The token of a handshake's headers.
struct EarlyToken(Box<str>);

/// A connection. Every byte of it is paid for by each idle socket: what is rare is boxed.
pub struct Conn {
    /// Its number.
    pub id: ConnId,
    /// The runtime that it lives on.
    pub lane: usize,
    /// The protocol it speaks.
    pub door: &'static dyn Door,
    /// What waits to be written.
    pub outbox: Outbox,
    gate: Arc<Gate>,
    identity: OnceLock<Box<Identity>>,
    extra: OnceLock<Box<Extra>>,
    /// Until the hello uses it.
    early_token: Mutex<Option<Box<EarlyToken>>>,
    in_flight: AtomicU32,
    in_flight_bytes: AtomicU32,
    /// The last frame from the peer.
    pub heard: Stamp,
    /// The last ping for a sign of life.
    pinged: Stamp,
    /// The beginning.
    pub opened: Stamp,
    /// Index in its runtime's roster, which alone reads and writes it.
    pub(crate) place_in_roster: AtomicU32,
    /// Uptime ms of the last message, for leases.
    pub spoke_ms: AtomicU64,
    /// Unix ms at which the token expires; 0: never.
    expires_ms: AtomicU64,
    /// Reading pauses for so long: how dialects, which have no error frames, are slowed down.
    pause_ms: AtomicU32,
    /// Reading is on hold: a handshake is being judged.
    held: AtomicBool,
    /// What it asked for, and what its token fixes.
    features: AtomicU8,
}

impl Conn {
    /// A connection that nobody knows yet.
    #[must_use]
    pub fn new(id: ConnId, lane: usize, door: &'static dyn Door, gate: Arc<Gate>) -> Self {
        let now_ms = gate.core.clock.uptime_ms();
        Self {
            id,
            lane,
            door,
            outbox: Outbox::new(gate.settings.limits.outbox_bytes_max),
            identity: OnceLock::new(),
            extra: OnceLock::new(),
            early_token: Mutex::default(),
            in_flight: AtomicU32::new(0),
            in_flight_bytes: AtomicU32::new(0),
            heard: Stamp::at(now_ms),
            pinged: Stamp::at(now_ms),
            opened: Stamp::at(now_ms),
            place_in_roster: AtomicU32::new(NOWHERE),
            spoke_ms: AtomicU64::new(now_ms),
            expires_ms: AtomicU64::new(0),
            pause_ms: AtomicU32::new(0),
            held: AtomicBool::new(false),
            features: AtomicU8::new(0),
            gate,
        }
    }

    /// The node it belongs to.
    #[must_use]
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Keeps the token of the handshake for the hello.
    pub fn keep_early_token(&self, token: Option<String>) {
        *self.early_token.lock() = token.map(|token| Box::new(EarlyToken(token.into())));
    }

    /// Takes the token of the handshake.
    pub fn take_early_token(&self) -> Option<Box<str>> {
        self.early_token.lock().take().map(|token| token.0)
    }

    /// Fixes who this is; once only.
    pub fn identify(&self, identity: Identity) {
        // A second identity cannot be set: doors identify before anything else, once.
        let _ = self.identity.set(Box::new(identity));
    }

    /// Who this is, once proved.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.get().map(Box::as_ref)
    }

    /// The user, once proved.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        self.identity().map(|identity| &identity.caller.user)
    }

    /// The other user of a dialect path.
    #[must_use]
    pub fn peer(&self) -> Option<&UserId> {
        self.identity().and_then(|identity| identity.place.peer())
    }

    /// The dialect that it speaks, if any.
    #[must_use]
    pub fn dialect(&self) -> Option<Dialect> {
        self.door.dialect()
    }

    fn extra(&self) -> &Extra {
        self.extra.get_or_init(Box::default)
    }

    /// Unix ms at which the token expires; 0: never.
    #[must_use]
    pub fn expires_ms(&self) -> u64 {
        self.expires_ms.load(Ordering::Relaxed)
    }

    /// Sets when the token expires; the sweep looks at it from then on.
    pub fn set_expiry(&self, expires_ms: u64) {
        self.expires_ms.store(expires_ms, Ordering::Relaxed);
        self.gate.look_soon(self);
    }

    /// Follows the presence of these users from now on.
    pub fn watch(self: &Arc<Self>, users: Vec<UserId>) {
        let users = users.into_boxed_slice();
        let before = std::mem::replace(&mut *self.extra().watched.lock(), users.clone());
        self.gate.hub.watch(self, &users, &before);
    }

    /// Takes the list of users whose presence is followed.
    pub fn take_watched(&self) -> Box<[UserId]> {
        let extra = self.extra.get();
        extra.map(|extra| std::mem::take(&mut *extra.watched.lock())).unwrap_or_default()
    }

    /// Counts a request that will be answered, with the bytes it holds.
    pub fn begin(&self, bytes: usize) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.in_flight_bytes.fetch_add(u32::try_from(bytes).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// A counted request was answered: reading may go on. `bytes` may be less than was counted;
    /// the rest is forgotten when nothing is in flight any more.
    pub fn finish(&self, bytes: usize) {
        let was = self.in_flight.fetch_sub(1, Ordering::Relaxed);
        if was == 1 {
            self.in_flight_bytes.store(0, Ordering::Relaxed);
        } else {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            let before = self.in_flight_bytes.load(Ordering::Relaxed);
            self.in_flight_bytes.store(before.saturating_sub(bytes), Ordering::Relaxed);
        }
        // Cheap when the task is awake already; it may be waiting for just this.
        if was == 1 || was as usize >= self.gate.settings.limits.in_flight_max {
            self.read_on();
        }
    }

    /// What it asked for in its hello, and what its token fixes.
    #[must_use]
    pub fn features(&self) -> Features {
        Features::from_bits(self.features.load(Ordering::Relaxed))
    }

    /// Sets that; before the connection is identified, so that lanes see it.
    pub fn set_features(&self, features: Features) {
        self.features.store(features.bits(), Ordering::Relaxed);
    }

    /// Stops reading until [`Self::release`].
    pub fn hold(&self) {
        self.held.store(true, Ordering::Release);
    }

    /// Reads on.
    pub fn release(&self) {
        self.held.store(false, Ordering::Release);
        self.read_on();
    }

    /// Wakes the task to read again. Silence while we did not read was not the peer's.
    fn read_on(&self) {
        self.heard.set(self.gate.core.clock.uptime_ms());
        self.outbox.wake();
    }

    /// Reads on after so many milliseconds.
    pub fn pause(&self, wait_ms: u32) {
        self.pause_ms.store(wait_ms, Ordering::Relaxed);
    }

    /// The pause that was asked for, once.
    #[must_use]
    pub fn take_pause(&self) -> Option<u64> {
        let wait_ms = self.pause_ms.swap(0, Ordering::Relaxed);
        (wait_ms > 0).then_some(u64::from(wait_ms))
    }

    /// Whether the next frame may be read now.
    #[must_use]
    pub fn may_read(&self) -> bool {
        let limits = &self.gate.settings.limits;
        !self.held.load(Ordering::Acquire)
            && (self.in_flight.load(Ordering::Relaxed) as usize) < limits.in_flight_max
            && (self.in_flight_bytes.load(Ordering::Relaxed) as usize) < limits.in_flight_bytes_max
    }

    /// Remembers that a frame was put into the outbox whose arrival matters; a protocol ping
    /// behind it will prove it (one under way, at most one a second).
    pub fn prove(&self, mark: Mark) {
        let mut proof = self.extra().proof.lock();
        fold(&mut proof.waiting, mark);
        self.ask(&mut proof);
    }

    /// Looks at (and changes) what the dialect's replay and proofs know.
    pub fn progress<T>(&self, look: impl FnOnce(&mut Progress) -> T) -> T {
        look(&mut self.extra().progress.lock())
    }

    /// Whether something that `about` names was put on this connection and not proved yet.
    #[must_use]
    pub fn unproved(&self, about: impl Fn(&Mark) -> bool) -> bool {
        self.extra.get().is_some_and(|extra| {
            let proof = extra.proof.lock();
            proof.waiting.iter().chain(&proof.asked).any(&about)
        })
    }

    /// Sends the ping for what waits, when none is under way.
    pub fn ask_for_proof(&self) {
        if let Some(extra) = self.extra.get() {
            self.ask(&mut extra.proof.lock());
        }
    }

    fn ask(&self, proof: &mut Proof) {
        let now_ms = self.gate.core.clock.uptime_ms();
        let soon = proof.pinged_ms != 0 && now_ms < proof.pinged_ms + 1_000;
        if proof.ping != 0 || proof.waiting.is_empty() {
            return;
        }
        if soon {
            // The sweep asks in a second.
            self.gate.look_soon(self);
            return;
        }
        proof.last = proof.last.wrapping_add(1).max(1);
        proof.ping = proof.last;
        proof.pinged_ms = now_ms;
        proof.asked = std::mem::take(&mut proof.waiting);
        self.outbox.push(crate::ws::frame::ping(&proof.ping.to_be_bytes()));
    }

    /// Whether a quiet connection may be pinged now: at most once in five seconds, or once a
    /// heartbeat where that is shorter.
    pub fn may_ping(&self, now_ms: u64) -> bool {
        let may = self.pinged.age_ms(now_ms) >= self.ping_spacing_ms();
        if may {
            self.pinged.set(now_ms);
        }
        may
    }

    /// Least time between two pings for a sign of life.
    pub fn ping_spacing_ms(&self) -> u64 {
        self.gate.settings.times.heartbeat_interval_ms.min(5_000)
    }

    /// A pong came: what it proves, if it answers a proof.
    pub fn proved_by(&self, payload: &[u8]) -> Vec<Mark> {
        let Some(extra) = self.extra.get() else { return Vec::new() };
        // Whoever asked whether this socket lives has his answer.
        extra.progress.lock().answered();
        let mut proof = extra.proof.lock();
        if proof.ping == 0 || payload != proof.ping.to_be_bytes() {
            return Vec::new();
        }
        proof.ping = 0;
        let marks = std::mem::take(&mut proof.asked);
        self.ask(&mut proof);
        marks
    }
}

/// Keeps one mark per conversation and channel: the highest.
fn fold(marks: &mut Vec<Mark>, mark: Mark) {
    for known in marks.iter_mut() {
        match (known, &mark) {
            (Mark::Message(c, seq), Mark::Message(conversation, new)) if c == conversation => {
                *seq = (*seq).max(*new);
                return;
            }
            (Mark::Channel(c, version), Mark::Channel(channel, new)) if c == channel => {
                *version = (*version).max(*new);
                return;
            }
            _ => {}
        }
    }
    marks.push(mark);
}

impl ReplyTo for Conn {
    fn lane(&self) -> usize {
        self.lane
    }

    fn reply(&self, r: u64, result: &WriteResult) {
        contained(self, || self.door.reply(self, r, result));
    }
}

impl std::fmt::Debug for Conn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Conn({}, {:?}, {:?})", self.id, self.door.name(), self.user())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_no_larger_than_it_was() {
        assert!(size_of::<Conn>() <= 232, "{}", size_of::<Conn>());
    }
}
