//! A disk that is full says so and recovers; one that fails ends all writing.

use super::{Known, append, start};
use crate::journal::{AppendError, sim::Sim};

#[test]
fn after_a_failed_fdatasync_nothing_is_committed_any_more_and_nothing_is_retried() {
    for failing in 0..40 {
        let (sim, mut known) = (Sim::default(), Known::default());
        let mut opened = start(&sim, &mut known);
        sim.state.lock().eio_at_sync = Some(failing);
        while append(&mut opened.journal, &mut known, 7).is_ok() {}
        let synced = sim.state.lock().syncs;
        for _ in 0..3 {
            let again = append(&mut opened.journal, &mut known, 7);
            assert!(matches!(again, Err(AppendError::Broken(_))), "{again:?}");
        }
        assert_eq!(sim.state.lock().syncs, synced, "no sync after the failed one");
        drop(opened);
        // The system goes on showing what the device does not have. What a start makes of it
        // must hold when the power goes.
        let killed = Sim::of(sim.state.lock().clone());
        let mut opened = start(&killed, &mut known);
        append(&mut opened.journal, &mut known, 8).expect("a sound disk");
        for seed in 0..8 {
            start(&Sim::of(killed.state.lock().cut(seed)), &mut known.clone());
        }
    }
}

#[test]
fn a_write_without_space_is_refused_and_the_next_one_takes_its_place() {
    for failing in 0..60 {
        let (sim, mut known) = (Sim::default(), Known::default());
        let mut opened = start(&sim, &mut known);
        sim.state.lock().full_at_write = Some(failing);
        let (mut round, mut refused) = (0, 0);
        while round < 60 {
            // Another batch than the refused one, so that its remains would be seen.
            let appended = append(&mut opened.journal, &mut known, round + refused * 1000);
            match appended {
                Ok(()) => round += 1,
                Err(AppendError::Full) => {
                    refused += 1;
                    let killed = Sim::of(sim.state.lock().clone());
                    start(&killed, &mut known.clone());
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert!(refused <= 1);
        drop(opened);
        for seed in 0..4 {
            start(&Sim::of(sim.state.lock().cut(seed)), &mut known.clone());
        }
    }
}

#[test]
fn a_full_disk_refuses_only_what_needs_a_new_segment_and_only_until_there_is_space() {
    let (sim, mut known) = (Sim::default(), Known::default());
    let mut opened = start(&sim, &mut known);
    sim.state.lock().space_bytes = Some(0);
    while append(&mut opened.journal, &mut known, 3).is_ok() {
        opened.keeper.upkeep();
    }
    assert!(known.last() > 0, "the segment that was there is used");
    assert!(opened.keeper.wanted(), "the next one is still wanted");
    let refused = append(&mut opened.journal, &mut known, 3);
    assert_eq!(refused, Err(AppendError::Full));
    sim.state.lock().space_bytes = None;
    append(&mut opened.journal, &mut known, 3).expect("there is space again");
    drop(opened);
    start(&Sim::of(sim.state.lock().cut(2)), &mut known);
}

#[test]
fn released_segments_are_space_on_a_full_disk() {
    let (sim, mut known) = super::filled(120, 9);
    let mut opened = start(&sim, &mut known);
    sim.state.lock().space_bytes = Some(0);
    let mut rounds = 0;
    while rounds < 300 {
        let position = known.last() + rounds + 1;
        opened.journal.append(position, position, &[7; 300]).expect("space of released segments");
        opened.keeper.release(position);
        opened.keeper.upkeep();
        rounds += 1;
    }
}

#[test]
fn a_batch_at_the_wrong_position_is_refused_and_harms_nothing() {
    let (sim, mut known) = super::filled(3, 1);
    let mut opened = start(&sim, &mut known);
    let next = known.last() + 1;
    for (first, last) in [(next - 1, next), (next + 1, next + 2), (next, next - 1)] {
        let refused = opened.journal.append(first, last, b"x");
        assert!(matches!(refused, Err(AppendError::Misplaced { .. })), "{refused:?}");
    }
    append(&mut opened.journal, &mut known, 4).expect("the right position");
}
