//! Somebody reads the journal while a server writes to it, releases and reuses.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use super::{Known, Owned, SMALL, append, directory, filled};
use crate::journal::{
    Batch, JournalError, RealDisk, Recovered, open, read, read::read_on, sim::Sim,
};

fn read_sim(sim: &Sim, after: u64) -> Result<(Recovered, Vec<Owned>), JournalError> {
    let mut found = Vec::new();
    let mut each = |batch: Batch<'_>| {
        found.push(Owned::of(batch));
        Ok(())
    };
    let recovered = read_on(sim, std::path::Path::new("data/journal"), after, &mut each)?;
    Ok((recovered, found))
}

#[test]
fn a_reader_gets_what_follows_a_position() {
    let (sim, known) = filled(40, 12);
    for after in 0..=known.last() {
        let (recovered, found) = read_sim(&sim, after).expect("sound");
        let due: Vec<_> = known.kept.iter().filter(|batch| batch.last > after).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), due);
        assert_eq!((recovered.last, recovered.batches), (known.last(), due.len() as u64));
    }
}

#[test]
fn a_reader_changes_nothing_and_does_not_mind_that_there_is_no_journal() {
    let (sim, _) = filled(40, 12);
    sim.hook(Some(Box::new(|_, op| panic!("a reader wrote: {op:?}"))));
    read_sim(&sim, 0).expect("sound");
    let root = directory();
    let mut each = |_: Batch<'_>| Err("there is no batch".to_owned());
    let recovered = read(&root.path().join("none"), 5, &mut each).expect("an empty journal");
    assert_eq!(recovered.last, 5);
    assert!(!root.path().join("none").exists());
}

#[test]
fn a_reader_that_comes_too_late_is_told_so() {
    let (sim, known) = filled(60, 12);
    sim.delete(&sim.names()[0]);
    let error = read_sim(&sim, 0).expect_err("gone");
    assert!(matches!(error, JournalError::Moved { wanted: 1, .. }), "{error}");
    read_sim(&sim, known.last() - 1).expect("nothing is missing");
}

#[test]
fn a_segment_that_is_used_again_under_the_reader_is_not_taken_for_an_empty_one() {
    let (sim, mut known) = filled(60, 12);
    let mut opened = super::start(&sim, &mut known);
    let (after, committed) = (known.last() - 1, known.last());
    opened.keeper.release(after);
    assert_eq!(sim.names().iter().filter(|name| name.ends_with(".journal")).count(), 1);
    // A header is read, then the file gets a new use, then the rest is read.
    sim.between_reads(Box::new(move || {
        for round in 0..300 {
            append(&mut opened.journal, &mut known, round).expect("a sound disk");
            opened.keeper.release(known.last());
            opened.keeper.upkeep();
        }
    }));
    let error = read_sim(&sim, after).expect_err("gone");
    let JournalError::Moved { wanted, first, .. } = error else { panic!("{error}") };
    assert!(wanted == after + 1 && first > committed, "{wanted} is wanted, {first} is there");
}

#[test]
fn damage_is_not_mistaken_for_somebody_who_writes() {
    let (sim, _) = filled(60, 12);
    let name = sim.names().swap_remove(1);
    let mut bytes = sim.contents(&name);
    bytes[64 + 40] ^= 1;
    sim.put(&name, bytes);
    let error = read_sim(&sim, 0).expect_err("damaged");
    assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
}

/// What a reader has to find at least, and may not ask for any more.
#[derive(Default)]
struct Shared {
    committed: AtomicU64,
    contained: AtomicU64,
    done: AtomicBool,
}

fn write_on(dir: &std::path::Path, shared: &Shared) {
    let mut nothing = |_: Batch<'_>| Ok(());
    let (mut journal, keeper, _) =
        open(Arc::new(RealDisk), dir, SMALL, 0, &mut nothing).expect("a sound disk");
    let mut known = Known::default();
    for round in 0..1_500 {
        append(&mut journal, &mut known, 77).expect("a sound disk");
        shared.committed.store(known.last(), Ordering::SeqCst);
        keeper.upkeep();
        if round % 8 == 0 {
            let contained = known.last().saturating_sub(12);
            shared.contained.store(contained, Ordering::SeqCst);
            keeper.release(contained);
        }
    }
    shared.done.store(true, Ordering::SeqCst);
}

#[test]
fn a_reader_beside_a_writer_gets_everything_committed_before_it_began() {
    let root = directory();
    let dir = root.path().join("journal");
    let shared = Shared::default();
    let (mut whole, mut moved) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| write_on(&dir, &shared));
        while !shared.done.load(Ordering::SeqCst) || whole == 0 {
            let committed = shared.committed.load(Ordering::SeqCst);
            let after = shared.contained.load(Ordering::SeqCst);
            let mut last = after;
            let mut each = |batch: Batch<'_>| {
                assert!(last == after || batch.first == last + 1, "a gap behind {last}");
                assert_eq!(Owned::of(batch), Owned::after(batch.first - 1, 77));
                last = batch.last;
                Ok(())
            };
            match read(&dir, after, &mut each) {
                Ok(recovered) => {
                    assert_eq!(recovered.last, last);
                    assert!(last >= committed, "{committed} was committed, {last} was read");
                    whole += 1;
                }
                Err(JournalError::Moved { .. }) => moved += 1,
                Err(other) => panic!("{other}"),
            }
        }
    });
    assert!(whole > 0, "{whole} whole, {moved} moved");
}
