//! A realistic day, compressed: people come and go, write, read, type, look back, and a backend
//! pushes values. Two kinds of people; every message is verified, also across absences.

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::{
    Bench, Scenario,
    day::{Day, Profile},
    pusher::Pusher,
    setup::micros,
};
use crate::result::Line;

/// What kind of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// A messenger: most are there, they write and read.
    Im,
    /// A mini-program: short visits, much from the backend.
    MiniProgram,
}

/// Options of `mixed`, and of `soak`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// What kind of people.
    #[arg(long, value_enum, default_value = "im")]
    profile: Kind,
    /// How many.
    #[arg(long, default_value_t = 2_000)]
    users: usize,
    /// Messages a second, of all together.
    #[arg(long, default_value_t = 1_000.0)]
    sends_per_s: f64,
    /// Another number gives another day.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Scenario for Options {
    fn run(&self, bench: &Bench) -> Result<Line> {
        let mut line = bench.line("mixed", format!("mixed {}", self.words()))?;
        self.params(&mut line);
        let target = bench.target()?;
        let mut day = Day::new(self.people(), self.seed)?;
        let mut engine = day.begin(bench, &target)?;
        let pusher = Pusher::start(&target, self.people())?;
        day.spend(&mut engine, micros(bench.common.warm_up_s))?;
        day.clear();
        engine.net.connect.clear();
        let (before, meter) = (day.messages(), bench.meter(&target)?);
        day.spend(&mut engine, micros(bench.common.duration_s))?;
        let (after, usage) = (day.messages(), meter.usage()?);
        let pushed = pusher.stop()?;
        let delivered = after.delivered - before.delivered;
        line.add([
            ("delivered_per_s", delivered as f64 / usage.wall_s),
            ("acked_per_s", (after.acked - before.acked) as f64 / usage.wall_s),
        ]);
        line.add(day.counts().map(|(name, count)| (name, count as f64)));
        line.add([("pushes", pushed.count as f64)]);
        line.add(day.waits.figures());
        line.add(pushed.wait.figures("push"));
        line.add(engine.net.connect.figures("connect"));
        bench.add_usage(&mut line, usage, delivered, false);
        line.judge(day.end(&mut engine)?);
        Ok(line)
    }
}

impl Options {
    /// The people of this day.
    pub(super) fn people(&self) -> Profile {
        match self.profile {
            Kind::Im => Profile::messenger(self.users, self.sends_per_s),
            Kind::MiniProgram => Profile::mini_program(self.users, self.sends_per_s),
        }
    }

    /// For the line's name.
    pub(super) fn words(&self) -> String {
        let kind = match self.profile {
            Kind::Im => "im",
            Kind::MiniProgram => "mini-program",
        };
        format!("{kind} {} users at {}/s", self.users, self.sends_per_s)
    }

    /// Adds what was asked for.
    pub(super) fn params(&self, line: &mut Line) {
        line.param("users", self.users);
        line.param("sends_per_s", self.sends_per_s);
        line.param("stay_s", self.people().stay_s);
        line.param("away_s", self.people().away_s);
        line.param("seed", self.seed);
    }

    /// The seed of the day.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }
}
