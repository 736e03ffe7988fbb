//! One writes to everyone connected, again when the last one has it: deliveries a second, and how
//! long the last receiver waits.

use anyhow::{Result, bail};
use clap::Args;

use super::{
    Arrival, Bench, Scenario, Target,
    courier::{Courier, index, refused},
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

/// Options of `fanout`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Connections that receive.
    #[arg(long, default_value_t = 1_000)]
    receivers: usize,
}

impl Scenario for Options {
    fn run(&self, bench: &Bench) -> Result<Line> {
        if self.receivers == 0 {
            bail!("--receivers has to be positive");
        }
        let mut line = bench.line("fanout", format!("fanout {}", self.receivers))?;
        line.param("receivers", self.receivers);
        let target = bench.target()?;
        let mut logins = bench.logins(&target, 0, self.receivers, Grant::default())?;
        let speaker = Grant { permissions: &["broadcast"], ..Grant::default() };
        logins.extend(bench.logins(&target, index(self.receivers), 1, speaker)?);
        let mut engine = bench.engine(&target)?;
        Arrival::of(&mut engine, logins)?;
        let mut rounds = Rounds::new(self.receivers, bench, &target)?;
        engine.run(&mut rounds)?;
        let (usage, counts) = rounds.window.measured(rounds.courier.ledger.counts())?;
        line.add([
            ("deliveries_per_s", counts.delivered as f64 / usage.wall_s),
            ("rounds_per_s", counts.sent as f64 / usage.wall_s),
        ]);
        line.add(rounds.last.figures("last_receiver"));
        line.add(rounds.each.figures("delivery"));
        // A message of this scenario is one delivery.
        bench.add_usage(&mut line, usage, counts.delivered, true);
        line.judge(rounds.courier.ledger.verdict());
        Ok(line)
    }
}

/// Round after round. Connection and user `receivers` is the speaker.
struct Rounds<'a> {
    receivers: usize,
    window: Window<'a>,
    courier: Courier,
    stage: Stage,
    sent_us: u64,
    open: usize,
    acks: bool,
    last: Latency,
    each: Latency,
}

impl<'a> Rounds<'a> {
    fn new(receivers: usize, bench: &'a Bench, target: &'a Target) -> Result<Self> {
        Ok(Self {
            receivers,
            window: Window::new(bench, target),
            courier: Courier::new(),
            stage: Stage::WarmUp,
            sent_us: 0,
            open: 0,
            acks: bench.protocol.acks(),
            last: Latency::new()?,
            each: Latency::new()?,
        })
    }

    fn speak(&mut self, net: &mut Net) -> Result<()> {
        let ledger = &mut self.courier.ledger;
        ledger.wrote();
        let speaker = index(self.receivers);
        let number = (0..speaker).map(|to| ledger.due(speaker, to)).last().unwrap_or_default();
        self.open = self.receivers;
        self.sent_us = net.now_us();
        self.courier.put(net, self.receivers, To::Everyone, number, self.sent_us)
    }
}

impl Actor for Rounds<'_> {
    fn incoming(
        &mut self,
        net: &mut Net,
        id: usize,
        what: Incoming<'_>,
        now_us: u64,
    ) -> Result<()> {
        match what {
            Incoming::Delivery { stamp, .. } => {
                // The speaker hears itself: it is not one of the receivers.
                if id == self.receivers || !self.courier.arrived(net, index(id), stamp) {
                    return Ok(());
                }
                self.each.record(now_us.saturating_sub(stamp.due_us));
                self.open = self.open.saturating_sub(1);
                if self.open == 0 {
                    self.last.record(now_us.saturating_sub(self.sent_us));
                    if !self.acks {
                        self.courier.ledger.acked();
                    }
                }
            }
            Incoming::Reply { .. } | Incoming::Ack { .. } => self.courier.ledger.acked(),
            Incoming::Refused(why) => return Err(refused(net, id, why)),
            _ => {}
        }
        Ok(())
    }

    fn turn(&mut self, net: &mut Net, now_us: u64) -> Result<Turn> {
        let (stage, begins) = self.window.stage(now_us, self.courier.ledger.counts())?;
        self.stage = stage;
        if begins {
            self.last.clear();
            self.each.clear();
        }
        let counts = self.courier.ledger.counts();
        if self.open == 0 && counts.acked >= counts.sent {
            if stage == Stage::Draining {
                return Ok(Turn::Done);
            }
            self.speak(net)?;
        }
        Ok(Turn::Until(self.window.next_us()))
    }

    fn standstill(&mut self, _: &Net) -> Standstill {
        Standstill::Finish
    }
}
