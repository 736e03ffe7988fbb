//! The in-memory store keeps the promises of the store port.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{cell::Cell, sync::Arc};

use magpie_core::port::store::CommitSink;
use magpie_testkit::{
    MemoryStore,
    conformance::{Subject, actions, run_actions},
};
use proptest::prelude::*;

fn open(sink: Arc<dyn CommitSink>) -> (Arc<dyn magpie_core::port::Store>, ()) {
    (Arc::new(MemoryStore::new(7, sink)), ())
}

magpie_testkit::store_conformance!(open);

#[test]
fn random_talk_of_two_users_with_two_devices_agrees_with_the_model() {
    let runs = Cell::new(0);
    proptest!(ProptestConfig::with_cases(10_000), |(actions in actions())| {
        runs.set(runs.get() + 1);
        run_actions(&Subject::open(open), runs.get(), &actions);
    });
    assert!(runs.get() >= 10_000);
}
