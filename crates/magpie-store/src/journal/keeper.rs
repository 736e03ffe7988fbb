//! The life of segments: prepared ahead, filled, released, used again. Shared between the writer,
//! who takes them, and the background thread, which has them ready. Never touches a batch.

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use magpie_core::model::Position;
use parking_lot::Mutex;

use super::{
    JournalError, Options,
    disk::{Disk, DiskFile, is_full, write_all},
    format::{BATCH_HEADER_BYTES, SEGMENT_HEADER_BYTES, SegmentHeader},
    names,
};

/// Files kept for their space; more are deleted.
const SPARES_MAX: usize = 2;
/// Zeros are written and made durable in pieces, so that the writer's syncs pass between them.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];
const SYNC_EVERY_BYTES: u64 = 1 << 20;

/// An open segment.
pub(super) struct Segment {
    pub(super) header: SegmentHeader,
    pub(super) file: Box<dyn DiskFile>,
}

/// A segment that takes no more batches.
#[derive(Debug)]
pub(super) struct Retired {
    pub(super) number: u64,
    pub(super) size: u64,
    pub(super) last: Position,
}

/// A file kept for its space.
#[derive(Debug)]
pub(super) struct Spare {
    pub(super) number: u64,
    pub(super) size: u64,
}

/// What is there besides the active segment.
pub(super) struct Shelf {
    pub(super) ready: Option<Segment>,
    pub(super) retired: VecDeque<Retired>,
    pub(super) spares: Vec<Spare>,
    pub(super) number_next: u64,
    pub(super) size_next: u64,
    /// What went wrong last, so that it is logged once.
    pub(super) trouble: Option<String>,
}

/// Keeps segments at hand; shared with the background thread.
pub(crate) struct Keeper {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    options: Options,
    shelf: Mutex<Shelf>,
    /// Held while files are made or renamed, so that numbers rise in the order of use. Taken
    /// before `shelf`, which is held for moments only.
    work: Mutex<()>,
    wanted: AtomicBool,
    wake: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Keeper {
    pub(super) fn new(disk: Arc<dyn Disk>, dir: &Path, options: Options, shelf: Shelf) -> Self {
        Self {
            disk,
            dir: dir.to_owned(),
            options,
            shelf: Mutex::new(shelf),
            work: Mutex::new(()),
            wanted: AtomicBool::new(false),
            wake: OnceLock::new(),
        }
    }

    /// What to call, on the writer's thread, when `wanted` turns true. Only the first call counts.
    pub(crate) fn on_wanted(&self, wake: Box<dyn Fn() + Send + Sync>) {
        let _ = self.wake.set(wake);
        if self.wanted() {
            self.call();
        }
    }

    /// Whether `upkeep` has something to do.
    pub(crate) fn wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
    }

    /// Makes the next segment ready, if the current one is more than half full and none is.
    /// What fails is logged and tried again at the next call.
    pub(crate) fn upkeep(&self) {
        if !self.wanted() {
            return;
        }
        let _work = self.work.lock();
        let needed = self.shelf.lock().ready.is_none();
        let prepared = if needed { self.prepare(0).map(Some) } else { Ok(None) };
        match prepared {
            Ok(segment) => {
                let mut shelf = self.shelf.lock();
                if segment.is_some() {
                    (shelf.ready, shelf.trouble) = (segment, None);
                }
                // Under the lock: the writer asks again only once it has taken this one.
                self.wanted.store(shelf.ready.is_none(), Ordering::Release);
            }
            Err(error) => self.note(&error),
        }
    }

    /// Segments all of whose batches are at or below `contained` may be used again or deleted.
    ///
    /// `contained` is the position inside the last completed checkpoint of the database: what is
    /// merely applied comes back from here after a power cut.
    pub(crate) fn release(&self, contained: Position) {
        let _work = self.work.lock();
        let mut released = Vec::new();
        loop {
            let mut shelf = self.shelf.lock();
            match shelf.retired.front() {
                Some(one) if one.last <= contained => released.extend(shelf.retired.pop_front()),
                _ => break,
            }
        }
        if released.is_empty() {
            return;
        }
        let spares = released.into_iter().map(|one| Spare { number: one.number, size: one.size });
        if let Err(error) = self.shelve(spares.collect()) {
            self.note(&error);
        }
        self.trim();
    }

    /// Says that the active segment is more than half full.
    pub(super) fn ask(&self) {
        let shelf = self.shelf.lock();
        if shelf.ready.is_none() && !self.wanted.swap(true, Ordering::AcqRel) {
            drop(shelf);
            self.call();
        }
    }

    /// A segment for a batch of `batch_len` bytes: the one that is ready, else made here and now.
    pub(super) fn take(&self, batch_len: usize) -> Result<Segment, JournalError> {
        let size_min = (SEGMENT_HEADER_BYTES + batch_len) as u64;
        let large_enough = |segment: &mut Segment| segment.header.size >= size_min;
        if let Some(segment) = self.shelf.lock().ready.take_if(large_enough) {
            return Ok(segment);
        }
        let _work = self.work.lock();
        let ready = self.shelf.lock().ready.take();
        match ready {
            Some(segment) if segment.header.size >= size_min => Ok(segment),
            Some(small) => {
                // Its number is below that of the one made now: it could not be used after it.
                let SegmentHeader { number, size, .. } = small.header;
                self.shelve(vec![Spare { number, size }])?;
                self.prepare(size_min)
            }
            None => self.prepare(size_min),
        }
    }

    /// Says which segment is ready at the start, and how large the next one will be.
    pub(super) fn begin(&self, ready: Option<Segment>, size_next: u64) {
        let mut shelf = self.shelf.lock();
        (shelf.ready, shelf.size_next) = (ready, size_next);
        drop(shelf);
        self.trim();
    }

    /// Takes a segment that is full.
    pub(super) fn retire(&self, retired: Retired) {
        self.shelf.lock().retired.push_back(retired);
    }

    /// Makes released segments spares. They are forgotten first: what fails here is found, and
    /// released again, when the journal is opened next.
    pub(super) fn shelve(&self, spares: Vec<Spare>) -> Result<(), JournalError> {
        for one in &spares {
            let from = names::live(&self.dir, one.number);
            let renamed = self.disk.rename(&from, &names::spare(&self.dir, one.number));
            renamed.map_err(|error| JournalError::of_io(&from, &error))?;
        }
        // Before anything is written to them: under their old names they would be damaged.
        self.sync_dir()?;
        self.shelf.lock().spares.extend(spares);
        Ok(())
    }

    /// Deletes spares that are too many or of a size that is no longer used.
    pub(super) fn trim(&self) {
        let mut unused = Vec::new();
        {
            let mut shelf = self.shelf.lock();
            let sizes = shelf.size_next..=self.options.segment_bytes_max.max(shelf.size_next);
            for one in std::mem::take(&mut shelf.spares) {
                let keep = sizes.contains(&one.size) && shelf.spares.len() < SPARES_MAX;
                if keep { shelf.spares.push(one) } else { unused.push(one) }
            }
        }
        for one in unused {
            let path = names::spare(&self.dir, one.number);
            if let Err(error) = self.disk.remove(&path) {
                self.note(&JournalError::of_io(&path, &error));
            }
        }
    }

    /// Makes a segment with room for `size_min` bytes; complete and durable when it returns.
    pub(super) fn prepare(&self, size_min: u64) -> Result<Segment, JournalError> {
        let (number, size, spare) = {
            let mut shelf = self.shelf.lock();
            let size = shelf.size_next.max(size_min).next_multiple_of(8);
            let sizes = size..=self.options.segment_bytes_max.max(size);
            let fitting = shelf.spares.iter().position(|one| sizes.contains(&one.size));
            let spare = fitting.map(|index| shelf.spares.swap_remove(index));
            let number = shelf.number_next;
            shelf.number_next += 1;
            (number, size, spare)
        };
        let segment = match spare {
            Some(spare) => self.reuse(&spare, number)?,
            None => self.create(number, size)?,
        };
        let mut shelf = self.shelf.lock();
        // A batch that needs a segment of its own does not make the others larger.
        if size_min <= shelf.size_next {
            shelf.size_next = self.options.size_after(segment.header.size);
        }
        drop(shelf);
        Ok(segment)
    }

    fn reuse(&self, spare: &Spare, number: u64) -> Result<Segment, JournalError> {
        let path = names::spare(&self.dir, spare.number);
        let header = SegmentHeader { number, size: spare.size, salt: self.disk.salt() };
        let opened = self.disk.open(&path).and_then(|file| {
            write_front(&*file, &header)?;
            file.sync_data()?;
            Ok(file)
        });
        self.finish(&path, header, opened)
    }

    fn create(&self, number: u64, size: u64) -> Result<Segment, JournalError> {
        let path = names::unfinished(&self.dir, number);
        let header = SegmentHeader { number, size, salt: self.disk.salt() };
        let made = self.disk.create(&path, size).and_then(|file| {
            write_front(&*file, &header)?;
            write_zeros(&*file, size)?;
            Ok(file)
        });
        self.finish(&path, header, made)
    }

    /// Gives a complete file its name, or removes what could not be completed.
    fn finish(
        &self,
        path: &Path,
        header: SegmentHeader,
        file: io::Result<Box<dyn DiskFile>>,
    ) -> Result<Segment, JournalError> {
        let named = file.and_then(|file| {
            self.disk.rename(path, &names::live(&self.dir, header.number))?;
            Ok(file)
        });
        match named {
            Ok(file) => {
                self.sync_dir()?;
                Ok(Segment { header, file })
            }
            Err(error) => {
                // Gives the space back; if even that fails, opening the journal does.
                let _ = self.disk.remove(path);
                Err(JournalError::of_io(path, &error))
            }
        }
    }

    fn sync_dir(&self) -> Result<(), JournalError> {
        self.disk.sync_dir(&self.dir).map_err(|error| JournalError::of_io(&self.dir, &error))
    }

    fn call(&self) {
        if let Some(wake) = self.wake.get() {
            wake();
        }
    }

    fn note(&self, error: &JournalError) {
        let text = error.to_string();
        let mut shelf = self.shelf.lock();
        if shelf.trouble.as_ref() != Some(&text) {
            tracing::warn!(%error, "no journal segment is ready for when this one is full");
            shelf.trouble = Some(text);
        }
    }
}

/// The header, and zeros where the first batch will be.
pub(super) fn write_front(file: &dyn DiskFile, header: &SegmentHeader) -> io::Result<()> {
    let mut front = [0; SEGMENT_HEADER_BYTES + BATCH_HEADER_BYTES];
    front[..SEGMENT_HEADER_BYTES].copy_from_slice(&header.encode());
    let len = front.len().min(usize::try_from(header.size).unwrap_or(usize::MAX));
    write_all(file, &front[..len], 0).map_err(|(_, error)| error)
}

fn write_zeros(file: &dyn DiskFile, size: u64) -> io::Result<()> {
    let mut offset = (SEGMENT_HEADER_BYTES + BATCH_HEADER_BYTES) as u64;
    let mut unsynced = 0;
    while offset < size {
        let count = (size - offset).min(ZEROS.len() as u64);
        let piece = ZEROS.get(..usize::try_from(count).unwrap_or(0)).unwrap_or_default();
        write_all(file, piece, offset).map_err(|(_, error)| error)?;
        (offset, unsynced) = (offset + count, unsynced + count);
        if unsynced >= SYNC_EVERY_BYTES {
            file.sync_data()?;
            unsynced = 0;
        }
    }
    file.sync_data()
}

impl JournalError {
    pub(super) fn of_io(path: &Path, error: &io::Error) -> Self {
        if is_full(error) {
            return Self::Full(path.to_owned());
        }
        Self::Io { path: path.to_owned(), reason: error.to_string() }
    }
}
