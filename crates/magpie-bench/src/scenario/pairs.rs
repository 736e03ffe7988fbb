//! One-to-one messages, durable, acknowledged and delivered: closed loop with a window for each
//! sender, or open loop at a fixed rate whose latency counts from the moment a message was due.

use std::collections::VecDeque;

use anyhow::{Result, bail};
use clap::Args;

use super::{
    Arrival, Bench, Scenario, Target,
    courier::{Courier, index, refused},
    marks::Marks,
    window::{Stage, Window},
};
use crate::{
    engine::{Actor, Net, Standstill, Turn, latency::Latency, protocol::Incoming},
    result::Line,
    server_process::Grant,
};

/// Options of `pairs`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Users who write.
    #[arg(long, default_value_t = 500)]
    senders: usize,
    /// Messages that each has under way (closed loop).
    #[arg(long, default_value_t = 1)]
    window: usize,
    /// Messages a second over all senders (open loop); 0: closed loop.
    #[arg(long, default_value_t = 0)]
    rate: u64,
    /// Senders write to each other in twos; without it each writes to a user who only reads.
    #[arg(long)]
    mutual: bool,
}

impl Scenario for Options {
    fn run(&self, bench: &Bench) -> Result<Line> {
        if self.senders == 0 || self.window == 0 || (self.mutual && self.senders % 2 == 1) {
            bail!("--senders and --window have to be positive, and --senders even with --mutual");
        }
        let mut line = bench.line("pairs", self.name(bench))?;
        line.param("senders", self.senders);
        line.param("window", if self.rate == 0 { self.window } else { 0 });
        line.param("rate_per_s", self.rate);
        line.param("loop", if self.rate == 0 { "closed" } else { "open" });
        line.param("mutual", self.mutual);
        let target = bench.target()?;
        let users = if self.mutual { self.senders } else { 2 * self.senders };
        line.param("connections", users);
        let logins = bench.logins(&target, 0, users, Grant::default())?;
        let mut engine = bench.engine(&target)?;
        Arrival::of(&mut engine, logins)?;
        let mut load = Load::new(self, bench, &target)?;
        engine.run(&mut load)?;
        load.report(bench, &mut line)?;
        Ok(line)
    }
}

impl Options {
    fn name(&self, bench: &Bench) -> String {
        let load = match self.rate {
            0 => format!("{}x{}", self.senders, self.window),
            rate => format!("{} at {rate}/s", self.senders),
        };
        let mutual = if self.mutual { " mutual" } else { "" };
        let receipts = if bench.common.receipts { " receipts" } else { "" };
        format!("pairs {load}{mutual}{receipts}")
    }

    /// Users who write have even numbers, or all numbers when they write to each other. User and
    /// connection have the same number here, and write to the one that differs in the last bit.
    fn sender(&self, place: usize) -> usize {
        if self.mutual { place } else { 2 * place }
    }
}

/// The phase that loads.
struct Load<'a> {
    options: &'a Options,
    window: Window<'a>,
    courier: Courier,
    marks: Marks,
    acks: bool,
    stage: Stage,
    begun_us: Option<u64>,
    /// When each unanswered send of a connection was due.
    due_us: Vec<VecDeque<u64>>,
    /// Messages of the open loop so far.
    scheduled: u64,
    ack: Latency,
    delivery: Latency,
    send_lag: Latency,
}

impl<'a> Load<'a> {
    fn new(options: &'a Options, bench: &'a Bench, target: &'a Target) -> Result<Self> {
        Ok(Self {
            options,
            window: Window::new(bench, target),
            courier: Courier::new(),
            marks: Marks::new(bench.common.receipts),
            acks: bench.protocol.acks(),
            stage: Stage::WarmUp,
            begun_us: None,
            due_us: vec![VecDeque::new(); 2 * options.senders],
            scheduled: 0,
            ack: Latency::new()?,
            delivery: Latency::new()?,
            send_lag: Latency::new()?,
        })
    }

    fn send(&mut self, net: &mut Net, id: usize, due_us: u64) -> Result<()> {
        self.courier.send(net, id, index(id ^ 1), due_us)?;
        if self.acks {
            self.due_us[id].push_back(due_us);
        }
        Ok(())
    }

    /// A send was answered: the next one goes out in a closed loop.
    fn answered(&mut self, net: &mut Net, id: usize, now_us: u64) -> Result<()> {
        if self.options.rate == 0 && self.stage != Stage::Draining {
            self.send(net, id, now_us)?;
        }
        Ok(())
    }

    /// Sends what is due; gives when the next one is.
    fn keep_to_schedule(&mut self, net: &mut Net, begun_us: u64) -> Result<u64> {
        loop {
            let due_us = begun_us + self.scheduled * 1_000_000 / self.options.rate;
            let now_us = net.now_us();
            if due_us > now_us {
                return Ok(due_us);
            }
            let place = usize::try_from(self.scheduled)? % self.options.senders;
            self.send_lag.record(now_us - due_us);
            self.send(net, self.options.sender(place), due_us)?;
            self.scheduled += 1;
            if self.scheduled.is_multiple_of(64) {
                // Answers are read in between, also when the schedule is behind.
                return Ok(now_us);
            }
        }
    }

    fn report(&mut self, bench: &Bench, line: &mut Line) -> Result<()> {
        let (usage, counts) = self.window.measured(self.courier.ledger.counts())?;
        line.add([
            ("delivered_per_s", counts.delivered as f64 / usage.wall_s),
            ("acked_per_s", counts.acked as f64 / usage.wall_s),
        ]);
        line.add(self.ack.figures("ack"));
        line.add(self.delivery.figures("delivery"));
        line.add(self.send_lag.figures("send_lag"));
        bench.add_usage(line, usage, counts.delivered, self.options.rate == 0);
        line.judge(self.courier.ledger.verdict());
        Ok(())
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
            Incoming::Ack { .. } => {
                self.courier.ledger.acked();
                if let Some(due_us) = self.due_us[id].pop_front() {
                    self.ack.record(now_us.saturating_sub(due_us));
                }
                self.answered(net, id, now_us)
            }
            Incoming::Delivery { stamp, place } => {
                if !self.courier.arrived(net, index(id), stamp) {
                    return Ok(());
                }
                self.delivery.record(now_us.saturating_sub(stamp.due_us));
                self.marks.arrived(id, place);
                if self.acks {
                    return Ok(());
                }
                self.courier.ledger.acked();
                self.answered(net, stamp.from as usize, now_us)
            }
            Incoming::Refused(why) => Err(refused(net, id, why)),
            _ => Ok(()),
        }
    }

    fn turn(&mut self, net: &mut Net, now_us: u64) -> Result<Turn> {
        let counts = self.courier.ledger.counts();
        let (stage, begins) = self.window.stage(now_us, counts)?;
        self.stage = stage;
        if begins {
            self.ack.clear();
            self.delivery.clear();
            self.send_lag.clear();
        }
        if stage == Stage::Draining
            && counts.delivered >= counts.sent
            && counts.acked >= counts.sent
        {
            return Ok(Turn::Done);
        }
        let mut until_us = self.window.next_us().min(self.marks.turn(net, now_us)?);
        let is_first = self.begun_us.is_none();
        let begun_us = *self.begun_us.get_or_insert(now_us);
        if self.options.rate > 0 && stage != Stage::Draining {
            until_us = until_us.min(self.keep_to_schedule(net, begun_us)?);
        } else if self.options.rate == 0 && is_first {
            for place in 0..self.options.senders {
                for _ in 0..self.options.window {
                    self.send(net, self.options.sender(place), now_us)?;
                }
            }
        }
        Ok(Turn::Until(until_us))
    }

    fn standstill(&mut self, _: &Net) -> Standstill {
        Standstill::Finish
    }
}
