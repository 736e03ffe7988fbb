//! A mixed day for a long time: samples of memory, open files and latency along the way, and a
//! verdict at the end on what grew.

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde_json::{Map, Value, json};

use super::{Bench, Scenario, Target, day::Day, mixed, pusher::Pusher, setup::micros};
use crate::{
    result::Line,
    server_process::{Memory, ServerProcess},
};

/// Less than this is no growth, whatever its share.
const NOISE_KIB: f64 = 8.0 * 1024.0;

/// Options of `soak`.
#[derive(Debug, Clone, Args)]
#[group(id = "soak")]
pub(crate) struct Options {
    #[command(flatten)]
    day: mixed::Options,
    /// How long.
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
    /// Seconds between samples.
    #[arg(long, default_value_t = 60.0)]
    every_s: f64,
    /// Growth of memory between the second and the last quarter that fails the run.
    #[arg(long, default_value_t = 10.0)]
    growth_percent_max: f64,
}

/// One look at the server.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sample {
    rss_kib: f64,
    anonymous_kib: f64,
    open_files: f64,
}

impl Sample {
    fn of(target: &Target) -> Result<Self> {
        let pid = target.process.as_ref().map(ServerProcess::pid);
        let Some(pid) = pid else { bail!("memory is not seen with --url: use --server") };
        let memory = Memory::of(pid)?;
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).context("open files")?.count();
        Ok(Self {
            rss_kib: memory.rss_kib,
            anonymous_kib: memory.anonymous_kib,
            open_files: files as f64,
        })
    }
}

impl Scenario for Options {
    fn run(&self, bench: &Bench) -> Result<Line> {
        let rounds = self.rounds()?;
        let mut line =
            bench.line("soak", format!("soak {} min {}", self.minutes, self.day.words()))?;
        self.day.params(&mut line);
        line.param("minutes", self.minutes);
        let target = bench.target()?;
        let mut day = Day::new(self.day.people(), self.day.seed())?;
        let mut engine = day.begin(bench, &target)?;
        let pusher = Pusher::start(&target, self.day.people())?;
        day.spend(&mut engine, micros(bench.common.warm_up_s))?;
        let (before, meter) = (day.messages(), bench.meter(&target)?);
        let mut samples = Vec::new();
        for round in 1..=rounds {
            day.clear();
            day.spend(&mut engine, micros(self.every_s))?;
            let sample = Sample::of(&target)?;
            tell(round as f64 * self.every_s, sample, &day);
            samples.push(sample);
        }
        let (usage, after) = (meter.usage()?, day.messages());
        let pushed = pusher.stop()?;
        let delivered = after.delivered - before.delivered;
        line.add([
            ("delivered_per_s", delivered as f64 / usage.wall_s),
            ("pushes", pushed.count as f64),
        ]);
        line.add(
            day.waits.figures().into_iter().map(|(name, value)| (format!("last_{name}"), value)),
        );
        bench.add_usage(&mut line, usage, delivered, false);
        line.judge(day.end(&mut engine)?);
        self.judge(&mut line, &samples);
        Ok(line)
    }
}

impl Options {
    fn rounds(&self) -> Result<usize> {
        ensure!(self.every_s > 0.0, "--every-s has to be positive");
        let rounds = (self.minutes * 60.0 / self.every_s).floor();
        ensure!(
            rounds >= 4.0,
            "{} minutes are fewer than four samples of {} s: growth cannot be seen",
            self.minutes,
            self.every_s
        );
        Ok(rounds as usize)
    }

    /// Compares the last quarter with the second: the first fills caches.
    fn judge(&self, line: &mut Line, samples: &[Sample]) {
        let quarter = samples.len() / 4;
        let mean = |part: &[Sample], of: fn(&Sample) -> f64| {
            part.iter().map(of).sum::<f64>() / part.len().max(1) as f64
        };
        let (early, late) = (&samples[quarter..2 * quarter], &samples[samples.len() - quarter..]);
        let rss = |sample: &Sample| sample.rss_kib;
        let (from, to) = (mean(early, rss), mean(late, rss));
        let growth_percent = (to / from.max(1.0) - 1.0) * 100.0;
        line.add([
            ("early_rss_mib", from / 1024.0),
            ("late_rss_mib", to / 1024.0),
            ("late_anonymous_mib", mean(late, |sample| sample.anonymous_kib) / 1024.0),
            ("growth_percent", growth_percent),
            ("early_open_files", mean(early, |sample| sample.open_files)),
            ("late_open_files", mean(late, |sample| sample.open_files)),
        ]);
        if growth_percent > self.growth_percent_max && to - from > NOISE_KIB {
            line.fail(format!(
                "memory grew by {growth_percent:.1} %: from {:.1} to {:.1} MiB (the first quarter has \
                 to be long enough to fill the server's caches)",
                from / 1024.0,
                to / 1024.0
            ));
        }
    }
}

/// A line that is no result: `report` passes it over.
fn tell(at_s: f64, sample: Sample, day: &Day) {
    let figures: Map<String, Value> =
        day.waits.figures().into_iter().map(|(name, value)| (name, value.into())).collect();
    let messages = day.messages();
    println!(
        "{}",
        json!({
            "sample": "soak",
            "at_s": at_s,
            "rss_kib": sample.rss_kib,
            "anonymous_kib": sample.anonymous_kib,
            "open_files": sample.open_files,
            "sent": messages.sent,
            "delivered": messages.delivered,
            "figures": figures,
        })
    );
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    fn judged(rss_mib: &[f64]) -> Line {
        let sample = |mib: &f64| Sample {
            rss_kib: mib * 1024.0,
            anonymous_kib: mib * 1024.0,
            open_files: 10.0,
        };
        let samples: Vec<_> = rss_mib.iter().map(sample).collect();
        let mut line = crate::result::tests::line();
        Cli::parse_from(["soak"]).options.judge(&mut line, &samples);
        line
    }

    #[test]
    fn growth_after_the_first_quarter_fails_the_run_and_is_told() {
        let line = judged(&[30.0, 100.0, 120.0, 150.0]);
        assert!(!line.ok);
        let error = line.error.unwrap();
        assert!(error.contains("50.0 %: from 100.0 to 150.0 MiB"), "{error}");
    }

    #[test]
    fn warming_up_and_small_change_are_no_growth() {
        assert!(judged(&[30.0, 100.0, 104.0, 105.0]).ok, "caches filled first");
        assert!(judged(&[10.0, 20.0, 22.0, 26.0]).ok, "six MiB are noise");
        assert_eq!(judged(&[10.0, 100.0, 90.0, 50.0]).figures["growth_percent"], -50.0);
    }

    #[test]
    fn too_short_a_time_is_refused() {
        let options = Cli::parse_from(["soak", "--minutes", "2"]).options;
        assert!(options.rounds().unwrap_err().to_string().contains("four samples"));
    }
}
