//! SQLite keeps the promises of the store port, on a real file with every fsync.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{cell::Cell, sync::Arc, time::Duration};

use magpie_core::port::{CommitSink, Store};
use magpie_store::{OpenOptions, SqliteStore};
use magpie_testkit::conformance::{Subject, actions, run_actions, run_turns, turns};
use proptest::prelude::*;
use tempfile::TempDir;

fn open_with(
    sink: Arc<dyn CommitSink>,
    change: impl FnOnce(&mut OpenOptions),
) -> (Arc<dyn Store>, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let mut options = OpenOptions::new(dir.path(), 7);
    change(&mut options);
    (Arc::new(SqliteStore::open(options, sink).unwrap()), dir)
}

fn open(sink: Arc<dyn CommitSink>) -> (Arc<dyn Store>, TempDir) {
    open_with(sink, |_| {})
}

/// Remembers no recent changes, so that every resume has to search.
fn open_forgetful(sink: Arc<dyn CommitSink>) -> (Arc<dyn Store>, TempDir) {
    open_with(sink, |options| {
        options.recent_len_max = 0;
    })
}

/// Applies only when somebody has to wait for it, so that the tail answers.
fn open_lazy(sink: Arc<dyn CommitSink>) -> (Arc<dyn Store>, TempDir) {
    open_with(sink, |options| {
        options.apply_patience = Duration::from_secs(3_600);
        options.recent_len_max = 0;
    })
}

/// Applies at once, so that SQLite answers and the tail comes and goes.
fn open_eager(sink: Arc<dyn CommitSink>) -> (Arc<dyn Store>, TempDir) {
    open_with(sink, |options| {
        options.apply_patience = Duration::ZERO;
    })
}

mod with_recent_changes {
    magpie_testkit::store_conformance!(super::open);
}

mod without_recent_changes {
    magpie_testkit::store_conformance!(super::open_forgetful);
}

mod answered_by_the_tail {
    magpie_testkit::store_conformance!(super::open_lazy);
}

mod applied_at_once {
    magpie_testkit::store_conformance!(super::open_eager);
}

#[test]
fn random_talk_of_two_users_with_two_devices_agrees_with_the_model() {
    agrees_with_the_model(Subject::open(open));
}

#[test]
fn random_talk_agrees_with_the_model_when_the_tail_answers() {
    agrees_with_the_model(Subject::open(open_lazy));
}

#[test]
fn random_talk_agrees_with_the_model_when_the_tail_comes_and_goes() {
    agrees_with_the_model(Subject::open(open_eager));
}

#[test]
fn devices_converge_whatever_becomes_of_messages() {
    converges(Subject::open(open));
}

#[test]
fn devices_converge_when_every_resume_has_to_search() {
    converges(Subject::open(open_forgetful));
}

#[test]
fn devices_converge_when_the_tail_answers() {
    converges(Subject::open(open_lazy));
}

#[test]
fn devices_converge_when_the_tail_comes_and_goes() {
    converges(Subject::open(open_eager));
}

fn converges(subject: Subject) {
    let runs = Cell::new(0);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) };
    proptest!(config, |(turns in turns())| {
        runs.set(runs.get() + 1);
        run_turns(&subject, runs.get(), &turns);
    });
    assert!(runs.get() >= 100);
}

fn agrees_with_the_model(subject: Subject) {
    let runs = Cell::new(0);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) };
    proptest!(config, |(actions in actions())| {
        runs.set(runs.get() + 1);
        run_actions(&subject, runs.get(), &actions);
    });
    assert!(runs.get() >= 300);
}
