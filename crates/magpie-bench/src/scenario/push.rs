//! A backend pushes live values without storage, in batches over HTTP, to one receiver after the
//! other: deliveries a second, and how long each value takes from the moment its batch was due.

use anyhow::{Result, bail};
use clap::Args;

use super::{
    Arrival, Bench, Scenario,
    courier::{index, refused},
    poster::{Plan, Posters},
    window::{Stage, Window},
};
use crate::{
    engine::{Actor, Net, Standstill, Turn, latency::Latency, protocol::Incoming},
    result::Line,
    server_process::Grant,
    verify::{Ledger, Verdict},
};

/// Most values that the server takes in one request.
const BATCH_MAX: usize = 1_000;

/// Options of `push`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Connections that receive, one for each user.
    #[arg(long, default_value_t = 1_000)]
    receivers: usize,
    /// Values in one request.
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// Values a second over all requests (open loop); 0: each backend posts its next batch when
    /// everything of its last one has arrived.
    #[arg(long, default_value_t = 0)]
    rate: u64,
    /// Backends: threads with one HTTP connection each.
    #[arg(long, default_value_t = 4)]
    backends: usize,
}

impl Scenario for Options {
    fn run(&self, bench: &Bench) -> Result<Line> {
        if self.receivers == 0 || self.backends == 0 {
            bail!("--receivers and --backends have to be positive");
        }
        if !(1..=BATCH_MAX).contains(&self.batch) {
            bail!("--batch is 1 to {BATCH_MAX}");
        }
        if bench.protocol.name() != "native" {
            bail!("push has receivers of the native protocol only");
        }
        let load = if self.rate == 0 { String::new() } else { format!(" at {}/s", self.rate) };
        let name = format!("push {} by {}{load}", self.receivers, self.batch);
        let mut line = bench.line("push", name)?;
        line.param("receivers", self.receivers);
        line.param("batch", self.batch);
        line.param("rate_per_s", self.rate);
        line.param("backends", self.backends);
        let target = bench.target()?;
        let logins = bench.logins(&target, 0, self.receivers, Grant::default())?;
        let mut engine = bench.engine(&target)?;
        Arrival::of(&mut engine, logins)?;
        let plan = Plan {
            receivers: self.receivers,
            batch: self.batch,
            rate: self.rate,
            posters: self.backends,
            run: engine.net.settings.run,
        };
        let mut load = Load {
            window: Window::new(bench, &target),
            posters: Posters::start(plan, bench.clock, target.address, &target.key)?,
            stage: Stage::WarmUp,
            ledger: Ledger::default(),
            delivery: Latency::new()?,
        };
        engine.run(&mut load)?;
        let (waits, sent) = load.posters.finish()?;
        let verdict = load.settle(&sent, self.receivers)?;
        let (usage, counts) = load.window.measured(verdict)?;
        line.add([("deliveries_per_s", counts.delivered as f64 / usage.wall_s)]);
        line.add(load.delivery.figures("delivery"));
        line.add(waits.answer.figures("answer"));
        if self.rate > 0 {
            line.add(waits.lag.figures("send_lag"));
        }
        bench.add_usage(&mut line, usage, counts.delivered, self.rate == 0);
        line.judge(verdict);
        Ok(line)
    }
}

/// The receivers' side.
struct Load<'a> {
    window: Window<'a>,
    posters: Posters,
    stage: Stage,
    ledger: Ledger,
    delivery: Latency,
}

impl Load<'_> {
    /// The posters number by themselves; what they have sent is booked at the end.
    fn settle(&mut self, sent: &[u64], receivers: usize) -> Result<Verdict> {
        for (poster, sent) in sent.iter().enumerate() {
            for value in 0..*sent {
                let receiver = u32::try_from(value % receivers as u64)?;
                self.ledger.sent(index(poster), receiver);
            }
        }
        // A push has no acknowledgement of its own: that it arrived is the answer.
        let verdict = self.ledger.verdict();
        Ok(Verdict { acked: verdict.delivered, ..verdict })
    }

    fn counts(&self) -> Verdict {
        Verdict { sent: self.posters.sent(), ..self.ledger.counts() }
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
            Incoming::Delivery { stamp, .. } => {
                let receiver = net.login(id).index;
                if stamp.run == net.settings.run
                    && self.ledger.delivered(stamp.from, receiver, stamp.number)
                {
                    self.delivery.record(now_us.saturating_sub(stamp.due_us));
                    self.posters.arrived(stamp.from);
                }
                Ok(())
            }
            Incoming::Refused(why) => Err(refused(net, id, why)),
            _ => Ok(()),
        }
    }

    fn turn(&mut self, _: &mut Net, now_us: u64) -> Result<Turn> {
        let (stage, begins) = self.window.stage(now_us, self.counts())?;
        self.stage = stage;
        if begins {
            self.delivery.clear();
        }
        if stage == Stage::Draining {
            self.posters.stop();
            let counts = self.counts();
            if self.posters.have_ended() && counts.delivered >= counts.sent {
                return Ok(Turn::Done);
            }
        } else if self.posters.has_ended() {
            self.posters.finish()?;
            bail!("a backend has ended before its time");
        }
        Ok(Turn::Until(self.window.next_us()))
    }

    fn standstill(&mut self, _: &Net) -> Standstill {
        Standstill::Finish
    }
}
