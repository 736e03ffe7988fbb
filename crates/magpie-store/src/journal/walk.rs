//! Goes through segments in order and judges what it finds: a batch, the end, a torn last batch,
//! or damage. Shared by opening and by reading beside a running server. Writes nothing.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use magpie_core::model::Position;

use super::{
    Batch, JournalError, Recovered,
    format::{
        FORMAT_VERSION, Found, HeaderFault, SEGMENT_HEADER_BYTES, SegmentHeader, batch_at,
        batch_behind, torn_bytes,
    },
};

/// State between segments.
pub(super) struct Walk<'a> {
    contained: Position,
    /// Last position seen so far.
    last: Option<Position>,
    /// Where the batches of the segment before ended.
    end_before: Option<(PathBuf, u64)>,
    each: &'a mut dyn FnMut(Batch<'_>) -> Result<(), String>,
    batches: u64,
    bytes: u64,
}

/// What one segment held.
#[derive(Debug)]
pub(super) struct Extent {
    /// Place of its last batch.
    pub(super) last_batch: Option<Range<usize>>,
    /// Last position in it.
    pub(super) last: Position,
    /// Where the next batch would begin.
    pub(super) end: usize,
    /// Bytes of a broken batch there.
    pub(super) torn: usize,
}

/// The header of segment `number`, whose file holds `bytes`.
pub(super) fn header(
    path: &Path,
    number: u64,
    bytes: &[u8],
) -> Result<SegmentHeader, JournalError> {
    let damaged = |reason: String| JournalError::Damaged {
        path: path.to_owned(),
        offset: 0,
        position: None,
        reason,
    };
    let header = SegmentHeader::decode(bytes).map_err(|fault| match fault {
        HeaderFault::Newer(found) => {
            JournalError::Newer { path: path.to_owned(), found, known: FORMAT_VERSION }
        }
        HeaderFault::Damaged(reason) => damaged(reason.to_owned()),
    })?;
    if header.number != number {
        return Err(damaged(format!("it holds segment {}, not {number}", header.number)));
    }
    if header.size != bytes.len() as u64 {
        // Its whole length was durable before it got its name.
        return Err(damaged(format!("{} of its {} bytes are there", bytes.len(), header.size)));
    }
    Ok(header)
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        contained: Position,
        each: &'a mut dyn FnMut(Batch<'_>) -> Result<(), String>,
    ) -> Self {
        Self { contained, last: None, end_before: None, each, batches: 0, bytes: 0 }
    }

    /// Goes through the batches of the next segment.
    pub(super) fn segment(
        &mut self,
        path: &Path,
        header: &SegmentHeader,
        bytes: &[u8],
    ) -> Result<Extent, JournalError> {
        let mut extent = Extent { last_batch: None, last: 0, end: SEGMENT_HEADER_BYTES, torn: 0 };
        while let Some(found) = batch_at(bytes, extent.end, header) {
            self.check_order(path, &extent, &found)?;
            self.hand_over(bytes, &found)?;
            self.last = Some(found.last);
            extent.last_batch = Some(extent.end..found.end);
            (extent.last, extent.end) = (found.last, found.end);
        }
        if let Some((at, later)) = batch_behind(bytes, extent.end, header) {
            return Err(JournalError::Damaged {
                path: path.to_owned(),
                offset: extent.end as u64,
                position: Some(self.wanted()),
                reason: format!(
                    "no sound batch begins there, but one follows at offset {at} (position {})",
                    later.first
                ),
            });
        }
        extent.torn = torn_bytes(bytes, extent.end, header);
        self.end_before = Some((path.to_owned(), extent.end as u64));
        Ok(extent)
    }

    /// What was found, once all segments were gone through.
    pub(super) fn recovered(&self) -> Recovered {
        Recovered {
            last: self.last.unwrap_or(0).max(self.contained),
            torn_bytes: 0,
            batches: self.batches,
            bytes: self.bytes,
        }
    }

    /// Last position that the journal itself holds.
    pub(super) fn last(&self) -> Option<Position> {
        self.last
    }

    /// The first position that is not known yet.
    fn wanted(&self) -> Position {
        self.last.unwrap_or(0).max(self.contained).saturating_add(1)
    }

    fn check_order(&self, path: &Path, extent: &Extent, found: &Found) -> Result<(), JournalError> {
        let follows = self.last.is_some_and(|last| found.first == last.saturating_add(1));
        // Below `contained` whole segments may be gone: they were released.
        let begins = extent.last_batch.is_none()
            && found.first <= self.contained.saturating_add(1)
            && self.last.is_none_or(|last| found.first > last);
        if follows || begins {
            return Ok(());
        }
        // Where `contained` itself is still here, what follows it was never released.
        let released = self.last.is_none_or(|last| last < self.contained);
        if released && extent.last_batch.is_none() {
            return Err(JournalError::Moved {
                path: path.to_owned(),
                wanted: self.wanted(),
                first: found.first,
            });
        }
        let here = || (path.to_owned(), extent.end as u64);
        let (path, offset) = self.end_before.clone().unwrap_or_else(here);
        let reason = format!("the batch after it begins at position {}", found.first);
        Err(JournalError::Damaged { path, offset, position: Some(self.wanted()), reason })
    }

    fn hand_over(&mut self, bytes: &[u8], found: &Found) -> Result<(), JournalError> {
        if found.last <= self.contained {
            return Ok(());
        }
        let payload = bytes.get(found.payload.clone()).unwrap_or_default();
        self.batches += 1;
        self.bytes += payload.len() as u64;
        let batch = Batch { first: found.first, last: found.last, payload };
        (self.each)(batch).map_err(|reason| JournalError::Replay {
            first: found.first,
            last: found.last,
            reason,
        })
    }
}
