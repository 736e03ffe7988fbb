//! What is counted: the only list of the runs, by name.

use std::path::Path;

/// One run.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// What its instructions are.
    pub(super) counts: &'static str,
    /// The stand's word for it.
    pub(super) run: &'static str,
    pub(super) sessions: Option<u64>,
    pub(super) data: Data,
    /// Messages before the count, in the shorter run and in the longer run.
    pub(super) warm_up: u64,
    pub(super) short: u64,
    pub(super) long: u64,
    /// Only when named: takes minutes.
    pub(super) by_hand: bool,
}

// Below 2,000 messages in all, of two rows each: a layer of the store's tail that is full is applied at once, in the
// middle of a run, and what the database knows changes the price of the next look-up.

/// Where it stores.
#[derive(Debug, Clone, Copy)]
pub(super) enum Data {
    Nowhere,
    Empty,
    Filled(u64),
}

impl Scenario {
    pub(super) fn arguments(&self, data: &Path) -> Vec<String> {
        let numbers = [self.warm_up, self.short, self.long].map(|number| number.to_string());
        let mut arguments = vec![self.run.to_owned()];
        arguments.extend(numbers);
        arguments.extend(self.sessions.map(|sessions| sessions.to_string()));
        if !matches!(self.data, Data::Nowhere) {
            arguments.push(data.display().to_string());
        }
        arguments
    }
}

const fn codec() -> Scenario {
    Scenario {
        name: "codec",
        counts: "frame in and decoded, event and answer encoded",
        run: "codec",
        sessions: None,
        data: Data::Nowhere,
        warm_up: 64,
        short: 256,
        long: 4_352,
        by_hand: false,
    }
}

const fn gateway(name: &'static str, sessions: u64) -> Scenario {
    Scenario {
        name,
        counts: "bytes in to bytes out, without a store",
        run: "gateway",
        sessions: Some(sessions),
        data: Data::Nowhere,
        warm_up: 256,
        short: 256,
        long: 1_024,
        by_hand: false,
    }
}

const fn whole(name: &'static str, sessions: u64) -> Scenario {
    let counts = "bytes in to bytes out, stored in between, 64 in a commit";
    Scenario { counts, run: "whole", data: Data::Empty, ..gateway(name, sessions) }
}

const fn store(name: &'static str, data: Data, by_hand: bool) -> Scenario {
    Scenario {
        name,
        counts: "appended to the store, 64 in a commit",
        run: "store",
        sessions: None,
        data,
        warm_up: 256,
        short: 256,
        long: 1_024,
        by_hand,
    }
}

/// The longest first, so that all cores are done at the same time.
pub(super) const SCENARIOS: &[Scenario] = &[
    whole("whole-19000", 19_000),
    gateway("gateway-19000", 19_000),
    store("store-1m", Data::Filled(1_000_000), false),
    whole("whole-1000", 1_000),
    store("store-empty", Data::Empty, false),
    gateway("gateway-1000", 1_000),
    codec(),
    store("store-10m", Data::Filled(10_000_000), true),
];
