//! The in-memory store keeps the promises of the store port.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{cell::Cell, sync::Arc};

use magpie_core::port::store::{
    CommitSink, Op, Origin, Rejection, Store, StoreError, UserPatch, Write,
};
use magpie_proto::UserId;
use magpie_testkit::{
    MemoryStore, RecordingSink,
    conformance::{Subject, actions, run_actions, run_turns, turns},
};
use proptest::prelude::*;

fn open(sink: Arc<dyn CommitSink>) -> (Arc<dyn Store>, ()) {
    (Arc::new(MemoryStore::new(7, sink)), ())
}

magpie_testkit::store_conformance!(open);

fn put() -> Write {
    let (name, avatar, role, banned) = (None, None, None, None);
    let id = UserId::parse("a").unwrap();
    let patch = UserPatch { id, name, avatar, role, banned, now_ms: 1 };
    Write { op: Op::PutUser(patch), origin: Origin::None }
}

#[test]
fn a_delayed_store_tells_nobody_before_it_is_released() {
    let sink = Arc::new(RecordingSink::default());
    let store = MemoryStore::delayed(7, Arc::clone(&sink) as _);
    let (origin, mut answer) = Origin::call();
    store.submit(Write { origin, ..put() }).unwrap();
    store.submit(put()).unwrap();
    assert_eq!((sink.len(), store.position(), store.waiting()), (0, 0, 2));
    assert!(answer.try_recv().is_err());
    assert_eq!(store.release(), 2);
    assert!(answer.try_recv().unwrap().is_ok());
    assert_eq!((sink.take().len(), store.position(), store.waiting()), (1, 2, 0));
}

#[test]
fn a_commit_that_shall_fail_fails_once_and_keeps_nothing() {
    let sink = Arc::new(RecordingSink::default());
    let store = MemoryStore::new(7, Arc::clone(&sink) as _);
    store.fail_next(StoreError::Full);
    store.submit(put()).unwrap();
    assert_eq!(sink.take()[0].results[0].0, Err(Rejection::Store(StoreError::Full)));
    assert_eq!(store.position(), 0);
    store.submit(put()).unwrap();
    assert!(sink.take()[0].results[0].0.is_ok());
    store.refuse(Some(StoreError::Overloaded));
    assert_eq!(store.submit(put()), Err(StoreError::Overloaded));
    assert_eq!(store.health(), Err(StoreError::Overloaded));
}

#[test]
fn random_talk_of_two_users_with_two_devices_agrees_with_the_model() {
    let runs = Cell::new(0);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(10_000) };
    proptest!(config, |(actions in actions())| {
        runs.set(runs.get() + 1);
        run_actions(&Subject::open(open), runs.get(), &actions);
    });
    assert!(runs.get() >= 10_000);
}

#[test]
fn devices_converge_whatever_becomes_of_messages() {
    let runs = Cell::new(0);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) };
    proptest!(config, |(turns in turns())| {
        runs.set(runs.get() + 1);
        run_turns(&Subject::open(open), runs.get(), &turns);
    });
    assert!(runs.get() >= 1_000);
}
