//! The scenarios, one file each, and what they share: the server under test, the engine towards
//! it, signed-in crowds of users, and the line that a scenario fills.

mod crowd;
mod marks;
mod pairs;
mod setup;
mod window;

use anyhow::Result;
use clap::Subcommand;

pub(crate) use crowd::Arrival;
pub(crate) use setup::{Bench, Common, Target};

use crate::result::Line;

/// A scenario: its options, and how it is run.
pub(crate) trait Scenario {
    /// Runs it once.
    fn run(&self, bench: &Bench) -> Result<Line>;
}

/// What to measure.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Kind {
    /// One-to-one messages, durable, acknowledged and delivered.
    Pairs(pairs::Options),
}

impl Kind {
    /// Its name in results.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Kind::Pairs(_) => "pairs",
        }
    }

    /// The scenario with its options.
    pub(crate) fn scenario(&self) -> &dyn Scenario {
        match self {
            Kind::Pairs(options) => options,
        }
    }
}
