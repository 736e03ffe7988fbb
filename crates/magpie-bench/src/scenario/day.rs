//! A day of people who come and go, write, read, type and look back, compressed into minutes.
//! Everything keeps to a schedule drawn from a dice; every message has to arrive once and in
//! order, live or when its receiver comes back.

mod person;
mod profile;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use anyhow::{Result, bail, ensure};

use super::{
    Bench, Target,
    courier::{Courier, index, refused},
};
use crate::{
    engine::{
        Actor, Engine, Net, Standstill, Turn, frame,
        latency::Latency,
        protocol::{Incoming, Place},
    },
    fill::dice::Dice,
    server_process::Grant,
    verify::Verdict,
};
use person::Person;
pub(super) use profile::{Event, Profile};

/// Requests of this scenario have numbers of their own, above those of messages.
const REQUESTS: u64 = 1 << 40;

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Until this time.
    Lives(u64),
    /// Nobody writes; everyone comes back and gets what is missing.
    Ends,
}

/// Latencies of a stretch of the day.
pub(super) struct Waits {
    pub(super) ack: Latency,
    pub(super) delivery: Latency,
    pub(super) history: Latency,
    pub(super) read: Latency,
}

impl Waits {
    fn new() -> Result<Self> {
        let new = Latency::new;
        Ok(Self { ack: new()?, delivery: new()?, history: new()?, read: new()? })
    }

    /// The usual figures of each.
    pub(super) fn figures(&self) -> Vec<(String, f64)> {
        let named = [
            ("ack", &self.ack),
            ("delivery", &self.delivery),
            ("history", &self.history),
            ("read", &self.read),
        ];
        named.into_iter().flat_map(|(name, waits)| waits.figures(name)).collect()
    }

    fn clear(&mut self) {
        for waits in [&mut self.ack, &mut self.delivery, &mut self.history, &mut self.read] {
            waits.clear();
        }
    }
}

/// The day. Person, connection and user have the same number.
pub(super) struct Day {
    profile: Profile,
    dice: Dice,
    people: Vec<Person>,
    courier: Courier,
    stage: Stage,
    /// When the next event of each kind is due.
    due_us: [u64; Event::ALL.len()],
    /// Who comes back, and when.
    returns: BinaryHeap<Reverse<(u64, usize)>>,
    requests: HashMap<u64, (Event, u64)>,
    next_request: u64,
    counts: [u64; Event::ALL.len()],
    pub(super) waits: Waits,
}

impl Day {
    /// Everybody knows each other; nobody is there yet.
    pub(super) fn new(profile: Profile, seed: u64) -> Result<Self> {
        ensure!(profile.users > 16, "--users has to be more than 16: everybody has eight friends");
        Ok(Self {
            dice: Dice::new(seed),
            people: (0..profile.users).map(|_| Person::default()).collect(),
            courier: Courier::new(),
            stage: Stage::Ends,
            due_us: [0; Event::ALL.len()],
            returns: BinaryHeap::new(),
            requests: HashMap::new(),
            next_request: REQUESTS,
            counts: [0; Event::ALL.len()],
            waits: Waits::new()?,
            profile,
        })
    }

    /// Signs everybody in; those who are not there in the morning leave again.
    pub(super) fn begin(&mut self, bench: &Bench, target: &Target) -> Result<Engine> {
        if bench.protocol.name() != "native" {
            bail!("a day needs cursors and receipts, which {} has not", bench.protocol.name());
        }
        let mut engine = bench.engine(target)?;
        for login in bench.logins(target, 0, self.profile.users, Grant::default())? {
            engine.net.add(login);
        }
        // Everybody has a cursor from the day before: without one a resume has no beginning.
        (0..self.profile.users).for_each(|id| engine.net.open(id));
        engine.run(self)?;
        let now_us = engine.net.now_us();
        for id in 0..self.profile.users {
            if self.dice.below(100) >= self.profile.there_percent() {
                engine.net.close(id, false);
                self.people[id].signed_in_us = u64::MAX;
                self.away(id, now_us);
            }
        }
        Ok(engine)
    }

    /// Lives for so long.
    pub(super) fn spend(&mut self, engine: &mut Engine, wait_us: u64) -> Result<()> {
        let now_us = engine.net.now_us();
        if self.stage == Stage::Ends {
            for event in Event::ALL {
                self.due_us[event as usize] = now_us + self.gap_us(event);
            }
        }
        self.stage = Stage::Lives(now_us + wait_us);
        engine.run(self)
    }

    /// Lets everybody come back and get what is under way.
    pub(super) fn end(&mut self, engine: &mut Engine) -> Result<Verdict> {
        self.stage = Stage::Ends;
        while let Some(Reverse((_, id))) = self.returns.pop() {
            engine.net.open(id);
        }
        engine.run(self)?;
        Ok(self.courier.ledger.verdict())
    }

    /// Forgets what was measured so far; messages stay in the book.
    pub(super) fn clear(&mut self) {
        self.waits.clear();
        self.counts = [0; Event::ALL.len()];
    }

    /// Sent, acknowledged and delivered so far.
    pub(super) fn messages(&self) -> Verdict {
        self.courier.ledger.counts()
    }

    /// How often each kind of event happened.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Event::ALL.into_iter().map(|event| (event.name(), self.counts[event as usize]))
    }

    fn gap_us(&mut self, event: Event) -> u64 {
        profile::gap_us(self.profile.per_s(event), self.dice.next())
    }

    fn away(&mut self, id: usize, now_us: u64) {
        let wait_us = profile::gap_us(1.0 / self.profile.away_s, self.dice.next());
        self.returns.push(Reverse((now_us + wait_us, id)));
    }

    /// Somebody who is there, if luck finds one.
    fn somebody(&mut self, net: &Net) -> Option<usize> {
        let place = self.dice.below(self.people.len() as u64);
        let id = usize::try_from(place).ok()?;
        net.is_open(id).then_some(id)
    }

    fn happen(&mut self, net: &mut Net, event: Event, due_us: u64) -> Result<()> {
        let Some(id) = self.somebody(net) else { return Ok(()) };
        self.counts[event as usize] += 1;
        match event {
            Event::Send => {
                let friend = person::friend(id, self.dice.next(), self.people.len());
                if self.dice.below(3) == 0 && self.people[id].talks_to.contains(&friend) {
                    let _ = net.protocol.clone().typing(index(friend), net.outbox(id));
                }
                self.courier.send(net, id, index(friend), due_us)?;
                self.people[id].unanswered.push_back((due_us, friend));
            }
            Event::Leave => self.leave(net, id),
            Event::Read => {
                if let Some(place) = self.people[id].unread.take() {
                    self.ask(net, id, event, due_us, &read(place));
                }
            }
            Event::History => {
                if let Some(conversation) = self.people[id].newest_conversation() {
                    let c = String::from_utf8_lossy(&conversation).into_owned();
                    let page = format!(r#""t":"history","c":"{c}","limit":50"#);
                    self.ask(net, id, event, due_us, &page);
                }
            }
            Event::Ping => {
                let _ = net.protocol.clone().ping(net.outbox(id));
            }
        }
        Ok(())
    }

    /// A phone loses its network or its owner closes the page; not in the middle of a send, which
    /// its client would have to repeat.
    fn leave(&mut self, net: &mut Net, id: usize) {
        if self.people[id].unanswered.is_empty() {
            let reset = self.dice.below(2) == 0;
            net.close(id, reset);
            // What a resume brings was not live.
            self.people[id].signed_in_us = u64::MAX;
            let now_us = net.now_us();
            self.away(id, now_us);
        }
    }

    fn ask(&mut self, net: &mut Net, id: usize, event: Event, due_us: u64, request: &str) {
        self.next_request += 1;
        self.requests.insert(self.next_request, (event, due_us));
        let number = self.next_request;
        frame::push_with(net.outbox(id), |out| {
            out.extend_from_slice(format!(r#"{{"r":{number},{request}}}"#).as_bytes());
        });
    }

    fn arrived(
        &mut self,
        net: &Net,
        id: usize,
        stamp: crate::engine::stamp::Stamp,
        place: Option<Place>,
        now_us: u64,
    ) {
        // Own messages come back with a resume; what was seen comes again with one.
        if stamp.from == index(id) || !self.people[id].sees(place) {
            return;
        }
        if self.courier.arrived(net, index(id), stamp) && self.people[id].is_live(stamp.due_us) {
            self.waits.delivery.record(now_us.saturating_sub(stamp.due_us));
        }
    }

    fn lives(&mut self, net: &mut Net, now_us: u64) -> Result<u64> {
        let mut next_us = u64::MAX;
        for event in Event::ALL {
            // A few at a time: answers are read in between.
            for _ in 0..64 {
                let due_us = self.due_us[event as usize];
                if due_us > now_us {
                    break;
                }
                self.due_us[event as usize] = due_us + self.gap_us(event);
                self.happen(net, event, due_us)?;
            }
            next_us = next_us.min(self.due_us[event as usize]);
        }
        while let Some(Reverse((due_us, id))) = self.returns.peek().copied() {
            if due_us > now_us {
                next_us = next_us.min(due_us);
                break;
            }
            self.returns.pop();
            net.open(id);
        }
        Ok(next_us)
    }
}

impl Actor for Day {
    fn incoming(
        &mut self,
        net: &mut Net,
        id: usize,
        what: Incoming<'_>,
        now_us: u64,
    ) -> Result<()> {
        match what {
            Incoming::SignedIn { cursor } => {
                net.login(id).cursor = cursor.to_vec();
                self.people[id].signed_in_us = now_us;
            }
            Incoming::Pong { cursor } if !cursor.is_empty() => {
                net.login(id).cursor = cursor.to_vec();
            }
            Incoming::Ack { .. } => {
                self.courier.ledger.acked();
                if let Some((due_us, friend)) = self.people[id].unanswered.pop_front() {
                    self.people[id].talks_to.insert(friend);
                    self.waits.ack.record(now_us.saturating_sub(due_us));
                }
            }
            Incoming::Delivery { stamp, place } => self.arrived(net, id, stamp, place, now_us),
            Incoming::Reply { request, .. } => {
                let waits = match self.requests.remove(&request) {
                    Some((Event::History, due_us)) => Some((&mut self.waits.history, due_us)),
                    Some((_, due_us)) => Some((&mut self.waits.read, due_us)),
                    None => None,
                };
                if let Some((waits, due_us)) = waits {
                    waits.record(now_us.saturating_sub(due_us));
                }
            }
            Incoming::Hole { .. } => bail!(
                "a resume left places out: somebody missed more than 50 messages of one friend; \
                 lower --rate or raise --users"
            ),
            Incoming::Refused(why) => return Err(refused(net, id, why)),
            _ => {}
        }
        Ok(())
    }

    fn turn(&mut self, net: &mut Net, now_us: u64) -> Result<Turn> {
        match self.stage {
            Stage::Lives(until_us) if now_us >= until_us => Ok(Turn::Done),
            Stage::Lives(until_us) => Ok(Turn::Until(self.lives(net, now_us)?.min(until_us))),
            Stage::Ends => {
                let counts = self.courier.ledger.counts();
                let settled = counts.delivered >= counts.sent && counts.acked >= counts.sent;
                let all_there = net.open_count() == self.people.len();
                Ok(if settled && all_there { Turn::Done } else { Turn::Until(u64::MAX) })
            }
        }
    }

    fn standstill(&mut self, net: &Net) -> Standstill {
        if self.stage == Stage::Ends && net.open_count() == self.people.len() {
            return Standstill::Finish;
        }
        Standstill::Fail(self.courier.state())
    }
}

/// The request that marks everything up to a place as read.
fn read(place: Place) -> String {
    let conversation = String::from_utf8_lossy(&place.conversation).into_owned();
    format!(r#""t":"receipt","read":[["{conversation}",{}]]"#, place.seq)
}
