//! The load engine: one thread, one epoll, many connections. It opens, signs in, cuts incoming
//! bytes into frames and hands what they say to an actor (a scenario's phase), then writes what
//! the actor left in the outboxes: one read and one write per connection and wake-up.

pub(crate) mod clock;
mod conn;
pub(crate) mod cpu;
pub(crate) mod frame;
pub(crate) mod latency;
mod net;
pub(crate) mod protocol;
pub(crate) mod stamp;
mod wake;

use std::rc::Rc;

use anyhow::{Result, anyhow, bail};

pub(crate) use net::{Net, Settings};

use clock::Clock;
use conn::{Readiness, State};
use frame::Frame;
use protocol::{Incoming, Protocol};

/// Bytes read at once; one buffer for all connections.
const READ_BYTES: usize = 256 * 1024;
/// Longest sleep, so that a standstill is noticed.
const NAP_US: u64 = 100_000;

/// When an actor wants its next turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// At this time, or when something arrives.
    Until(u64),
    /// Its phase is over.
    Done,
}

/// What happens when nothing arrived for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standstill {
    /// It is a failure; says what was waited for.
    Fail(String),
    /// The phase ends; what has not arrived is lost.
    Finish,
    /// It is expected.
    Ignore,
}

/// One phase of a scenario.
pub(crate) trait Actor {
    /// A connection tells something. [`Incoming::SignedIn`] comes once per connection.
    fn incoming(&mut self, net: &mut Net, id: usize, what: Incoming<'_>, now_us: u64)
    -> Result<()>;

    /// Called after each batch of events: send what is due, say when there is more.
    fn turn(&mut self, net: &mut Net, now_us: u64) -> Result<Turn>;

    /// The server closed a connection.
    fn closed(&mut self, _net: &mut Net, id: usize, why: &str) -> Result<()> {
        bail!("the server closed connection {id}: {why}")
    }

    /// Nothing has arrived on any connection for the time of [`Settings::standstill_us`].
    fn standstill(&mut self, net: &Net) -> Standstill;
}

/// Connections and the loop over them.
pub(crate) struct Engine {
    /// The connections.
    pub(crate) net: Net,
    buffer: Vec<u8>,
    heard_us: u64,
}

impl Engine {
    /// Without a connection.
    pub(crate) fn new(
        settings: Settings,
        protocol: Rc<dyn Protocol>,
        clock: Clock,
    ) -> Result<Self> {
        let net = Net::new(settings, protocol, clock)?;
        Ok(Self { net, buffer: vec![0; READ_BYTES], heard_us: clock.now_us() })
    }

    /// Runs a phase until its actor is done, or something goes wrong.
    pub(crate) fn run(&mut self, actor: &mut dyn Actor) -> Result<()> {
        self.heard_us = self.net.now_us();
        let mut ready = Vec::new();
        loop {
            self.net.open_waiting()?;
            let now_us = self.net.now_us();
            let turn = actor.turn(&mut self.net, now_us)?;
            self.flush(actor)?;
            let Turn::Until(until_us) = turn else { return Ok(()) };
            let until_us =
                self.net.next_open_us().map_or(until_us, |open_us| open_us.min(until_us));
            let now_us = self.net.now_us();
            ready.clear();
            self.net.wait(until_us.min(now_us + NAP_US), now_us, &mut ready)?;
            for readiness in ready.iter().copied() {
                self.ready(readiness, actor)?;
            }
            if self.net.now_us().saturating_sub(self.heard_us) > self.net.standstill_us() {
                match actor.standstill(&self.net) {
                    Standstill::Ignore => self.heard_us = self.net.now_us(),
                    Standstill::Finish => return Ok(()),
                    Standstill::Fail(what) => {
                        let seconds = self.net.standstill_us() / 1_000_000;
                        bail!("nothing arrived for {seconds} s: {what}; {}", self.net.states());
                    }
                }
            }
        }
    }

    /// Writes what actors left, and tells them whose connection did not take it.
    fn flush(&mut self, actor: &mut dyn Actor) -> Result<()> {
        while let Some((id, why)) = self.net.flush() {
            self.net.drop_conn(id);
            actor.closed(&mut self.net, id, &why)?;
        }
        Ok(())
    }

    fn ready(&mut self, readiness: Readiness, actor: &mut dyn Actor) -> Result<()> {
        let id = readiness.id;
        if self.net.is_stale(readiness) {
            return Ok(());
        }
        if readiness.writable
            && let Err(error) = self.net.writable(id)
        {
            return self.lost(id, actor, &error.to_string());
        }
        if readiness.readable {
            let mut buffer = std::mem::take(&mut self.buffer);
            let done = self.read(readiness, &mut buffer, actor);
            self.buffer = buffer;
            done?;
        }
        self.flush(actor)
    }

    fn lost(&mut self, id: usize, actor: &mut dyn Actor, why: &str) -> Result<()> {
        self.net.drop_conn(id);
        actor.closed(&mut self.net, id, why)
    }

    /// Reads until the socket is empty. A read that does not fill the buffer emptied it: epoll
    /// tells again when more comes.
    fn read(
        &mut self,
        readiness: Readiness,
        buffer: &mut [u8],
        actor: &mut dyn Actor,
    ) -> Result<()> {
        let id = readiness.id;
        loop {
            let count = match self.net.conn(id).read(buffer) {
                Ok(Some(0)) => return self.lost(id, actor, "end of the stream"),
                Ok(Some(count)) => count,
                Ok(None) => return Ok(()),
                Err(error) => return self.lost(id, actor, &error.to_string()),
            };
            self.heard_us = self.net.now_us();
            let mut rest = self.net.conn(id).take_partial();
            let taken = if rest.is_empty() {
                let taken = self.frames(id, &buffer[..count], actor)?;
                rest.extend_from_slice(&buffer[taken..count]);
                0
            } else {
                rest.extend_from_slice(&buffer[..count]);
                self.frames(id, &rest, actor)?
            };
            rest.drain(..taken);
            if !self.net.is_alive(id) {
                return Ok(());
            }
            self.net.conn(id).keep_partial(rest);
            if count < buffer.len() && !readiness.ended {
                return Ok(());
            }
        }
    }

    /// Handles every whole frame; gives how many bytes they took.
    fn frames(&mut self, id: usize, bytes: &[u8], actor: &mut dyn Actor) -> Result<usize> {
        let mut at = 0;
        if self.net.conn(id).state == State::Upgrading {
            let Some(length) = conn::upgraded(bytes).map_err(|why| anyhow!("handshake: {why}"))?
            else {
                return Ok(0);
            };
            at = length;
            self.net.upgraded(id);
            if self.net.conn(id).state == State::Open {
                actor.incoming(
                    &mut self.net,
                    id,
                    Incoming::SignedIn { cursor: b"" },
                    self.heard_us,
                )?;
            }
        }
        let protocol = self.net.protocol.clone();
        while let Some((frame, length)) = frame::first(&bytes[at..]) {
            at += length;
            match frame {
                Frame::Message(payload) => self.message(id, &*protocol, payload, actor)?,
                Frame::Ping(payload) => frame::push_pong(self.net.outbox(id), payload),
                Frame::Pong => {}
                Frame::Close(code) => {
                    self.lost(id, actor, &format!("close code {code}"))?;
                    return Ok(bytes.len());
                }
                Frame::Odd(first) => {
                    bail!(
                        "connection {id}: a frame that starts with {first:#x}: fragments and masked frames are not read here"
                    )
                }
            }
            if !self.net.is_alive(id) {
                return Ok(bytes.len());
            }
        }
        Ok(at)
    }

    fn message(
        &mut self,
        id: usize,
        protocol: &dyn Protocol,
        payload: &[u8],
        actor: &mut dyn Actor,
    ) -> Result<()> {
        let mut done = Ok(());
        let (net, now_us) = (&mut self.net, self.heard_us);
        protocol.read(payload, &mut |what| {
            if done.is_ok()
                && let Some(what) = net.heard(id, what)
            {
                done = actor.incoming(net, id, what, now_us);
            }
        });
        done
    }
}
