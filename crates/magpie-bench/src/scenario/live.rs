//! Live events without storage, socket to socket: one of each pair types, the other is told.
//! Such an event carries nothing of the sender's, so the oldest one under way is taken to have
//! arrived; a newer one may replace an unsent older one, which then counts as lost here.

use std::collections::VecDeque;

use anyhow::{Result, bail};
use clap::Args;

use super::{
    Arrival, Bench, Scenario,
    courier::{Courier, index, refused},
    window::{Stage, Window},
};
use crate::{
    engine::{
        Actor, Engine, Net, Standstill, Turn,
        latency::Latency,
        protocol::{Ability, Incoming},
    },
    result::Line,
    server_process::Grant,
    verify::Verdict,
};

/// Options of `live`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Pairs of connections.
    #[arg(long, default_value_t = 1_000)]
    pairs: usize,
    /// Events a second over all pairs (open loop); 0: each pair again when its last one arrived.
    #[arg(long, default_value_t = 0)]
    rate: u64,
}

impl Scenario for Options {
    fn run(&self, bench: &Bench) -> Result<Line> {
        if self.pairs == 0 {
            bail!("--pairs has to be positive");
        }
        let load = if self.rate == 0 { String::new() } else { format!(" at {}/s", self.rate) };
        let mut line = bench.line("live", format!("live {}{load}", self.pairs))?;
        line.param("pairs", self.pairs);
        line.param("rate_per_s", self.rate);
        line.param("event", "typing");
        line.body_bytes = 0;
        let target = bench.target()?;
        let logins = bench.logins(&target, 0, 2 * self.pairs, Grant::default())?;
        let mut engine = bench.engine(&target)?;
        Arrival::of(&mut engine, logins)?;
        introduce(&mut engine, self.pairs)?;
        let mut load = Load {
            options: self,
            window: Window::new(bench, &target),
            stage: Stage::WarmUp,
            verdict: Verdict::default(),
            due_us: vec![VecDeque::new(); self.pairs],
            scheduled: 0,
            begun_us: None,
            delivery: Latency::new()?,
        };
        engine.run(&mut load)?;
        let (usage, counts) = load.window.measured(load.verdict)?;
        line.add([("deliveries_per_s", counts.delivered as f64 / usage.wall_s)]);
        line.add(load.delivery.figures("delivery"));
        bench.add_usage(&mut line, usage, counts.delivered, self.rate == 0);
        line.judge(load.verdict());
        Ok(line)
    }
}

/// Who types needs a conversation: each pair begins with one message.
fn introduce(engine: &mut Engine, pairs: usize) -> Result<()> {
    let mut greeting = Greeting { pairs, courier: Courier::new(), has_begun: false };
    engine.run(&mut greeting)?;
    if !greeting.courier.ledger.verdict().is_clean() {
        bail!("before the load: {}", greeting.courier.state());
    }
    Ok(())
}

/// The phase of the first messages.
struct Greeting {
    pairs: usize,
    courier: Courier,
    has_begun: bool,
}

impl Actor for Greeting {
    fn incoming(&mut self, net: &mut Net, id: usize, what: Incoming<'_>, _: u64) -> Result<()> {
        match what {
            Incoming::Delivery { stamp, .. } => {
                self.courier.arrived(net, index(id), stamp);
            }
            Incoming::Refused(why) => return Err(refused(net, id, why)),
            _ => {}
        }
        Ok(())
    }

    fn turn(&mut self, net: &mut Net, now_us: u64) -> Result<Turn> {
        if !self.has_begun {
            self.has_begun = true;
            for pair in 0..self.pairs {
                self.courier.send(net, 2 * pair, index(2 * pair + 1), now_us)?;
            }
        }
        let counts = self.courier.ledger.counts();
        let is_over = counts.delivered >= counts.sent;
        Ok(if is_over { Turn::Done } else { Turn::Until(u64::MAX) })
    }

    fn standstill(&mut self, _: &Net) -> Standstill {
        Standstill::Finish
    }
}

/// Even connections type, each to the next one.
struct Load<'a> {
    options: &'a Options,
    window: Window<'a>,
    stage: Stage,
    verdict: Verdict,
    due_us: Vec<VecDeque<u64>>,
    scheduled: u64,
    begun_us: Option<u64>,
    delivery: Latency,
}

impl Load<'_> {
    fn send(&mut self, net: &mut Net, pair: usize, due_us: u64) -> Result<()> {
        let protocol = net.protocol.clone();
        if protocol.typing(index(2 * pair + 1), net.outbox(2 * pair)) == Ability::Absent {
            bail!("the protocol {} has no typing events", protocol.name());
        }
        self.due_us[pair].push_back(due_us);
        self.verdict.sent += 1;
        Ok(())
    }

    fn verdict(&self) -> Verdict {
        let lost = self.due_us.iter().map(|waiting| waiting.len() as u64).sum();
        Verdict { acked: self.verdict.delivered, lost, ..self.verdict }
    }

    /// Sends what is due; gives when the next one is.
    fn keep_to_schedule(&mut self, net: &mut Net, begun_us: u64) -> Result<u64> {
        loop {
            let due_us = begun_us + self.scheduled * 1_000_000 / self.options.rate;
            let now_us = net.now_us();
            if due_us > now_us {
                return Ok(due_us);
            }
            let pair = usize::try_from(self.scheduled)? % self.options.pairs;
            self.send(net, pair, due_us)?;
            self.scheduled += 1;
            if self.scheduled.is_multiple_of(64) {
                return Ok(now_us);
            }
        }
    }
}

impl Actor for Load<'_> {
    fn incoming(
        &mut self,
        net: &mut Net,
        id: usize,
        what: Incoming<'_>,
        now_us: u64,
    ) -> Result<()> {
        match what {
            Incoming::Typing if id % 2 == 1 => {
                let pair = id / 2;
                match self.due_us[pair].pop_front() {
                    Some(due_us) => self.delivery.record(now_us.saturating_sub(due_us)),
                    None => self.verdict.duplicated += 1,
                }
                self.verdict.delivered += 1;
                if self.options.rate == 0 && self.stage != Stage::Draining {
                    self.send(net, pair, now_us)?;
                }
                Ok(())
            }
            Incoming::Refused(why) => Err(refused(net, id, why)),
            _ => Ok(()),
        }
    }

    fn turn(&mut self, net: &mut Net, now_us: u64) -> Result<Turn> {
        let (stage, begins) = self.window.stage(now_us, self.verdict)?;
        self.stage = stage;
        if begins {
            self.delivery.clear();
        }
        let is_first = self.begun_us.is_none();
        let begun_us = *self.begun_us.get_or_insert(now_us);
        let mut until_us = self.window.next_us();
        if stage == Stage::Draining {
            if self.verdict.delivered >= self.verdict.sent {
                return Ok(Turn::Done);
            }
        } else if self.options.rate > 0 {
            until_us = until_us.min(self.keep_to_schedule(net, begun_us)?);
        } else if is_first {
            (0..self.options.pairs).try_for_each(|pair| self.send(net, pair, now_us))?;
        }
        Ok(Turn::Until(until_us))
    }

    fn standstill(&mut self, _: &Net) -> Standstill {
        Standstill::Finish
    }
}
