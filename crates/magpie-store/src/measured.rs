//! The commit journal alone, for micro-benchmarks: what a batch costs until it is durable, without
//! anything that decides, shows or applies it.

use std::{path::Path, sync::Arc};

use crate::{
    OpenError,
    journal::{self, Journal, Keeper, RealDisk},
};

/// A journal that forgets its batches as soon as it needs their room.
pub struct Log {
    journal: Journal,
    keeper: Arc<Keeper>,
    last: u64,
}

impl Log {
    /// Opens, or makes, the journal of a directory of its own.
    ///
    /// # Errors
    /// [`OpenError`], as when a store is opened.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let disk = Arc::new(RealDisk);
        let sizes = journal::Options::default();
        let opened = journal::open(disk, dir, sizes, 0, &mut |_| Ok(()));
        let (journal, keeper, recovered) = opened?;
        Ok(Self { journal, keeper, last: recovered.last })
    }

    /// Makes one batch durable.
    ///
    /// # Errors
    /// What the disk said.
    pub fn append(&mut self, payload: &[u8]) -> Result<(), String> {
        self.last += 1;
        let appended = self.journal.append(self.last, self.last, payload);
        if self.keeper.wanted() {
            self.keeper.release(self.last - 1);
            self.keeper.upkeep();
        }
        appended.map_err(|error| error.to_string())
    }
}
