//! Everybody is reset at once and comes back: time until each is connected, signed in, synced
//! from its cursor and has an answer to a first request. Meanwhile some of them are written to;
//! each such message has to arrive once, by resume or live.

use anyhow::{Result, bail};
use clap::Args;

use super::{
    Arrival, Bench, Scenario,
    courier::{Courier, index, refused},
    setup::micros,
};
use crate::{
    engine::{
        Actor, Net, Standstill, Turn,
        latency::Latency,
        protocol::{Ability, Incoming},
    },
    result::Line,
    server_process::Grant,
};

/// Options of `reconnect`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Connections that are reset.
    #[arg(long, default_value_t = 5_000)]
    connections: usize,
    /// How many of them are written to while they are away.
    #[arg(long, default_value_t = 200)]
    changed: usize,
    /// Connections that stay and write.
    #[arg(long, default_value_t = 4)]
    writers: usize,
    /// Seconds after which the run is given up.
    #[arg(long, default_value_t = 60.0)]
    within_s: f64,
}

impl Scenario for Options {
    fn run(&self, bench: &Bench) -> Result<Line> {
        let changed = self.changed.min(self.connections);
        if self.connections == 0 || (changed > 0 && self.writers == 0) {
            bail!("--connections has to be positive, and --writers too unless --changed is 0");
        }
        let mut line = bench.line("reconnect", format!("reconnect {}", self.connections))?;
        line.param("connections", self.connections);
        line.param("changed", changed);
        line.param("at_once", bench.common.at_once);
        let target = bench.target()?;
        let users = self.connections + self.writers;
        let logins = bench.logins(&target, 0, users, Grant::default())?;
        let mut engine = bench.engine(&target)?;
        Arrival::of(&mut engine, logins)?;
        engine.net.connect.clear();
        let mut back = Back {
            connections: self.connections,
            writers: self.writers,
            changed,
            written: 0,
            served: vec![false; self.connections],
            served_count: 0,
            retries: 0,
            begun_us: None,
            last_us: 0,
            within_us: micros(self.within_s),
            wait: Latency::new()?,
            courier: Courier::new(),
            pings: false,
        };
        let meter = bench.meter(&target)?;
        engine.run(&mut back)?;
        let usage = meter.usage()?;
        let took_s = back.last_us as f64 / 1e6;
        line.add([
            ("reconnect_s", took_s),
            ("served_per_s", self.connections as f64 / took_s),
            ("retries_total", back.retries as f64),
        ]);
        line.add(back.wait.figures("served"));
        line.add(engine.net.connect.figures("connect"));
        bench.add_usage(&mut line, usage, self.connections as u64, true);
        line.judge(back.courier.ledger.verdict());
        let missing = self.connections - back.served_count;
        if missing > 0 {
            line.fail(format!("{missing} of {} were not served", self.connections));
        }
        Ok(line)
    }
}

/// The phase from the resets to the last one served. Users and connections have the same numbers.
struct Back {
    connections: usize,
    writers: usize,
    changed: usize,
    written: usize,
    served: Vec<bool>,
    served_count: usize,
    retries: u64,
    begun_us: Option<u64>,
    last_us: u64,
    within_us: u64,
    wait: Latency,
    courier: Courier,
    pings: bool,
}

impl Back {
    fn reset_all(&mut self, net: &mut Net, now_us: u64) -> Result<()> {
        self.begun_us = Some(now_us);
        for id in 0..self.connections {
            net.close(id, true);
        }
        for id in 0..self.connections {
            net.open(id);
        }
        for writer in self.connections..self.connections + self.writers {
            self.write(net, writer)?;
        }
        Ok(())
    }

    /// The next message to one who is away: spread over all of them.
    fn write(&mut self, net: &mut Net, writer: usize) -> Result<()> {
        if self.written < self.changed {
            let receiver = self.written * self.connections / self.changed;
            self.written += 1;
            let now_us = net.now_us();
            self.courier.send(net, writer, index(receiver), now_us)?;
        }
        Ok(())
    }

    fn served(&mut self, id: usize, now_us: u64) {
        let Some(begun_us) = self.begun_us else { return };
        if id < self.connections && !self.served[id] {
            self.served[id] = true;
            self.served_count += 1;
            self.last_us = now_us - begun_us;
            self.wait.record(self.last_us);
        }
    }

    fn is_over(&self) -> bool {
        let counts = self.courier.ledger.counts();
        self.served_count == self.connections
            && self.written == self.changed
            && counts.delivered >= counts.sent
            && counts.acked >= counts.sent
    }
}

impl Actor for Back {
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
                let protocol = net.protocol.clone();
                self.pings = protocol.ping(net.outbox(id)) == Ability::Done;
                if !self.pings {
                    self.served(id, now_us);
                }
            }
            Incoming::Pong { .. } => self.served(id, now_us),
            Incoming::Delivery { stamp, .. } => {
                self.courier.arrived(net, index(id), stamp);
            }
            Incoming::Ack { .. } => {
                self.courier.ledger.acked();
                self.write(net, id)?;
            }
            Incoming::Refused(why) => return Err(refused(net, id, why)),
            _ => {}
        }
        Ok(())
    }

    fn turn(&mut self, net: &mut Net, now_us: u64) -> Result<Turn> {
        let Some(begun_us) = self.begun_us else {
            self.reset_all(net, now_us)?;
            return Ok(Turn::Until(now_us));
        };
        let is_late = now_us - begun_us > self.within_us;
        Ok(if is_late || self.is_over() { Turn::Done } else { Turn::Until(u64::MAX) })
    }

    /// A server under this load may refuse an attempt: clients try again.
    fn closed(&mut self, net: &mut Net, id: usize, why: &str) -> Result<()> {
        if id >= self.connections {
            bail!("the server closed a writer's connection: {why}");
        }
        self.retries += 1;
        net.open(id);
        Ok(())
    }

    fn standstill(&mut self, _: &Net) -> Standstill {
        Standstill::Finish
    }
}
