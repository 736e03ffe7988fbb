//! The gateway of one node as one value: core, identity, hub, lanes, settings, and the count of
//! open sockets. Opening, registering and closing connections go through here.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use magpie_auth::Authenticator;
use magpie_core::{Core, call, presence};
use magpie_proto::{CloseCode, Cursor};
use tokio::sync::Notify;

use crate::{
    conn::Conn, contain::contained, dialects::seats::Seats, door::Door, handshakes::Handshakes,
    hub::Hub, lane::SocketLane, outbox::Ending, roster::Roster, settings::Settings,
};

/// The gateway's shared state.
pub struct Gate {
    /// Rules and ports.
    pub core: Arc<Core>,
    /// Who is who.
    pub auth: Arc<Authenticator>,
    /// User -> connections.
    pub hub: Arc<Hub>,
    /// One lane per runtime.
    pub lanes: Vec<Arc<SocketLane>>,
    /// Limits and times.
    pub settings: Settings,
    /// Sockets of each user on dialects that cap them.
    pub seats: Arc<Seats>,
    rosters: Vec<Roster>,
    next_id: AtomicU64,
    open: AtomicUsize,
    moves: AtomicU64,
    /// Handshakes per address.
    pub handshakes: Handshakes,
    /// A slot became free, or the gate is draining.
    pub changed: Notify,
    draining: AtomicBool,
}

impl Gate {
    /// A gate over `lanes`, one for each runtime.
    #[must_use]
    pub fn new(
        core: Arc<Core>,
        auth: Arc<Authenticator>,
        hub: Arc<Hub>,
        lanes: Vec<Arc<SocketLane>>,
        settings: Settings,
    ) -> Self {
        let rosters = lanes.iter().map(|_| Roster::default()).collect();
        Self {
            core,
            auth,
            hub,
            lanes,
            settings,
            seats: Arc::default(),
            rosters,
            next_id: AtomicU64::new(1),
            open: AtomicUsize::new(0),
            moves: AtomicU64::new(0),
            handshakes: Handshakes::default(),
            changed: Notify::new(),
            draining: AtomicBool::new(false),
        }
    }

    /// Takes a socket slot; `None` at the limit or while draining.
    pub fn take_slot(self: &Arc<Self>) -> Option<Slot> {
        if self.draining() {
            return None;
        }
        let max = self.settings.limits.connections_max;
        let more = |open: usize| (open < max).then_some(open + 1);
        let taken = self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        self.moves.fetch_add(1, Ordering::Relaxed);
        taken.is_ok().then(|| Slot(self.clone()))
    }

    /// Ready when the gate drains.
    pub async fn until_draining(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.draining() {
                return;
            }
            changed.await;
        }
    }

    /// Ready when no socket is open.
    pub async fn until_empty(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.open_sockets() == 0 {
                return;
            }
            changed.await;
        }
    }

    /// How often a socket was opened or closed, plain HTTP included.
    #[must_use]
    pub fn moves(&self) -> u64 {
        self.moves.load(Ordering::Relaxed)
    }

    /// Open sockets, plain HTTP included.
    #[must_use]
    pub fn open_sockets(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// A new connection on runtime `lane`.
    #[must_use]
    pub fn new_conn(self: &Arc<Self>, lane: usize, door: &'static dyn Door) -> Arc<Conn> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let conn = Arc::new(Conn::new(id, lane, door, self.clone()));
        self.rosters[lane].add(&conn);
        metrics::gauge!("magpie_connections", "protocol" => door.name()).increment(1);
        conn
    }

    /// Makes an identified connection reachable.
    pub fn register(&self, conn: &Arc<Conn>) {
        self.look_soon(conn);
        if self.hub.add(conn, self.settings.limits.connections_per_user) {
            self.tell_presence(conn, true);
        }
        if self.draining() {
            conn.outbox.end(self.farewell());
        }
        if !self.rosters[conn.lane].holds(conn) {
            // It ended while its token was judged: `closed` was too early to find it in the hub.
            self.leave(conn);
        }
    }

    /// A connection ended.
    pub fn closed(self: &Arc<Self>, conn: &Arc<Conn>) {
        if !self.rosters[conn.lane].remove(conn) {
            return;
        }
        contained(conn, || conn.door.closing(self, conn));
        metrics::gauge!("magpie_connections", "protocol" => conn.door.name()).decrement(1);
        self.leave(conn);
    }

    fn leave(&self, conn: &Arc<Conn>) {
        self.hub.watch(conn, &[], &conn.take_watched());
        if let Some(user) = conn.user() {
            call::left(&self.core, user, conn.id);
        }
        if self.hub.remove(conn) {
            self.tell_presence(conn, false);
        }
    }

    /// Tells that the user of `conn` came or went. His sockets live on several runtimes: another
    /// one may have told the opposite between our change of the hub and our word, so the hub is
    /// asked again until the last word is the truth.
    fn tell_presence(&self, conn: &Conn, mut online: bool) {
        let Some(user) = conn.user() else { return };
        loop {
            if online {
                presence::came(&self.core, user);
            } else {
                presence::left(&self.core, user);
            }
            let now = self.core.presence.connections(user) > 0;
            if now == online {
                return;
            }
            online = now;
        }
    }

    /// The connections of one runtime.
    #[must_use]
    pub fn roster(&self, lane: usize) -> &Roster {
        &self.rosters[lane]
    }

    /// The next sweep looks at this connection.
    pub fn look_soon(&self, conn: &Conn) {
        self.rosters[conn.lane].look_at(conn, 0);
    }

    /// The cursor that covers everything put on the connections of this runtime.
    #[must_use]
    pub fn cursor(&self, position: u64) -> String {
        Cursor { epoch: self.core.store.epoch(), position }.encode()
    }

    /// Whether the server is going down.
    #[must_use]
    pub fn draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Stops accepting and says goodbye to everyone.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        self.changed.notify_waiters();
        for roster in &self.rosters {
            for conn in roster.all() {
                conn.outbox.end(self.farewell());
            }
        }
    }

    /// 1012 with a jittered wait, so that the clients of a big node do not all come back at once.
    fn farewell(&self) -> Ending {
        let wait_ms = 500 + self.core.ids.random() % 3_500;
        Ending { code: CloseCode::Draining.number(), reason: format!("retry_after_ms={wait_ms}") }
    }
}

/// The right to have a socket open; given back when dropped.
pub struct Slot(Arc<Gate>);

impl Drop for Slot {
    fn drop(&mut self) {
        let was = self.0.open.fetch_sub(1, Ordering::AcqRel);
        self.0.moves.fetch_add(1, Ordering::Relaxed);
        if was >= self.0.settings.limits.connections_max || self.0.draining() {
            self.0.changed.notify_waiters();
        }
    }
}
