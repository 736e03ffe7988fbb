//! The time of a load: warm-up, what is measured, and the end in which what is under way may
//! arrive. Shared by every scenario that loads for a while.

use anyhow::{Context as _, Result};

use super::setup::micros;
use crate::{
    engine::cpu::{Meter, Usage},
    scenario::{Bench, Target},
    verify::Verdict,
};

/// Where a load stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Loads, is not measured.
    WarmUp,
    /// Loads and is measured.
    Measured,
    /// Sends nothing more.
    Draining,
}

/// The times of one load.
pub(crate) struct Window<'a> {
    bench: &'a Bench,
    target: &'a Target,
    stage: Stage,
    begun_us: Option<u64>,
    meter: Option<Meter>,
    usage: Option<Usage>,
    from: Verdict,
    until: Verdict,
}

impl<'a> Window<'a> {
    /// Begins with the first [`Window::stage`].
    pub(crate) fn new(bench: &'a Bench, target: &'a Target) -> Self {
        Self {
            bench,
            target,
            stage: Stage::WarmUp,
            begun_us: None,
            meter: None,
            usage: None,
            from: Verdict::default(),
            until: Verdict::default(),
        }
    }

    /// The stage at this moment; `counts` are kept when it changes. The second value is true in
    /// the turn in which measuring begins.
    pub(crate) fn stage(&mut self, now_us: u64, counts: Verdict) -> Result<(Stage, bool)> {
        let begun_us = *self.begun_us.get_or_insert(now_us);
        let warm_us = begun_us + micros(self.bench.common.warm_up_s);
        let end_us = warm_us + micros(self.bench.common.duration_s);
        if self.stage == Stage::WarmUp && now_us >= warm_us {
            self.stage = Stage::Measured;
            self.meter = Some(self.bench.meter(self.target)?);
            self.from = counts;
            return Ok((self.stage, true));
        }
        if self.stage == Stage::Measured && now_us >= end_us {
            self.stage = Stage::Draining;
            self.usage = self.meter.map(|meter| meter.usage()).transpose()?;
            self.until = counts;
        }
        Ok((self.stage, false))
    }

    /// When the stage changes next.
    pub(crate) fn next_us(&self) -> u64 {
        let begun_us = self.begun_us.unwrap_or_default();
        let warm_us = begun_us + micros(self.bench.common.warm_up_s);
        match self.stage {
            Stage::WarmUp => warm_us,
            Stage::Measured => warm_us + micros(self.bench.common.duration_s),
            Stage::Draining => u64::MAX,
        }
    }

    /// What was used, and counted, while it was measured. A load that stood still before its time
    /// is measured until `counts`.
    pub(crate) fn measured(&mut self, counts: Verdict) -> Result<(Usage, Verdict)> {
        if self.usage.is_none() {
            let meter = self.meter.context("the load stood still before it was measured")?;
            self.usage = Some(meter.usage()?);
            self.until = counts;
        }
        let usage = self.usage.context("not measured")?;
        let counts = Verdict {
            sent: self.until.sent - self.from.sent,
            acked: self.until.acked - self.from.acked,
            delivered: self.until.delivered - self.from.delivered,
            ..Verdict::default()
        };
        Ok((usage, counts))
    }
}
