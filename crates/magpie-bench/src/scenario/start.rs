//! From start to ready, on an empty directory or on one that was filled before; the memory of a
//! server that has nothing to do; the size of its binary.

use anyhow::{Context as _, Result};
use clap::Args;

use super::{Bench, Scenario};
use crate::{result::Line, server_process::Memory};

/// Options of `start`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Seconds after which memory is looked at.
    #[arg(long, default_value_t = 1.0)]
    settle_s: f64,
}

impl Scenario for Options {
    fn run(&self, bench: &Bench) -> Result<Line> {
        let on = if bench.common.data.is_some() { "on a full store" } else { "empty" };
        let mut line = bench.line("start", format!("start {on}"))?;
        line.body_bytes = 0;
        let target = bench.target()?;
        let process = target.process.as_ref().context("start needs --server")?;
        line.add([("ready_ms", process.ready_ms), ("ready_from_outside_ms", process.wall_ms)]);
        std::thread::sleep(std::time::Duration::from_secs_f64(self.settle_s.max(0.0)));
        let memory = Memory::of(process.pid())?;
        line.add([("resident_mib", memory.rss_kib / 1024.0), ("pss_mib", memory.pss_kib / 1024.0)]);
        if let Some(binary) = &bench.common.server {
            let bytes = std::fs::metadata(binary)?.len();
            line.add([("binary_mib", bytes as f64 / 1024.0 / 1024.0)]);
        }
        Ok(line)
    }
}
