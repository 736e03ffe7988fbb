//! SQLite keeps the promises of the store port, on a real file with every fsync.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{cell::Cell, sync::Arc};

use magpie_core::port::{CommitSink, Store};
use magpie_store::{OpenOptions, SqliteStore};
use magpie_testkit::conformance::{Subject, actions, run_actions};
use proptest::prelude::*;
use tempfile::TempDir;

/// A store that remembers no recent changes, so that every resume has to search its tables.
fn open_forgetful(sink: Arc<dyn CommitSink>) -> (Arc<dyn Store>, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions { recent_len_max: 0, ..OpenOptions::new(dir.path(), 7) };
    (Arc::new(SqliteStore::open(options, sink).unwrap()), dir)
}

fn open(sink: Arc<dyn CommitSink>) -> (Arc<dyn Store>, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(OpenOptions::new(dir.path(), 7), sink).unwrap();
    (Arc::new(store), dir)
}

mod with_recent_changes {
    magpie_testkit::store_conformance!(super::open);
}

mod without_recent_changes {
    magpie_testkit::store_conformance!(super::open_forgetful);
}

#[test]
fn random_talk_of_two_users_with_two_devices_agrees_with_the_model() {
    let (runs, subject) = (Cell::new(0), Subject::open(open));
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) };
    proptest!(config, |(actions in actions())| {
        runs.set(runs.get() + 1);
        run_actions(&subject, runs.get(), &actions);
    });
    assert!(runs.get() >= 300);
}
