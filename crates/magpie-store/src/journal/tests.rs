//! What the journal promises, on a disk that can fail at any call. The workload and the judge
//! that all of it shares.
#![allow(clippy::indexing_slicing, reason = "tests")]

mod crash;
mod damage;
mod faults;
mod golden;
mod reader;
mod segments;

use std::{path::Path, sync::Arc};

use magpie_core::model::Position;

use super::{
    AppendError, Batch, Journal, JournalError, Keeper, Options, Recovered, open,
    sim::{Rng, Sim},
};

const SMALL: Options = Options { segment_bytes_first: 1024, segment_bytes_max: 4096 };

/// A batch in owned form.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owned {
    first: Position,
    last: Position,
    payload: Vec<u8>,
}

impl Owned {
    fn of(batch: Batch<'_>) -> Self {
        Self { first: batch.first, last: batch.last, payload: batch.payload.to_vec() }
    }

    /// The batch that follows `behind`, made of a seed: mostly small, some empty, few large.
    fn after(behind: Position, seed: u64) -> Self {
        let mut rng = Rng(seed ^ behind.wrapping_mul(0x1000_0000_01b3));
        let last = behind + 1 + rng.below(4) as u64;
        let len = match rng.below(20) {
            0 => 0,
            1 => 600 + rng.below(900),
            2 if rng.below(4) == 0 => 4096 + rng.below(3000),
            _ => rng.below(200),
        };
        let payload = (0..len).map(|_| rng.next().to_le_bytes()[0]).collect();
        Self { first: behind + 1, last, payload }
    }
}

/// What the outside world knows of a journal.
#[derive(Debug, Clone, Default)]
struct Known {
    /// In order, from the first: committed, or seen after a start.
    kept: Vec<Owned>,
    /// Tried since the last of those; at most one of them may be found.
    tried: Vec<Owned>,
    contained: Position,
}

impl Known {
    fn last(&self) -> Position {
        self.kept.last().map_or(0, |batch| batch.last)
    }

    /// Judges what a start has found, and takes it as known from now on.
    fn judge(&mut self, found: &[Owned]) {
        let due = self.kept.iter().filter(|batch| batch.last > self.contained);
        let due: Vec<_> = due.cloned().collect();
        assert!(found.len() >= due.len(), "{} of {} kept batches", found.len(), due.len());
        assert_eq!(found[..due.len()], due[..], "something else than what was committed");
        if let [extra] = &found[due.len()..] {
            assert!(self.tried.contains(extra), "a batch that nobody wrote: {extra:?}");
            self.kept.push(extra.clone());
        } else {
            assert_eq!(found.len(), due.len(), "more than one batch that was not committed");
        }
        self.tried.clear();
    }
}

struct Opened {
    journal: Journal,
    keeper: Arc<Keeper>,
    recovered: Recovered,
    found: Vec<Owned>,
}

fn open_sim(sim: &Sim, contained: Position) -> Result<Opened, JournalError> {
    let mut found = Vec::new();
    let mut replay = |batch: Batch<'_>| {
        found.push(Owned::of(batch));
        Ok(())
    };
    let disk = Arc::new(sim.clone());
    let (journal, keeper, recovered) =
        open(disk, Path::new("data/journal"), SMALL, contained, &mut replay)?;
    Ok(Opened { journal, keeper, recovered, found })
}

/// Opens and judges.
fn start(sim: &Sim, known: &mut Known) -> Opened {
    let opened = open_sim(sim, known.contained).expect("what crashed opens again");
    known.judge(&opened.found);
    assert_eq!(opened.recovered.last, known.last().max(known.contained));
    opened
}

/// Appends the batch that follows.
fn append(journal: &mut Journal, known: &mut Known, seed: u64) -> Result<(), AppendError> {
    let batch = Owned::after(known.last().max(known.contained), seed);
    known.tried.push(batch.clone());
    journal.append(batch.first, batch.last, &batch.payload)?;
    known.tried.clear();
    known.kept.push(batch);
    Ok(())
}

/// A journal of `count` batches on a disk at rest.
fn filled(count: u64, seed: u64) -> (Sim, Known) {
    let (sim, mut known) = (Sim::default(), Known::default());
    let mut opened = start(&sim, &mut known);
    for round in 0..count {
        append(&mut opened.journal, &mut known, seed + round).expect("a sound disk");
    }
    (sim, known)
}

/// A directory on the disk of the build, not in memory.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in(std::env::current_exe().expect("a test").parent().expect("a directory"))
        .expect("a directory")
}
