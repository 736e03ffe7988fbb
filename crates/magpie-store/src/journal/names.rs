//! Names of the journal's files. A file's name says what may be expected in it, so every change
//! of use is a rename that is made durable before the contents change.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::disk::Disk;

/// Holds a header and batches, or waits for its first batch.
const LIVE: &str = "journal";
/// Kept for its space only; what it holds no longer counts.
const SPARE: &str = "spare";
/// Being written; left over when a process died meanwhile.
const UNFINISHED: &str = "new";

pub(super) fn live(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:016}.{LIVE}"))
}

pub(super) fn spare(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:016}.{SPARE}"))
}

pub(super) fn unfinished(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:016}.{UNFINISHED}"))
}

/// The files of a journal by use, each kind in rising order; other names are left alone.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) live: Vec<u64>,
    pub(super) spares: Vec<u64>,
    pub(super) unfinished: Vec<u64>,
}

impl Names {
    pub(super) fn list(disk: &dyn Disk, dir: &Path) -> io::Result<Self> {
        let mut names = Self::default();
        for name in disk.list(dir)? {
            let Some((number, kind)) = name.split_once('.') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match kind {
                LIVE => names.live.push(number),
                SPARE => names.spares.push(number),
                UNFINISHED => names.unfinished.push(number),
                _ => {}
            }
        }
        for list in [&mut names.live, &mut names.spares, &mut names.unfinished] {
            list.sort_unstable();
        }
        Ok(names)
    }

    /// Numbers are never used again, also not those of files whose contents no longer count.
    pub(super) fn next_number(&self) -> u64 {
        let last = [&self.live, &self.spares, &self.unfinished].map(|list| list.last().copied());
        last.into_iter().flatten().max().unwrap_or(0).saturating_add(1)
    }
}
