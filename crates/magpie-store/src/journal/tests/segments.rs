//! The life of segments: sizes, reuse, and one journal for one history.

use std::{path::Path, sync::Arc};

use super::{Known, SMALL, append, filled, open_sim, start};
use crate::journal::{JournalError, Options, RealDisk, open, sim::Sim};

#[test]
fn released_segments_are_used_again_and_the_directory_stays_small() {
    let (sim, mut known) = (Sim::default(), Known::default());
    let mut opened = start(&sim, &mut known);
    for round in 0..2_000 {
        append(&mut opened.journal, &mut known, round).expect("a sound disk");
        opened.keeper.upkeep();
        if round % 10 == 0 {
            known.contained = known.last();
            opened.keeper.release(known.contained);
        }
        assert!(sim.names().len() <= 9, "{:?}", sim.names());
    }
    drop(opened);
    assert_eq!(start(&sim, &mut known).recovered.torn_bytes, 0);
}

#[test]
fn a_segment_is_ready_before_the_one_in_use_is_full() {
    let (sim, mut known) = (Sim::default(), Known::default());
    let mut opened = start(&sim, &mut known);
    let woken = Arc::new(parking_lot::Mutex::new(0));
    let counted = Arc::clone(&woken);
    opened.keeper.on_wanted(Box::new(move || *counted.lock() += 1));
    let mut ahead = 0;
    for round in 0..400 {
        append(&mut opened.journal, &mut known, round).expect("a sound disk");
        if opened.keeper.wanted() {
            opened.keeper.upkeep();
            assert!(!opened.keeper.wanted());
            ahead += 1;
        }
    }
    assert!(ahead > 5, "{ahead}");
    assert_eq!(*woken.lock(), ahead, "asked once for each");
}

#[test]
fn sizes_grow_fourfold_up_to_the_largest() {
    let (sim, _) = filled(200, 8);
    let mut sizes: Vec<_> = sim.names().iter().map(|name| sim.contents(name).len()).collect();
    sizes.retain(|size| *size <= 4096);
    assert_eq!(sizes[..3], [1024, 4096, 4096]);
}

#[test]
fn a_batch_larger_than_any_segment_gets_one_of_its_own() {
    let (sim, mut known) = filled(2, 5);
    let mut opened = start(&sim, &mut known);
    for _ in 0..2 {
        let first = known.last() + 1;
        let payload = vec![7; 20_000];
        opened.journal.append(first, first, &payload).expect("a sound disk");
        known.kept.push(super::Owned { first, last: first, payload });
        append(&mut opened.journal, &mut known, 6).expect("a sound disk");
        opened.keeper.upkeep();
    }
    start(&Sim::of(sim.state.lock().cut(0)), &mut known);
}

#[test]
fn where_the_database_is_ahead_the_journal_goes_on_behind_it() {
    let (sim, mut known) = filled(40, 6);
    known.contained = known.last() + 50;
    known.kept.clear();
    let mut opened = start(&sim, &mut known);
    for round in 0..20 {
        append(&mut opened.journal, &mut known, round).expect("a sound disk");
    }
    let first = known.contained + 1;
    assert_eq!(known.kept[0].first, first);
    drop(opened);
    start(&sim, &mut known);
    // A database from before the journal's new beginning does not fit to it.
    let error = open_sim(&sim, first - 10).err().expect("refused");
    assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
}

#[test]
fn a_journal_of_a_newer_version_says_what_to_do() {
    let (sim, _) = filled(3, 6);
    let name = sim.names().pop().expect("some");
    let mut bytes = sim.contents(&name);
    bytes[8] = 2;
    let crc = crc32fast::hash(&bytes[..60]);
    bytes[60..64].copy_from_slice(&crc.to_le_bytes());
    sim.put(&name, bytes);
    let error = open_sim(&sim, 0).err().expect("refused");
    assert!(matches!(error, JournalError::Newer { found: 2, known: 1, .. }), "{error}");
    assert!(error.to_string().contains("use that version"), "{error}");
}

#[test]
fn a_batch_that_the_caller_refuses_stops_the_start() {
    let (sim, _) = filled(3, 6);
    let mut refuse = |_: crate::journal::Batch<'_>| Err("no such effect".to_owned());
    let opened = open(Arc::new(sim), Path::new("data/journal"), SMALL, 0, &mut refuse);
    let error = opened.err().expect("refused").to_string();
    assert!(error.contains("no such effect"), "{error}");
}

#[test]
fn a_journal_in_files_is_found_again() {
    let root = super::directory();
    let dir = root.path().join("journal");
    let mut known = Known::default();
    for _ in 0..3 {
        let mut found = Vec::new();
        let mut replay = |batch: crate::journal::Batch<'_>| {
            found.push(super::Owned::of(batch));
            Ok(())
        };
        let options = Options { segment_bytes_first: 4096, segment_bytes_max: 1 << 16 };
        let disk = Arc::new(RealDisk);
        let (mut journal, keeper, recovered) =
            open(disk, &dir, options, known.contained, &mut replay).expect("a sound disk");
        known.judge(&found);
        assert_eq!(recovered.torn_bytes, 0);
        for round in 0..100 {
            append(&mut journal, &mut known, round).expect("a sound disk");
            keeper.upkeep();
        }
        known.contained = known.last() - 20;
        keeper.release(known.contained);
    }
}
