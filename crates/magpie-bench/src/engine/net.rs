//! All connections of the generator: opens them a few at a time, signs them in, keeps their
//! outboxes. What actors see of the engine.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
};

use anyhow::{Context as _, Result};

use super::{
    clock::Clock,
    conn::{Conn, Readiness, State},
    latency::Latency,
    protocol::{Ability, Incoming, Login, Protocol, Request},
    wake::Wake,
};

/// Addresses of the loopback network that connections start from: each has its own ports.
const SOURCES: usize = 8;

/// How connections are opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Where the server listens.
    pub(crate) address: SocketAddr,
    /// Handshakes under way at once.
    pub(crate) at_once: usize,
    /// Connections opened a second; 0: as fast as it goes.
    pub(crate) opens_per_s: u64,
    /// Silence on all connections that is a standstill.
    pub(crate) standstill_us: u64,
    /// Tag of this run's messages.
    pub(crate) run: u16,
}

/// All connections.
pub(crate) struct Net {
    pub(crate) protocol: Rc<dyn Protocol>,
    /// From opening the socket to being signed in and synced.
    pub(crate) connect: Latency,
    pub(crate) settings: Settings,
    conns: Vec<Conn>,
    clock: Clock,
    wake: Wake,
    dirty: Vec<usize>,
    waiting: VecDeque<usize>,
    under_way: usize,
    open: usize,
    next_open_us: u64,
}

impl Net {
    pub(crate) fn new(
        settings: Settings,
        protocol: Rc<dyn Protocol>,
        clock: Clock,
    ) -> Result<Self> {
        Ok(Self {
            protocol,
            connect: Latency::new()?,
            settings,
            conns: Vec::new(),
            clock,
            wake: Wake::new()?,
            dirty: Vec::new(),
            waiting: VecDeque::new(),
            under_way: 0,
            open: 0,
            next_open_us: 0,
        })
    }

    /// Microseconds of the generator's clock.
    pub(crate) fn now_us(&self) -> u64 {
        self.clock.now_us()
    }

    /// Adds a place for a connection; [`Net::open`] opens it. Gives its id: 0, 1, 2, ...
    pub(crate) fn add(&mut self, login: Login) -> usize {
        self.conns.push(Conn::new(login));
        self.conns.len() - 1
    }

    /// Opens a closed connection as soon as fewer handshakes are under way.
    pub(crate) fn open(&mut self, id: usize) {
        self.conns[id].state = State::Waiting;
        self.waiting.push_back(id);
    }

    /// Who a connection is.
    pub(crate) fn login(&mut self, id: usize) -> &mut Login {
        &mut self.conns[id].login
    }

    /// Ends a connection; `reset` throws away what is under way, on both sides.
    pub(crate) fn close(&mut self, id: usize, reset: bool) {
        self.forget(id);
        self.conns[id].close(reset);
    }

    /// Connections that are signed in.
    pub(crate) fn open_count(&self) -> usize {
        self.open
    }

    /// Connections that are signed in or on their way.
    pub(crate) fn wanted_count(&self) -> usize {
        self.conns.iter().filter(|conn| conn.state != State::Closed).count()
    }

    /// Whether this one is.
    pub(crate) fn is_open(&self, id: usize) -> bool {
        self.conns[id].state == State::Open
    }

    /// Where frames for a connection are put; they go out after the actor's turn.
    pub(crate) fn outbox(&mut self, id: usize) -> &mut Vec<u8> {
        let conn = &mut self.conns[id];
        if !conn.is_dirty {
            conn.is_dirty = true;
            self.dirty.push(id);
        }
        &mut conn.out
    }

    /// How many connections are in which state, for a person.
    pub(crate) fn states(&self) -> String {
        let count = |state| self.conns.iter().filter(|conn| conn.state == state).count();
        format!(
            "of {} connections {} are signed in, {} wait, {} connect, {} upgrade, {} sign in, {} are closed",
            self.conns.len(),
            self.open,
            count(State::Waiting),
            count(State::Connecting),
            count(State::Upgrading),
            count(State::SigningIn),
            count(State::Closed)
        )
    }

    pub(super) fn standstill_us(&self) -> u64 {
        self.settings.standstill_us
    }

    pub(super) fn conn(&mut self, id: usize) -> &mut Conn {
        &mut self.conns[id]
    }

    pub(super) fn is_alive(&self, id: usize) -> bool {
        !matches!(self.conns[id].state, State::Closed | State::Waiting)
    }

    pub(super) fn is_stale(&self, readiness: Readiness) -> bool {
        self.conns[readiness.id].generation != readiness.generation || !self.is_alive(readiness.id)
    }

    pub(super) fn wait(
        &mut self,
        until_us: u64,
        now_us: u64,
        ready: &mut Vec<Readiness>,
    ) -> Result<()> {
        self.wake.wait(until_us, now_us, ready)
    }

    /// When the next connection may be opened, if one waits for its time.
    pub(super) fn next_open_us(&self) -> Option<u64> {
        (!self.waiting.is_empty() && self.under_way < self.settings.at_once)
            .then_some(self.next_open_us)
    }

    /// Opens what may be opened now.
    pub(super) fn open_waiting(&mut self) -> Result<()> {
        while self.under_way < self.settings.at_once {
            let now_us = self.now_us();
            if self.settings.opens_per_s > 0 && now_us < self.next_open_us {
                return Ok(());
            }
            let Some(id) = self.waiting.pop_front() else { return Ok(()) };
            if self.conns[id].state != State::Waiting {
                continue;
            }
            if let Some(gap_us) = 1_000_000_u64.checked_div(self.settings.opens_per_s) {
                self.next_open_us = self.next_open_us.max(now_us.saturating_sub(10_000)) + gap_us;
            }
            let address = self.settings.address;
            let conn = &mut self.conns[id];
            conn.begun_us = now_us;
            conn.connect(address, source(address, id)).with_context(|| {
                format!("cannot connect to {address} (connection {id}): is the limit of open files reached?")
            })?;
            self.under_way += 1;
            if let Some(stream) = conn.stream() {
                self.wake.watch(stream, id, conn.generation)?;
            }
        }
        Ok(())
    }

    /// The socket takes bytes: connected, or ready for the rest of a write.
    pub(super) fn writable(&mut self, id: usize) -> std::io::Result<()> {
        if self.conns[id].state == State::Connecting {
            if let Some(error) =
                self.conns[id].stream().map_or(Ok(None), std::net::TcpStream::take_error)?
            {
                return Err(error);
            }
            let conn = &mut self.conns[id];
            conn.state = State::Upgrading;
            let request = self.protocol.request(&conn.login);
            write_request(&request, self.settings.address, &mut conn.out);
        }
        self.conns[id].write()
    }

    /// The upgrade is answered: signs in.
    pub(super) fn upgraded(&mut self, id: usize) {
        let protocol = self.protocol.clone();
        let login = std::mem::take(&mut self.conns[id].login);
        self.conns[id].state = State::SigningIn;
        if protocol.sign_in(&login, self.outbox(id)) == Ability::Absent {
            self.signed_in(id);
        }
        self.conns[id].login = login;
    }

    /// What an actor is told of this: the end of a sign-in is told once.
    pub(super) fn heard<'a>(&mut self, id: usize, what: Incoming<'a>) -> Option<Incoming<'a>> {
        if matches!(what, Incoming::SignedIn { .. }) {
            if self.conns[id].state != State::SigningIn {
                return None;
            }
            self.signed_in(id);
        }
        Some(what)
    }

    fn signed_in(&mut self, id: usize) {
        self.conns[id].state = State::Open;
        self.under_way -= 1;
        self.open += 1;
        self.connect.record(self.now_us() - self.conns[id].begun_us);
    }

    /// Writes all outboxes; stops at one that fails and says why.
    pub(super) fn flush(&mut self) -> Option<(usize, String)> {
        while let Some(id) = self.dirty.pop() {
            let conn = &mut self.conns[id];
            conn.is_dirty = false;
            if let Err(error) = conn.write() {
                return Some((id, error.to_string()));
            }
        }
        None
    }

    /// The other side has ended it.
    pub(super) fn drop_conn(&mut self, id: usize) {
        self.close(id, false);
    }

    fn forget(&mut self, id: usize) {
        match self.conns[id].state {
            State::Closed | State::Waiting => {}
            State::Connecting | State::Upgrading | State::SigningIn => self.under_way -= 1,
            State::Open => self.open -= 1,
        }
    }
}

/// Where a connection to this machine starts from.
fn source(address: SocketAddr, id: usize) -> Option<IpAddr> {
    let last = u8::try_from(2 + id % SOURCES).unwrap_or(2);
    let is_loopback = address.is_ipv4() && address.ip().is_loopback();
    is_loopback.then_some(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)))
}

fn write_request(request: &Request, host: SocketAddr, out: &mut Vec<u8>) {
    let mut text = format!(
        "GET {} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        request.target
    );
    if let Some(name) = request.subprotocol {
        text.push_str("Sec-WebSocket-Protocol: ");
        text.push_str(name);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    out.extend_from_slice(text.as_bytes());
}
