//! What can be wrong with a data directory, in words for the operator, and what a failing
//! database means for the writes that met it.

use std::{io, path::PathBuf};

use magpie_core::port::store::StoreError;
use rusqlite::ErrorCode;

use crate::journal::JournalError;

/// Why a store cannot be opened, backed up, restored or checked.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process uses the directory.
    #[error("another magpie is running on {}: stop it first, or choose another data directory", .0.display())]
    Locked(PathBuf),
    /// Nothing can be written there.
    #[error("cannot write to {}: {reason}; make it writable for this user, or choose another data directory", .path.display())]
    ReadOnly {
        /// File or directory.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Made by a later version.
    #[error(
        "{} was made by a newer magpie (schema {found}, this one knows {known}): use that version, or restore a backup",
        .path.display()
    )]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// Schema of the file.
        found: u32,
        /// Newest schema that this build knows.
        known: u32,
    },
    /// Something else lies at the store's place.
    #[error("{} is not a magpie store ({reason}): move it away, or choose another data directory", .path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// How that was seen.
        reason: String,
    },
    /// The file is damaged.
    #[error("{} is damaged ({reason}): restore a backup", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// An upgrade while the journal holds writes of the version before.
    #[error(
        "{} was made by an older magpie, and {writes} commits of that version wait in its journal: start that version once and stop it, then upgrade",
        .path.display()
    )]
    Undrained {
        /// The database.
        path: PathBuf,
        /// Commits that wait.
        writes: u64,
    },
    /// The journal cannot be used; the text says where and what to do.
    #[error("{0}")]
    Journal(String),
    /// There is a store already.
    #[error("{} exists already: nothing was changed", .0.display())]
    Exists(PathBuf),
    /// There is nothing to read.
    #[error("there is no store at {}", .0.display())]
    Missing(PathBuf),
    /// The disk is full.
    #[error("no space left for {}", .0.display())]
    Full(PathBuf),
    /// Anything else that the system or the database refused.
    #[error("{}: {reason}", .path.display())]
    Other {
        /// Where.
        path: PathBuf,
        /// What was said.
        reason: String,
    },
}

/// Explains a refused file operation.
pub(crate) fn of_io(path: impl Into<PathBuf>, error: &io::Error) -> OpenError {
    let (path, reason) = (path.into(), error.to_string());
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            OpenError::ReadOnly { path, reason }
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => OpenError::Full(path),
        io::ErrorKind::NotFound => OpenError::Missing(path),
        _ => OpenError::Other { path, reason },
    }
}

impl From<JournalError> for OpenError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Full(path) => Self::Full(path),
            error => Self::Journal(error.to_string()),
        }
    }
}

/// Explains a refused statement.
pub(crate) fn of_sqlite(path: impl Into<PathBuf>, error: &rusqlite::Error) -> OpenError {
    let (path, reason) = (path.into(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotAStore { path, reason },
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { path, reason },
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            OpenError::ReadOnly { path, reason }
        }
        Some(ErrorCode::DiskFull) => OpenError::Full(path),
        _ => OpenError::Other { path, reason },
    }
}

/// What a failed batch is answered.
pub(crate) struct Fault {
    pub(crate) error: StoreError,
    /// The file can no longer be trusted to hold what it is told: no more writes until restart.
    pub(crate) lasting: bool,
}

pub(crate) fn fault(error: &rusqlite::Error) -> Fault {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Fault { error: StoreError::Full, lasting: false },
        Some(ErrorCode::SystemIoFailure) => Fault {
            error: StoreError::Unavailable(format!(
                "the disk failed ({text}); what was not acknowledged is not kept; \
                 check the disk, then restart"
            )),
            lasting: true,
        },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Fault {
            error: StoreError::Unavailable(format!("the database is damaged ({text})")),
            lasting: true,
        },
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::DatabaseBusy) => {
            Fault { error: StoreError::Unavailable(text), lasting: false }
        }
        _ => Fault { error: StoreError::Fault(text), lasting: false },
    }
}

pub(crate) fn read_fault(error: &rusqlite::Error) -> StoreError {
    fault(error).error
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn failure(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn only_a_failing_disk_or_damage_ends_all_writing() {
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_CORRUPT] {
            assert!(fault(&failure(code)).lasting, "{code}");
        }
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_READONLY, ffi::SQLITE_BUSY] {
            assert!(!fault(&failure(code)).lasting, "{code}");
        }
        assert_eq!(fault(&failure(ffi::SQLITE_FULL)).error, StoreError::Full);
    }

    #[test]
    fn a_refused_file_operation_is_explained() {
        let explain = |kind: io::ErrorKind| of_io("data", &io::Error::from(kind));
        for kind in [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem] {
            assert!(matches!(explain(kind), OpenError::ReadOnly { .. }));
        }
        assert!(matches!(explain(io::ErrorKind::StorageFull), OpenError::Full(_)));
        assert!(matches!(explain(io::ErrorKind::NotFound), OpenError::Missing(_)));
    }
}
