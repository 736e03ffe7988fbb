//! Opens a journal: verifies all of it, hands over what the database does not contain, cuts off a
//! torn last batch, and makes durable what was found before anyone relies on it.

use std::{collections::VecDeque, io, path::Path, sync::Arc};

use magpie_core::model::Position;

use super::{
    Batch, Journal, JournalError, Options, Recovered,
    disk::{Disk, read_all, write_all},
    format::{SEGMENT_HEADER_BYTES, push_end},
    keeper::{Keeper, Retired, Segment, Shelf, Spare},
    names::{self, Names},
    walk::{self, Extent, Walk},
};

/// A segment as it was found.
struct Seen {
    segment: Segment,
    extent: Extent,
}

/// All that was found.
struct Scan {
    seen: Vec<Seen>,
    /// The bytes of the last batch of all.
    last_batch: Vec<u8>,
    last: Option<Position>,
    recovered: Recovered,
}

/// Opens, or makes, the journal in `dir` and hands every batch with a position above `contained`
/// to `replay`, in order.
///
/// What is handed over is sound, but durable only once this has returned `Ok`.
///
/// # Errors
/// When something acknowledged cannot be read, `replay` refuses, or the disk does. Nothing was
/// changed then but leftovers removed.
pub(crate) fn open(
    disk: Arc<dyn Disk>,
    dir: &Path,
    options: Options,
    contained: Position,
    replay: &mut dyn FnMut(Batch<'_>) -> Result<(), String>,
) -> Result<(Journal, Arc<Keeper>, Recovered), JournalError> {
    let in_dir = |error: io::Error| JournalError::of_io(dir, &error);
    disk.create_dir(dir).map_err(in_dir)?;
    let found = Names::list(&*disk, dir).map_err(in_dir)?;
    for number in &found.unfinished {
        disk.remove(&names::unfinished(dir, *number)).map_err(in_dir)?;
    }
    let scan = scan(&*disk, dir, &found.live, contained, replay)?;
    settle(&scan, dir)?;
    disk.sync_dir(dir).map_err(in_dir)?;

    let shelf = Shelf {
        ready: None,
        retired: VecDeque::new(),
        spares: spares(&*disk, dir, &found.spares),
        number_next: found.next_number(),
        size_next: options.segment_bytes_first,
        trouble: None,
    };
    let recovered = scan.recovered;
    let keeper = Keeper::new(disk, dir, options, shelf);
    let (active, end, behind) = arrange(&keeper, &options, scan, contained)?;
    let keeper = Arc::new(keeper);
    let journal = Journal {
        keeper: Arc::clone(&keeper),
        active,
        end,
        last: recovered.last,
        behind,
        buffer: Vec::new(),
        unclean: false,
        asked: false,
        broken: None,
    };
    Ok((journal, keeper, recovered))
}

/// Reads and judges all segments.
fn scan(
    disk: &dyn Disk,
    dir: &Path,
    numbers: &[u64],
    contained: Position,
    replay: &mut dyn FnMut(Batch<'_>) -> Result<(), String>,
) -> Result<Scan, JournalError> {
    let mut walk = Walk::new(contained, replay);
    let (mut seen, mut last_batch, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for number in numbers {
        let path = names::live(dir, *number);
        let of_io = |error: io::Error| JournalError::of_io(&path, &error);
        let file = disk.open(&path).map_err(of_io)?;
        read_all(&*file, &mut bytes).map_err(of_io)?;
        let header = walk::header(&path, *number, &bytes)?;
        let extent = walk.segment(&path, &header, &bytes).map_err(no_longer_moved)?;
        if let Some(range) = extent.last_batch.clone() {
            last_batch.clear();
            last_batch.extend_from_slice(bytes.get(range).unwrap_or_default());
        }
        seen.push(Seen { segment: Segment { header, file }, extent });
    }
    let mut recovered = walk.recovered();
    recovered.torn_bytes = torn_bytes(dir, &seen, recovered.last);
    Ok(Scan { seen, last_batch, last: walk.last(), recovered })
}

/// Nobody else moves segments while the journal is being opened.
fn no_longer_moved(error: JournalError) -> JournalError {
    match error {
        JournalError::Moved { path, wanted, first } => JournalError::Damaged {
            path,
            offset: SEGMENT_HEADER_BYTES as u64,
            position: Some(wanted),
            reason: format!("the journal begins at position {first}: a segment is missing"),
        },
        other => other,
    }
}

/// Bytes of the batch that was being written last, with a warning about them.
fn torn_bytes(dir: &Path, seen: &[Seen], last: Position) -> u64 {
    let active = seen.iter().rposition(|one| one.extent.last_batch.is_some()).unwrap_or(0);
    let mut torn_bytes = 0;
    for Seen { segment, extent } in seen.iter().skip(active).filter(|one| one.extent.torn > 0) {
        torn_bytes += extent.torn as u64;
        tracing::warn!(
            segment = %names::live(dir, segment.header.number).display(),
            offset = extent.end,
            bytes = extent.torn,
            after_position = last,
            "cut off a batch that was not completely written: it was not acknowledged"
        );
    }
    torn_bytes
}

/// Writes the last batch again, with zeros behind it. A process that died, or that met a failing
/// fdatasync, leaves a batch that the system shows but the device need not have; and a torn batch
/// is cut off for good.
fn settle(scan: &Scan, dir: &Path) -> Result<(), JournalError> {
    let active = scan.seen.iter().rposition(|one| one.extent.last_batch.is_some());
    for (index, Seen { segment, extent }) in scan.seen.iter().enumerate() {
        let is_active = active == Some(index);
        if !is_active && extent.last_batch.is_some() {
            continue;
        }
        let mut bytes = if is_active { scan.last_batch.clone() } else { Vec::new() };
        let start = extent.end.saturating_sub(bytes.len()) as u64;
        let size = usize::try_from(segment.header.size).unwrap_or(usize::MAX);
        push_end(&mut bytes, size.saturating_sub(extent.end));
        let written = write_all(&*segment.file, &bytes, start).map_err(|(_, error)| error);
        written.and_then(|()| segment.file.sync_data()).map_err(|error| {
            JournalError::of_io(&names::live(dir, segment.header.number), &error)
        })?;
    }
    Ok(())
}

/// Spares of an earlier run; one whose size cannot be told is left out and overwritten never.
fn spares(disk: &dyn Disk, dir: &Path, numbers: &[u64]) -> Vec<Spare> {
    let size = |number| disk.open(&names::spare(dir, number)).and_then(|file| file.len());
    let spare = |number: &u64| Some(Spare { number: *number, size: size(*number).ok()? });
    numbers.iter().filter_map(spare).collect()
}

/// Gives every segment its use: filled, active, ready, or spare.
fn arrange(
    keeper: &Keeper,
    options: &Options,
    scan: Scan,
    contained: Position,
) -> Result<(Segment, usize, Option<Retired>), JournalError> {
    // Where the database is ahead, the next position does not follow the last one here.
    let go_on = scan.last.is_some_and(|last| last >= contained);
    let filled = scan.seen.iter().rposition(|one| one.extent.last_batch.is_some());
    let (mut active, mut ready, mut behind, mut idle) = (None, None, None, Vec::new());
    for (index, Seen { segment, extent }) in scan.seen.into_iter().enumerate() {
        let header = segment.header;
        if go_on && filled == Some(index) {
            active = Some((segment, extent.end));
        } else if extent.last_batch.is_some() {
            let full = Retired { number: header.number, size: header.size, last: extent.last };
            if filled == Some(index) { behind = Some(full) } else { keeper.retire(full) }
        } else if filled.is_none_or(|filled| index > filled) && active.is_none() {
            active = Some((segment, extent.end));
        } else if filled.is_none_or(|filled| index > filled) && ready.is_none() {
            ready = Some(segment);
        } else {
            idle.push(Spare { number: header.number, size: header.size });
        }
    }
    if !idle.is_empty() {
        keeper.shelve(idle)?;
    }
    let (active, end) = match active {
        Some(active) => active,
        None => (keeper.prepare(0)?, SEGMENT_HEADER_BYTES),
    };
    let newest = ready.as_ref().unwrap_or(&active).header.size;
    keeper.begin(ready, options.size_after(newest));
    Ok((active, end, behind))
}
