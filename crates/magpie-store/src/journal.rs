//! The commit journal: a durable write is one that `append` has returned `Ok` for. Append-only
//! segments, a checksum for each batch, one writer. Knows nothing of SQLite or of what is in a
//! payload; what of it the database holds is the caller's to say.

mod disk;
mod format;
mod keeper;
mod names;
mod open;
mod read;
#[cfg(test)]
mod sim;
#[cfg(test)]
mod tests;
mod walk;

use std::{path::PathBuf, sync::Arc};

use magpie_core::model::Position;

use format::SegmentHeader;
use keeper::{Retired, Segment};

pub(crate) use disk::RealDisk;
pub(crate) use keeper::Keeper;
pub(crate) use open::open;
pub(crate) use read::read;

/// Name of the journal's directory inside a data directory.
pub(crate) const DIRECTORY: &str = "journal";

/// Sizes of segments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Size of the first segment; each next one is four times as large ...
    pub(crate) segment_bytes_first: u64,
    /// ... up to this.
    pub(crate) segment_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes_first: 1 << 20, segment_bytes_max: 32 << 20 }
    }
}

impl Options {
    fn size_after(&self, size: u64) -> u64 {
        size.saturating_mul(4).clamp(self.segment_bytes_first, self.segment_bytes_max)
    }
}

/// What was committed at once. Batches are contiguous: `first` follows the last of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Batch<'a> {
    pub(crate) first: Position,
    pub(crate) last: Position,
    pub(crate) payload: &'a [u8],
}

/// What was found in a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// Last known position: of the journal, or the contained one where that is ahead.
    pub(crate) last: Position,
    /// Bytes of a last batch that was being written when the power or the process went.
    pub(crate) torn_bytes: u64,
    /// Batches handed over.
    pub(crate) batches: u64,
    /// Bytes of their payloads.
    pub(crate) bytes: u64,
}

/// Why a journal cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    /// Made by a later version.
    #[error(
        "{} was made by a newer magpie (journal format {found}, this one knows {known}): use that version, or restore a backup",
        .path.display()
    )]
    Newer { path: PathBuf, found: u32, known: u32 },
    /// Something acknowledged cannot be read any more. Nothing was changed.
    #[error(
        "{} is damaged at offset {offset}{}: {reason}; restore a backup, or see with `magpie check` what is readable",
        .path.display(), at_position(*.position)
    )]
    Damaged { path: PathBuf, offset: u64, position: Option<Position>, reason: String },
    /// The wanted position is not there any more: somebody released it meanwhile. Start again
    /// with a later one; if nobody writes, it is damage.
    #[error("{} begins at position {first}, {wanted} is not in the journal any more", .path.display())]
    Moved { path: PathBuf, wanted: Position, first: Position },
    /// The caller did not take a batch.
    #[error("the batch of positions {first} to {last} cannot be replayed: {reason}")]
    Replay { first: Position, last: Position, reason: String },
    /// The disk is full.
    #[error("no space left for {}", .0.display())]
    Full(PathBuf),
    /// The system refused.
    #[error("{}: {reason}", .path.display())]
    Io { path: PathBuf, reason: String },
}

fn at_position(position: Option<Position>) -> String {
    position.map_or_else(String::new, |position| format!(" (position {position})"))
}

/// Why a batch is not committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AppendError {
    /// Passing; the next append goes to the same place.
    #[error("no space left for the journal")]
    Full,
    /// Lasting: the disk can no longer be trusted to hold what it is told, and neither can what
    /// the system remembers of the file. No more writes until restart.
    #[error(
        "the journal cannot be written ({0}); what was not acknowledged is not kept; check the disk, then restart"
    )]
    Broken(String),
    /// The caller's mistake; nothing was written.
    #[error(
        "a batch of positions {first} to {last} with {bytes} bytes does not fit behind position {behind}"
    )]
    Misplaced { first: Position, last: Position, bytes: usize, behind: Position },
}

/// The writer's end of the journal.
pub(crate) struct Journal {
    keeper: Arc<Keeper>,
    active: Segment,
    /// Where the next batch begins.
    end: usize,
    last: Position,
    /// The full segment before this one, until a batch is here: so there always is one, and a
    /// reader who comes too late sees that.
    behind: Option<Retired>,
    /// What is written: a batch and the zeros behind it.
    buffer: Vec<u8>,
    /// Something of a refused batch lies at `end`.
    unclean: bool,
    asked: bool,
    broken: Option<String>,
}

impl Journal {
    /// Commits a batch: when this returns `Ok`, it survives a power cut.
    ///
    /// # Errors
    /// See [`AppendError`]. After `Full` nothing of the batch counts; after `Broken` it is found
    /// at the next start or it is not.
    pub(crate) fn append(
        &mut self,
        first: Position,
        last: Position,
        payload: &[u8],
    ) -> Result<(), AppendError> {
        if let Some(reason) = &self.broken {
            return Err(AppendError::Broken(reason.clone()));
        }
        let fits = payload.len() <= format::PAYLOAD_MAX_BYTES;
        if !fits || first != self.last.saturating_add(1) || last < first {
            let (bytes, behind) = (payload.len(), self.last);
            return Err(AppendError::Misplaced { first, last, bytes, behind });
        }
        let batch_len = format::batch_bytes(payload.len());
        if batch_len > self.room() {
            self.move_on(batch_len)?;
        }
        format::encode_batch(&mut self.buffer, &self.active.header, (first, last), payload);
        let behind = self.room().saturating_sub(batch_len);
        format::push_end(&mut self.buffer, behind);
        self.commit(batch_len)?;
        self.last = last;
        if let Some(full) = self.behind.take() {
            self.keeper.retire(full);
        }
        if !self.asked && self.end as u64 * 2 > self.active.header.size {
            self.asked = true;
            self.keeper.ask();
        }
        Ok(())
    }

    fn room(&self) -> usize {
        let size = usize::try_from(self.active.header.size).unwrap_or(usize::MAX);
        size.saturating_sub(self.end)
    }

    /// Writes the buffer, whose first `batch_len` bytes are a batch, and waits for the device.
    fn commit(&mut self, batch_len: usize) -> Result<(), AppendError> {
        match disk::write_all(&*self.active.file, &self.buffer, self.end as u64) {
            // Only zeros are missing: the batch itself is there.
            Err((written, error)) if disk::is_full(&error) && written >= batch_len => {}
            Err((_, error)) if disk::is_full(&error) => {
                self.unclean = true;
                return Err(AppendError::Full);
            }
            Err((_, error)) => return Err(self.broken(format!("writing failed: {error}"))),
            Ok(()) => {}
        }
        // A failed sync is never tried again: the system forgets which pages it could not write.
        if let Err(error) = self.active.file.sync_data() {
            return Err(self.broken(format!("fdatasync failed: {error}")));
        }
        self.end += batch_len;
        self.unclean = false;
        Ok(())
    }

    /// Goes on in a new segment, which is complete and durable before it gets a batch.
    fn move_on(&mut self, batch_len: usize) -> Result<(), AppendError> {
        if self.unclean {
            self.wipe()?;
        }
        let segment = match self.keeper.take(batch_len) {
            Ok(segment) => segment,
            Err(JournalError::Full(_)) => return Err(AppendError::Full),
            Err(error) => return Err(self.broken(error.to_string())),
        };
        let SegmentHeader { number, size, .. } = self.active.header;
        let full = Retired { number, size, last: self.last };
        if let Some(earlier) = self.behind.replace(full) {
            self.keeper.retire(earlier);
        }
        self.active = segment;
        self.end = format::SEGMENT_HEADER_BYTES;
        self.asked = false;
        Ok(())
    }

    /// Overwrites what is left of a refused batch: nobody may find it behind the last one.
    fn wipe(&mut self) -> Result<(), AppendError> {
        let (len, end) = (self.room(), self.end);
        self.buffer.clear();
        format::push_end(&mut self.buffer, len);
        let wiped = self.commit(self.buffer.len());
        self.end = end;
        wiped
    }

    fn broken(&mut self, reason: String) -> AppendError {
        tracing::error!(reason, "the journal cannot be written any more");
        self.broken = Some(reason.clone());
        AppendError::Broken(reason)
    }
}
