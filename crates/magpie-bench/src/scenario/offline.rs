//! Messages to users who are away, then all of them arrive at once and take what they missed by
//! resume: accepted a second, drained a second.

use anyhow::{Result, bail};
use clap::Args;

use super::{
    Arrival, Bench, Scenario,
    courier::{Courier, index, refused},
};
use crate::{
    engine::{Actor, Engine, Net, Standstill, Turn, latency::Latency, protocol::Incoming},
    result::Line,
    server_process::Grant,
};

/// A resume brings this many of a conversation; older ones would have to be paged.
const RESUMED_MAX: usize = 50;

/// Options of `offline`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Users who are away.
    #[arg(long, default_value_t = 1_000)]
    receivers: usize,
    /// Messages that each of them misses, all of one sender; at most 50.
    #[arg(long, default_value_t = 20)]
    each: usize,
    /// Users who write.
    #[arg(long, default_value_t = 8)]
    senders: usize,
    /// Messages that each sender has under way.
    #[arg(long, default_value_t = 32)]
    window: usize,
}

impl Scenario for Options {
    fn run(&self, bench: &Bench) -> Result<Line> {
        if self.receivers == 0 || self.senders == 0 || self.window == 0 {
            bail!("--receivers, --senders and --window have to be positive");
        }
        if self.each == 0 || self.each > RESUMED_MAX {
            bail!("--each is 1 to {RESUMED_MAX}: a resume brings no more of one conversation");
        }
        let mut line =
            bench.line("offline", format!("offline {}x{}", self.receivers, self.each))?;
        line.param("receivers", self.receivers);
        line.param("each", self.each);
        line.param("senders", self.senders);
        line.param("window", self.window);
        let target = bench.target()?;
        let users = self.receivers + self.senders;
        let mut logins = bench.logins(&target, 0, users, Grant::default())?;
        let senders = logins.split_off(self.receivers);
        let mut engine = bench.engine(&target)?;
        Arrival::of(&mut engine, logins)?;
        (0..self.receivers).for_each(|id| engine.net.close(id, false));
        Arrival::of(&mut engine, senders)?;

        let messages = (self.receivers * self.each) as u64;
        let mut courier = Courier::new();
        let meter = bench.meter(&target)?;
        self.write(&mut engine, &mut courier)?;
        let wrote = meter.usage()?;
        line.add([("accepted_per_s", messages as f64 / wrote.wall_s)]);
        if let Some(server_s) = wrote.server_s {
            line.add([("server_cpu_us_per_accepted", server_s * 1e6 / messages as f64)]);
        }
        engine.net.connect.clear();
        let meter = bench.meter(&target)?;
        self.drain(&mut engine, &mut courier, &mut line)?;
        let drained = meter.usage()?;
        line.add(engine.net.connect.figures("connect"));
        bench.add_usage(&mut line, drained, messages, true);
        line.judge(courier.ledger.verdict());
        Ok(line)
    }
}

impl Options {
    fn write(&self, engine: &mut Engine, courier: &mut Courier) -> Result<()> {
        engine.run(&mut Writing {
            options: self,
            courier,
            next: vec![0; self.senders],
            begun: false,
        })
    }

    fn drain(&self, engine: &mut Engine, courier: &mut Courier, line: &mut Line) -> Result<()> {
        let mut drain = Draining {
            options: self,
            courier,
            begun_us: None,
            last_us: 0,
            arrival: Latency::new()?,
        };
        engine.run(&mut drain)?;
        let counts = drain.courier.ledger.counts();
        let took_s = (drain.last_us as f64 / 1e6).max(1e-6);
        line.add([("drained_per_s", counts.delivered as f64 / took_s), ("drain_s", took_s)]);
        line.add(drain.arrival.figures("drain"));
        Ok(())
    }
}

/// Senders write to the absent. Connections and users: receivers first, then senders.
struct Writing<'a> {
    options: &'a Options,
    courier: &'a mut Courier,
    /// Messages that each sender has written.
    next: Vec<usize>,
    begun: bool,
}

impl Writing<'_> {
    /// Sender `s` writes to the receivers `s`, `s + senders`, ... in turn, `each` times around.
    fn send(&mut self, net: &mut Net, sender: usize) -> Result<()> {
        let own = (self.options.receivers - sender.min(self.options.receivers))
            .div_ceil(self.options.senders);
        let written = self.next[sender];
        if written >= own * self.options.each {
            return Ok(());
        }
        self.next[sender] += 1;
        let receiver = sender + (written % own) * self.options.senders;
        let now_us = net.now_us();
        self.courier.send(net, self.options.receivers + sender, index(receiver), now_us)
    }
}

impl Actor for Writing<'_> {
    fn incoming(&mut self, net: &mut Net, id: usize, what: Incoming<'_>, _: u64) -> Result<()> {
        match what {
            Incoming::Ack { .. } => {
                self.courier.ledger.acked();
                self.send(net, id - self.options.receivers)
            }
            Incoming::Refused(why) => Err(refused(net, id, why)),
            _ => Ok(()),
        }
    }

    fn turn(&mut self, net: &mut Net, _: u64) -> Result<Turn> {
        if !self.begun {
            self.begun = true;
            for sender in 0..self.options.senders {
                for _ in 0..self.options.window {
                    self.send(net, sender)?;
                }
            }
        }
        let wanted = (self.options.receivers * self.options.each) as u64;
        let is_over = self.courier.ledger.counts().acked >= wanted;
        Ok(if is_over { Turn::Done } else { Turn::Until(u64::MAX) })
    }

    fn standstill(&mut self, _: &Net) -> Standstill {
        Standstill::Fail(self.courier.state())
    }
}

/// All receivers arrive and take what they missed.
struct Draining<'a> {
    options: &'a Options,
    courier: &'a mut Courier,
    begun_us: Option<u64>,
    last_us: u64,
    arrival: Latency,
}

impl Actor for Draining<'_> {
    fn incoming(
        &mut self,
        net: &mut Net,
        id: usize,
        what: Incoming<'_>,
        now_us: u64,
    ) -> Result<()> {
        match what {
            Incoming::Delivery { stamp, .. } => {
                if self.courier.arrived(net, index(id), stamp) {
                    self.last_us = now_us - self.begun_us.unwrap_or(now_us);
                    self.arrival.record(self.last_us);
                }
                Ok(())
            }
            Incoming::Hole { from, to, .. } => {
                bail!(
                    "a resume left out the places {from} to {to} of a conversation with {} missed messages",
                    self.options.each
                )
            }
            Incoming::Refused(why) => Err(refused(net, id, why)),
            _ => Ok(()),
        }
    }

    fn turn(&mut self, net: &mut Net, now_us: u64) -> Result<Turn> {
        if self.begun_us.is_none() {
            self.begun_us = Some(now_us);
            (0..self.options.receivers).for_each(|id| net.open(id));
        }
        let counts = self.courier.ledger.counts();
        let all_open = net.open_count() >= self.options.receivers + self.options.senders;
        let is_over = all_open && counts.delivered >= counts.sent;
        Ok(if is_over { Turn::Done } else { Turn::Until(u64::MAX) })
    }

    /// What has not arrived by now is lost.
    fn standstill(&mut self, _: &Net) -> Standstill {
        Standstill::Finish
    }
}
