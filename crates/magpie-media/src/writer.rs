//! Writing one upload: bytes are gathered, written on the blocking pool, and flushed before an
//! offset is told. Whoever holds a [`Writer`] is the only one; dropping it keeps what was written.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    sync::{Arc, atomic::Ordering},
};

use crate::{
    MediaError,
    error::lost,
    staging::{Part, PartGuard, Slot},
};

/// Bytes that are gathered before they are written.
const GATHER_BYTES: usize = 256 * 1024;

/// Where writing begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At this offset, which must be the upload's own.
    At(u64),
    /// Anew: what was there is dropped.
    Over,
}

/// The one who writes.
pub struct Writer {
    slot: Arc<Slot>,
    /// Absent only while a worker has it.
    part: Option<PartGuard>,
    gathered: Vec<u8>,
    /// Bytes taken, written or not.
    taken: u64,
}

impl Writer {
    /// Begins with the right to write in hand.
    pub(crate) async fn open(
        slot: Arc<Slot>,
        part: PartGuard,
        start: Start,
    ) -> Result<Self, MediaError> {
        let mut writer = Self { slot, taken: part.len, part: Some(part), gathered: Vec::new() };
        match start {
            Start::At(offset) if offset == writer.taken => {}
            Start::At(_) => {
                // What was written and never told is told now, so it has to be there for good.
                let at = writer.flush().await?;
                return Err(MediaError::Offset { at });
            }
            Start::Over => {
                writer.slot.flushed.store(0, Ordering::Release);
                writer.work(|slot, part| cut(slot, part, 0)).await?;
                writer.taken = 0;
            }
        }
        Ok(writer)
    }

    /// How long the upload is when it is whole.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.slot.plan.size
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`MediaError::TooLarge`] for more than was announced; the disk's reason.
    pub async fn append(&mut self, bytes: &[u8]) -> Result<(), MediaError> {
        let size = self.slot.plan.size;
        if self.taken + bytes.len() as u64 > size {
            let text = format!("more bytes came than the {size} that were announced");
            return Err(MediaError::TooLarge(text));
        }
        self.taken += bytes.len() as u64;
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= GATHER_BYTES { self.write().await } else { Ok(()) }
    }

    /// Flushes; from here on the offset that is answered stands, whatever happens.
    ///
    /// # Errors
    /// The disk's reason.
    pub async fn flush(&mut self) -> Result<u64, MediaError> {
        self.write().await?;
        self.work(|slot, part| slot.flush(part)).await
    }

    async fn write(&mut self) -> Result<(), MediaError> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.gathered);
        let written = self.work(move |slot, part| write_at(slot, part, &bytes)).await;
        if written.is_err() {
            // The disk took a part at most; what it took is the truth.
            self.taken = self.part.as_ref().map_or(self.taken, |part| part.len);
        }
        written
    }

    /// Does something to the part on the blocking pool. The right to write goes along: it is not
    /// given to another while the disk is still busy, even when our caller goes away.
    async fn work<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Slot, &mut Part) -> io::Result<T> + Send + 'static,
    ) -> Result<T, MediaError> {
        let Some(mut part) = self.part.take() else { return Err(MediaError::Unknown) };
        let slot = self.slot.clone();
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&slot, &mut part);
            (part, result)
        });
        let (part, result) = done.await.map_err(|error| lost(&error))?;
        self.part = Some(part);
        Ok(result?)
    }
}

fn cut(slot: &Slot, part: &mut Part, len: u64) -> io::Result<()> {
    OpenOptions::new().write(true).open(&slot.path)?.set_len(len)?;
    part.len = len;
    Ok(())
}

fn write_at(slot: &Slot, part: &mut Part, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(&slot.path)?;
    let written = file.write_all(bytes);
    part.len = file.metadata()?.len();
    written
}
