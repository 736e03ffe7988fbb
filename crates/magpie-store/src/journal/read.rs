//! Reads a journal without opening it, also while a server writes to it: for backup and check.
//! Writes nothing. What it reads twice, because somebody wrote meanwhile, it hands over once.

use std::{io, path::Path};

use magpie_core::model::Position;

use super::{
    Batch, JournalError, Recovered,
    disk::{Disk, RealDisk, read_all},
    names::{self, Names},
    walk::{self, Walk},
};

/// Attempts without a new batch between them, before an error is believed.
const ATTEMPTS: u32 = 3;

/// Hands every batch with a position above `after` to `each`, in order: at least those that were
/// committed before the call. No directory is an empty journal.
///
/// # Errors
/// `Moved` when what follows `after` was released already; `Damaged` when something cannot be
/// read that should be there.
pub(crate) fn read(
    dir: &Path,
    after: Position,
    each: &mut dyn FnMut(Batch<'_>) -> Result<(), String>,
) -> Result<Recovered, JournalError> {
    read_on(&RealDisk, dir, after, each)
}

pub(super) fn read_on(
    disk: &dyn Disk,
    dir: &Path,
    after: Position,
    each: &mut dyn FnMut(Batch<'_>) -> Result<(), String>,
) -> Result<Recovered, JournalError> {
    let mut total = Recovered { last: after, torn_bytes: 0, batches: 0, bytes: 0 };
    let mut idle_attempts = 0;
    loop {
        let before = total.last;
        let mut handed = |batch: Batch<'_>| {
            each(batch)?;
            total.last = batch.last;
            total.batches += 1;
            total.bytes += batch.payload.len() as u64;
            Ok(())
        };
        match attempt(disk, dir, before, &mut handed) {
            Ok(torn_bytes) => return Ok(Recovered { torn_bytes, ..total }),
            Err(error @ JournalError::Replay { .. }) => return Err(error),
            Err(error) => {
                // A batch that was being written looks damaged once the next one is there, and a
                // segment that was released is gone: look again from where we are.
                idle_attempts = if total.last > before { 0 } else { idle_attempts + 1 };
                if idle_attempts >= ATTEMPTS {
                    return Err(error);
                }
            }
        }
    }
}

fn attempt(
    disk: &dyn Disk,
    dir: &Path,
    after: Position,
    each: &mut dyn FnMut(Batch<'_>) -> Result<(), String>,
) -> Result<u64, JournalError> {
    let mut walk = Walk::new(after, each);
    let listed = list(disk, dir)?;
    let judged = segments(disk, dir, &listed, &mut walk);
    if let Err(JournalError::Replay { .. }) = judged {
        return judged;
    }
    // A file gets another name before it gets other contents: those that still have theirs were
    // read as they are. What the others seemed to hold, or to lack, says nothing.
    let now = list(disk, dir)?;
    let Some(gone) = listed.iter().find(|number| !now.contains(number)) else { return judged };
    let next = walk.recovered().last.saturating_add(1);
    Err(JournalError::Moved { path: names::live(dir, *gone), wanted: next, first: next })
}

fn segments(
    disk: &dyn Disk,
    dir: &Path,
    listed: &[u64],
    walk: &mut Walk<'_>,
) -> Result<u64, JournalError> {
    let (mut torn_bytes, mut bytes) = (0, Vec::new());
    for number in listed {
        let path = names::live(dir, *number);
        let read = disk.open_to_read(&path).and_then(|file| read_all(&*file, &mut bytes));
        read.map_err(|error| JournalError::of_io(&path, &error))?;
        let header = walk::header(&path, *number, &bytes)?;
        let extent = walk.segment(&path, &header, &bytes)?;
        torn_bytes = extent.torn as u64;
    }
    Ok(torn_bytes)
}

fn list(disk: &dyn Disk, dir: &Path) -> Result<Vec<u64>, JournalError> {
    match Names::list(disk, dir) {
        Ok(names) => Ok(names.live),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(JournalError::of_io(dir, &error)),
    }
}
