//! The scenarios, one file each, and what they share: the server under test, the engine towards
//! it, signed-in crowds of users, and the line that a scenario fills.

mod courier;
mod crowd;
mod day;
mod fanout;
mod group;
mod history;
mod idle;
mod inbox;
mod live;
mod marks;
mod mixed;
mod offline;
mod pairs;
mod poster;
mod push;
mod pusher;
mod reconnect;
mod setup;
mod shelf;
mod soak;
mod start;
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
    /// Idle connections: rate, memory, heartbeats, what is given back.
    Idle(idle::Options),
    /// One-to-one messages, durable, acknowledged and delivered.
    Pairs(pairs::Options),
    /// Durable messages to the desk, each delivered to every agent.
    Group(group::Options),
    /// One to everyone connected, round after round.
    Fanout(fanout::Options),
    /// Live events without storage, socket to socket.
    Live(live::Options),
    /// Live values without storage, pushed by a backend in batches.
    Push(push::Options),
    /// Messages to the absent, who then arrive all at once.
    Offline(offline::Options),
    /// All connections are reset at once and come back.
    Reconnect(reconnect::Options),
    /// Pages of history of a filled store.
    History(history::Options),
    /// Conversation lists of a filled store.
    Inbox(inbox::Options),
    /// A realistic day, compressed.
    Mixed(mixed::Options),
    /// A mixed day for a long time, with a verdict on what grew.
    Soak(soak::Options),
    /// Start to ready, memory and size of the binary; with --data on a full store.
    Start(start::Options),
}

impl Kind {
    /// Its name in results.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Kind::Idle(_) => "idle",
            Kind::Pairs(_) => "pairs",
            Kind::Group(_) => "group",
            Kind::Fanout(_) => "fanout",
            Kind::Live(_) => "live",
            Kind::Push(_) => "push",
            Kind::Offline(_) => "offline",
            Kind::Reconnect(_) => "reconnect",
            Kind::History(_) => "history",
            Kind::Inbox(_) => "inbox",
            Kind::Mixed(_) => "mixed",
            Kind::Soak(_) => "soak",
            Kind::Start(_) => "start",
        }
    }

    /// The scenario with its options.
    pub(crate) fn scenario(&self) -> &dyn Scenario {
        match self {
            Kind::Idle(options) => options,
            Kind::Pairs(options) => options,
            Kind::Group(options) => options,
            Kind::Fanout(options) => options,
            Kind::Live(options) => options,
            Kind::Push(options) => options,
            Kind::Offline(options) => options,
            Kind::Reconnect(options) => options,
            Kind::History(options) => options,
            Kind::Inbox(options) => options,
            Kind::Mixed(options) => options,
            Kind::Soak(options) => options,
            Kind::Start(options) => options,
        }
    }
}
