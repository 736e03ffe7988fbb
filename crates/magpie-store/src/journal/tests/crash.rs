//! The power or the process goes at every call to the disk: what was committed is found again, in
//! order, once, and nothing else is.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{Known, append, open_sim, start};
use crate::journal::sim::{Op, Rng, Sim, State};

const BATCHES: u64 = 240;

/// Appends, releases and prepares as a server does, on a disk that calls `at_each` before each
/// change with what is known then.
fn run(seed: u64, at_each: impl Fn(&State, &Op, &Known) + Send + 'static) {
    let sim = Sim::default();
    let shared = Arc::new(Mutex::new(Known::default()));
    let hooked = Arc::clone(&shared);
    sim.hook(Some(Box::new(move |state, op| {
        let known = hooked.lock().clone();
        at_each(state, op, &known);
    })));
    let mut opened = open_sim(&sim, 0).expect("an empty disk");
    for round in 0..BATCHES {
        let mut known = shared.lock().clone();
        let next = super::Owned::after(known.last(), seed + round);
        shared.lock().tried.push(next);
        append(&mut opened.journal, &mut known, seed + round).expect("a sound disk");
        *shared.lock() = known;
        if round % 3 == 0 && opened.keeper.wanted() {
            opened.keeper.upkeep();
        }
        if round % 17 == 16 {
            let mut known = shared.lock();
            known.contained = known.last() - 9;
            let contained = known.contained;
            drop(known);
            opened.keeper.release(contained);
        }
    }
}

/// Starts, goes on, loses power and starts once more.
fn survive(sim: &Sim, mut known: Known, seed: u64) {
    let mut opened = start(sim, &mut known);
    for round in 0..4 {
        append(&mut opened.journal, &mut known, seed ^ (0xabcd + round)).expect("a sound disk");
        opened.keeper.upkeep();
    }
    let cut = Sim::of(sim.state.lock().cut(seed ^ 0x77));
    drop(opened);
    start(&cut, &mut known);
}

#[test]
fn a_power_cut_at_any_call_loses_nothing_that_was_committed() {
    run(1, |state, op, known| {
        for seed in 0..12 {
            survive(&state.after_power_cut(op, seed), known.clone(), seed);
        }
    });
}

#[test]
fn a_kill_at_any_call_loses_nothing_that_was_committed() {
    run(2, |state, op, known| {
        for seed in 0..6 {
            survive(&state.after_kill(op, seed), known.clone(), seed);
        }
    });
}

#[test]
fn a_power_cut_while_starting_after_a_power_cut_loses_nothing_either() {
    let calls = Mutex::new(Rng(5));
    run(3, move |state, op, known| {
        if calls.lock().below(4) != 0 {
            return;
        }
        let sim = state.after_power_cut(op, 11);
        let known_then = known.clone();
        sim.hook(Some(Box::new(move |state, op| {
            for seed in 0..2 {
                survive(&state.after_power_cut(op, seed), known_then.clone(), seed);
            }
        })));
        start(&sim, &mut known.clone());
    });
}

#[test]
fn what_a_start_has_handed_over_survives_the_next_power_cut() {
    run(4, |state, op, known| {
        // Killed between write and sync: the batch is seen, but only in the system's memory.
        let sim = state.after_kill(op, u64::MAX);
        let mut known = known.clone();
        start(&sim, &mut known);
        let cut = Sim::of(sim.state.lock().cut(1));
        start(&cut, &mut known);
    });
}

#[test]
fn the_database_may_be_ahead_of_what_was_released() {
    run(5, |state, op, known| {
        let mut known = known.clone();
        known.contained = known.last().saturating_sub(2).max(known.contained);
        survive(&state.after_power_cut(op, 3), known, 3);
    });
}
