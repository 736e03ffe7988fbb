//! Idle connections: how fast they are opened, what each costs in memory, what their heartbeats
//! cost in processor time, and what is given back when all have left.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;

use super::{Arrival, Bench, Scenario, Target, courier::refused, setup::micros};
use crate::{
    engine::{
        Actor, Engine, Net, Standstill, Turn,
        protocol::{Ability, Incoming},
    },
    result::Line,
    server_process::{Grant, Memory, slab_kib},
    verify::Verdict,
};

/// Opened and closed before, so that what every server needs once is not counted.
const WARM_UP: usize = 64;
/// Memory has settled when it changed less than this between two looks.
const STEADY_KIB: f64 = 256.0;
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOOKS_MAX: usize = 30;

/// Options of `idle`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Connections, each of a user of its own who signs in for the first time.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// Seconds between two heartbeats of a connection; all are spread evenly.
    #[arg(long, default_value_t = 30.0)]
    heartbeat_s: f64,
    /// Seconds for which idle processor time is measured.
    #[arg(long, default_value_t = 30.0)]
    idle_s: f64,
}

impl Scenario for Options {
    fn run(&self, bench: &Bench) -> Result<Line> {
        if self.connections == 0 || self.heartbeat_s <= 0.0 {
            bail!("--connections and --heartbeat-s have to be positive");
        }
        let mut line = bench.line("idle", format!("idle {}", self.connections))?;
        line.param("connections", self.connections);
        line.param("heartbeat_s", self.heartbeat_s);
        line.param("at_once", bench.common.at_once);
        let target = bench.target()?;
        let mut logins = bench.logins(&target, 0, self.connections + WARM_UP, Grant::default())?;
        let mut engine = bench.engine(&target)?;
        let first = Arrival::of(&mut engine, logins.split_off(self.connections))?;
        (first..first + WARM_UP).for_each(|id| engine.net.close(id, false));
        let before = look(&target)?;

        let opening = bench.meter(&target)?;
        engine.net.connect.clear();
        let first = Arrival::of(&mut engine, logins)?;
        let opened = opening.usage()?;
        let count = self.connections as f64;
        line.add([("connect_per_s", count / opened.wall_s)]);
        line.add(engine.net.connect.figures("connect"));
        if let Some(server_s) = opened.server_s {
            line.add([("server_cpu_us_per_connect", server_s * 1e6 / count)]);
        }
        line.generator_bound = opened.generator_s / opened.wall_s > 0.9;
        let while_open = look(&target)?;
        add_growth(&mut line, before, while_open, count);

        let verdict = self.stay(bench, &target, &mut engine, first, &mut line)?;
        (first..first + self.connections).for_each(|id| engine.net.close(id, false));
        let after = look(&target)?;
        add_rest(&mut line, before, after);
        line.judge(verdict);
        Ok(line)
    }
}

impl Options {
    /// Heartbeats for a while.
    fn stay(
        &self,
        bench: &Bench,
        target: &Target,
        engine: &mut Engine,
        first: usize,
        line: &mut Line,
    ) -> Result<Verdict> {
        let mut beats = Heartbeats {
            first,
            connections: self.connections,
            gap_us: (micros(self.heartbeat_s) / self.connections.max(1) as u64).max(1),
            next: 0,
            begun_us: engine.net.now_us(),
            end_us: engine.net.now_us() + micros(self.idle_s),
            verdict: Verdict::default(),
        };
        let meter = bench.meter(target)?;
        engine.run(&mut beats)?;
        let usage = meter.usage()?;
        line.add([("generator_idle_cpu_percent", usage.generator_s / usage.wall_s * 100.0)]);
        if let Some(server_s) = usage.server_s {
            line.add([("idle_cpu_percent", server_s / usage.wall_s * 100.0)]);
        }
        let mut verdict = beats.verdict;
        verdict.lost = verdict.sent - verdict.acked;
        Ok(verdict)
    }
}

/// Memory of the server and of the kernel, in KiB.
#[derive(Debug, Clone, Copy)]
struct Look {
    server: Option<Memory>,
    kernel_kib: Option<f64>,
}

/// Once the server's memory has stopped changing.
fn look(target: &Target) -> Result<Look> {
    let Some(process) = &target.process else {
        return Ok(Look { server: None, kernel_kib: slab_kib() });
    };
    let mut last = Memory::of(process.pid())?;
    for _ in 0..LOOKS_MAX {
        std::thread::sleep(LOOK_EVERY);
        let now = Memory::of(process.pid())?;
        if (now.anonymous_kib - last.anonymous_kib).abs() < STEADY_KIB {
            return Ok(Look { server: Some(now), kernel_kib: slab_kib() });
        }
        last = now;
    }
    bail!("the server's memory does not settle: {last:?}")
}

fn add_growth(line: &mut Line, before: Look, after: Look, count: f64) {
    if let (Some(before), Some(after)) = (before.server, after.server) {
        line.add([
            ("memory_kib_per_connection", (after.pss_kib - before.pss_kib) / count),
            ("anonymous_kib_per_connection", (after.anonymous_kib - before.anonymous_kib) / count),
            ("memory_before_mib", before.pss_kib / 1024.0),
            ("memory_open_mib", after.pss_kib / 1024.0),
        ]);
    }
    // Sockets, files and buffers of both ends: on one machine they cannot be told apart.
    if let (Some(before), Some(after)) = (before.kernel_kib, after.kernel_kib) {
        line.add([("kernel_kib_per_connection_both_ends", (after - before) / count)]);
    }
}

fn add_rest(line: &mut Line, before: Look, after: Look) {
    if let (Some(before), Some(after)) = (before.server, after.server) {
        line.add([
            ("memory_after_mib", after.pss_kib / 1024.0),
            ("memory_after_over_before", after.pss_kib / before.pss_kib),
        ]);
    }
}

/// One ping after the other, evenly over all connections.
struct Heartbeats {
    first: usize,
    connections: usize,
    gap_us: u64,
    next: u64,
    begun_us: u64,
    end_us: u64,
    verdict: Verdict,
}

impl Actor for Heartbeats {
    fn incoming(&mut self, net: &mut Net, id: usize, what: Incoming<'_>, _: u64) -> Result<()> {
        match what {
            Incoming::Pong { .. } => self.verdict.acked += 1,
            Incoming::Refused(why) => return Err(refused(net, id, why)),
            _ => {}
        }
        Ok(())
    }

    fn turn(&mut self, net: &mut Net, now_us: u64) -> Result<Turn> {
        if now_us >= self.end_us {
            let all_answered = self.verdict.acked >= self.verdict.sent;
            return Ok(if all_answered { Turn::Done } else { Turn::Until(u64::MAX) });
        }
        let protocol = net.protocol.clone();
        loop {
            let due_us = self.begun_us + self.next * self.gap_us;
            if due_us > now_us {
                return Ok(Turn::Until(due_us.min(self.end_us)));
            }
            let place = usize::try_from(self.next)? % self.connections;
            self.next += 1;
            if protocol.ping(net.outbox(self.first + place)) == Ability::Absent {
                // Protocols without heartbeats are only quiet.
                self.begun_us = self.end_us;
                return Ok(Turn::Until(self.end_us));
            }
            self.verdict.sent += 1;
        }
    }

    fn standstill(&mut self, _: &Net) -> Standstill {
        if self.verdict.sent == 0 { Standstill::Ignore } else { Standstill::Finish }
    }
}
