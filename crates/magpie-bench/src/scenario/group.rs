//! Durable messages with many receivers: visitors write to the desk, every connected agent gets
//! each message, and the visitor its acknowledgement.

use std::collections::VecDeque;

use anyhow::{Result, bail};
use clap::Args;

use super::{
    Arrival, Bench, Scenario,
    courier::{Courier, index, refused},
    marks::Marks,
    window::{Stage, Window},
};
use crate::{
    engine::{
        Actor, Net, Standstill, Turn,
        latency::Latency,
        protocol::{Incoming, To},
    },
    result::Line,
    server_process::Grant,
};

/// Options of `group`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Receivers of each message.
    #[arg(long, default_value_t = 50)]
    agents: usize,
    /// Users who write.
    #[arg(long, default_value_t = 20)]
    visitors: usize,
    /// Messages that each visitor has under way.
    #[arg(long, default_value_t = 1)]
    window: usize,
}

impl Scenario for Options {
    fn run(&self, bench: &Bench) -> Result<Line> {
        if self.agents == 0 || self.visitors == 0 || self.window == 0 {
            bail!("--agents, --visitors and --window have to be positive");
        }
        let name = format!("group {} by {}x{}", self.agents, self.visitors, self.window);
        let mut line = bench.line("group", name)?;
        line.param("agents", self.agents);
        line.param("visitors", self.visitors);
        line.param("window", self.window);
        let target = bench.target()?;
        let agent = Grant { role: Some("agent"), ..Grant::default() };
        let mut logins = bench.logins(&target, 0, self.agents, agent)?;
        let first_visitor = index(self.agents);
        logins.extend(bench.logins(&target, first_visitor, self.visitors, Grant::default())?);
        let mut engine = bench.engine(&target)?;
        Arrival::of(&mut engine, logins)?;
        let mut load = Load {
            options: self,
            window: Window::new(bench, &target),
            courier: Courier::new(),
            marks: Marks::new(bench.common.receipts),
            stage: Stage::WarmUp,
            has_begun: false,
            due_us: vec![VecDeque::new(); self.visitors],
            ack: Latency::new()?,
            delivery: Latency::new()?,
        };
        engine.run(&mut load)?;
        let (usage, counts) = load.window.measured(load.courier.ledger.counts())?;
        line.add([
            ("deliveries_per_s", counts.delivered as f64 / usage.wall_s),
            ("acked_per_s", counts.acked as f64 / usage.wall_s),
        ]);
        line.add(load.ack.figures("ack"));
        line.add(load.delivery.figures("delivery"));
        bench.add_usage(&mut line, usage, counts.acked, true);
        line.judge(load.courier.ledger.verdict());
        Ok(line)
    }
}

/// Connections and users have the same numbers: agents first, then visitors.
struct Load<'a> {
    options: &'a Options,
    window: Window<'a>,
    courier: Courier,
    marks: Marks,
    stage: Stage,
    has_begun: bool,
    due_us: Vec<VecDeque<u64>>,
    ack: Latency,
    delivery: Latency,
}

impl Load<'_> {
    fn send(&mut self, net: &mut Net, visitor: usize, now_us: u64) -> Result<()> {
        let id = self.options.agents + visitor;
        let ledger = &mut self.courier.ledger;
        ledger.wrote();
        let agents = 0..index(self.options.agents);
        let number = agents.map(|agent| ledger.due(index(id), agent)).last().unwrap_or_default();
        self.due_us[visitor].push_back(now_us);
        self.courier.put(net, id, To::Desk, number, now_us)
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
            Incoming::Delivery { stamp, place } if id < self.options.agents => {
                if self.courier.arrived(net, index(id), stamp) {
                    self.delivery.record(now_us.saturating_sub(stamp.due_us));
                    self.marks.arrived(id, place);
                }
                Ok(())
            }
            Incoming::Ack { .. } => {
                self.courier.ledger.acked();
                let visitor = id - self.options.agents;
                if let Some(due_us) = self.due_us[visitor].pop_front() {
                    self.ack.record(now_us.saturating_sub(due_us));
                }
                if self.stage == Stage::Draining {
                    return Ok(());
                }
                self.send(net, visitor, now_us)
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
        }
        let owed = counts.sent * self.options.agents as u64;
        if stage == Stage::Draining && counts.acked >= counts.sent && counts.delivered >= owed {
            return Ok(Turn::Done);
        }
        if !self.has_begun {
            self.has_begun = true;
            for visitor in 0..self.options.visitors {
                for _ in 0..self.options.window {
                    self.send(net, visitor, now_us)?;
                }
            }
        }
        Ok(Turn::Until(self.window.next_us().min(self.marks.turn(net, now_us)?)))
    }

    fn standstill(&mut self, _: &Net) -> Standstill {
        Standstill::Finish
    }
}
