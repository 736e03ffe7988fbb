//! Whatever happens to the bytes, what is handed over is what was written. What is missing is
//! missed, with one exception: a broken last batch looks like one that was being written when the
//! power went, because that is exactly what such a batch looks like. It is dropped, with a warning.

use magpie_testkit::mutator::Mutator;

use super::{Known, Opened, Owned, open_sim};
use crate::journal::{JournalError, sim::Sim};

/// Two segments and a half.
fn sample() -> (Sim, Known, Vec<String>) {
    let (sim, known) = super::filled(24, 40);
    let names = sim.names();
    assert!(names.len() >= 3, "{names:?}");
    (sim, known, names)
}

/// `Some(dropped)` when it opened: how many batches are missing at the end.
fn verdict(opened: Result<Opened, JournalError>, known: &Known, what: &str) -> Option<usize> {
    match opened {
        Ok(opened) => {
            assert!(known.kept.starts_with(&opened.found), "{what}: other batches");
            let dropped = known.kept.len() - opened.found.len();
            assert!(dropped <= 1, "{what}: {dropped} batches are gone without a word");
            if dropped == 1 {
                assert!(opened.recovered.torn_bytes > 0, "{what}: no word of the last batch");
            }
            Some(dropped)
        }
        Err(JournalError::Damaged { .. } | JournalError::Newer { .. }) => None,
        Err(other) => panic!("{what}: {other}"),
    }
}

fn with(sim: &Sim, name: &str, bytes: Vec<u8>) -> Sim {
    let copy = Sim::of(sim.state.lock().clone());
    copy.put(name, bytes);
    copy
}

#[test]
fn a_flipped_bit_anywhere_is_harmless_or_found_and_at_worst_costs_the_last_batch() {
    let (sim, known, names) = sample();
    let (mut refused, mut dropped) = (0, 0);
    for name in &names {
        let bytes = sim.contents(name);
        for index in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[index] ^= 1 << (index % 8);
            let what = format!("{name}, byte {index}");
            match verdict(open_sim(&with(&sim, name, flipped), 0), &known, &what) {
                None => refused += 1,
                Some(count) => dropped += count,
            }
        }
    }
    assert!(refused > 1000, "{refused}");
    let last = known.kept.last().expect("some").payload.len();
    assert!((1..=last + 40).contains(&dropped), "only the last batch's own bytes: {dropped}");
}

#[test]
fn a_flipped_bit_in_a_header_is_never_a_newer_version() {
    let (sim, _, names) = sample();
    let bytes = sim.contents(&names[0]);
    for index in 0..64 {
        let mut flipped = bytes.clone();
        flipped[index] ^= 0x40;
        let error = open_sim(&with(&sim, &names[0], flipped), 0).err().expect("refused");
        assert!(matches!(error, JournalError::Damaged { offset: 0, .. }), "{error}");
    }
}

#[test]
fn a_segment_cut_short_at_any_length_is_refused() {
    let (sim, _, names) = sample();
    for name in &names {
        let bytes = sim.contents(name);
        for len in 0..bytes.len() {
            let error = open_sim(&with(&sim, name, bytes[..len].to_vec()), 0).err();
            let error = error.unwrap_or_else(|| panic!("{name} of {len} bytes"));
            assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
        }
    }
}

#[test]
fn a_missing_segment_is_refused_unless_the_database_contains_it() {
    let (sim, known, names) = sample();
    let last_filled = names.len() - 1;
    for name in &names[..last_filled] {
        let copy = Sim::of(sim.state.lock().clone());
        copy.delete(name);
        let error = open_sim(&copy, 0).err().expect("refused");
        let text = error.to_string();
        assert!(text.contains("position") && text.contains("restore a backup"), "{text}");
        // All of it is in the database: nothing is missing.
        let opened = open_sim(&copy, known.last()).expect("nothing is missing");
        assert_eq!(opened.found, []);
    }
}

#[test]
fn a_damaged_batch_is_named_with_file_offset_and_position() {
    let (sim, known, names) = sample();
    let mut bytes = sim.contents(&names[0]);
    bytes[64 + 16] ^= 1;
    let error = open_sim(&with(&sim, &names[0], bytes), 0).err().expect("refused");
    let JournalError::Damaged { path, offset, position, .. } = &error else { panic!("{error}") };
    assert!(path.ends_with(&names[0]), "{error}");
    assert_eq!((*offset, *position), (64, Some(known.kept[0].first)), "{error}");
}

#[test]
fn random_mutations_never_alter_what_is_handed_over() {
    let (sim, known, names) = sample();
    let corpus: Vec<_> = names.iter().map(|name| sim.contents(name)).collect();
    for (index, name) in names.iter().enumerate() {
        let len = corpus[index].len();
        let mut mutator = Mutator::new(index as u64, vec![corpus[index].clone()], len + 64);
        for round in 0..4_000 {
            let mut bytes = mutator.next_input();
            if round % 2 == 0 {
                // Of the right length, so that more than its length is wrong.
                bytes.resize(len, 0);
            }
            let opened = open_sim(&with(&sim, name, bytes), 0);
            if let Ok(opened) = &opened {
                assert!(known.kept.starts_with(&opened.found), "{name}, round {round}");
            }
        }
    }
}

#[test]
fn a_payload_that_looks_like_a_batch_is_not_taken_for_one() {
    // The whole first segment of another journal as a payload, then torn.
    let (other, _, names) = sample();
    let inside = other.contents(&names[0]);
    let (sim, mut known) = super::filled(2, 3);
    let mut opened = super::start(&sim, &mut known);
    let first = known.last() + 1;
    opened.journal.append(first, first, &inside).expect("a sound disk");
    drop(opened);
    let name = sim.names().pop().expect("some");
    let mut bytes = sim.contents(&name);
    bytes[64 + 33] ^= 0xff;
    let opened = open_sim(&with(&sim, &name, bytes), 0).expect("a torn last batch");
    assert_eq!(opened.found, known.kept);
    assert!(opened.recovered.torn_bytes > 0);
}

#[test]
fn what_the_database_contains_is_not_handed_over_again() {
    let (sim, known, _) = sample();
    for contained in 0..=known.last() + 3 {
        let opened = open_sim(&sim, contained).expect("sound");
        let due: Vec<Owned> =
            known.kept.iter().filter(|batch| batch.last > contained).cloned().collect();
        assert_eq!(opened.found, due);
        assert_eq!(opened.recovered.last, known.last().max(contained));
    }
}
