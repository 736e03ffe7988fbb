//! Copies: online into one file while a server runs, back into an empty data directory, and
//! before a migration.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
    params,
};

use super::{
    DATABASE, apply,
    error::{OpenError, of_io, of_sqlite},
    files, migrate, recovery,
    row::{int, uint},
};
use crate::{
    journal,
    tail::{LAYER_BYTES_MAX, Tail},
};

/// How often a copy or a check is begun anew because a busy server had already let go of the journal behind
/// it.
pub(crate) const ATTEMPTS_MAX: u32 = 5;

/// Copies the store of a data directory into one new file: everything that is durable now. Works
/// while a server runs on it.
///
/// # Errors
/// [`OpenError`]: no store there, the target exists, or the disk refuses.
pub fn backup(data_dir: &Path, target: &Path) -> Result<(), OpenError> {
    let source = data_dir.join(DATABASE);
    let conn = open_existing(&source)?;
    if target.exists() {
        return Err(OpenError::Exists(target.into()));
    }
    let partial = with_suffix(target, ".partial");
    let made = copy_all(&conn, data_dir, &partial).and_then(|()| place(&partial, target));
    if made.is_err() {
        let _ = fs::remove_file(&partial);
    }
    made
}

/// The database first, then what the journal has behind it.
fn copy_all(source: &Connection, data_dir: &Path, partial: &Path) -> Result<(), OpenError> {
    for _ in 0..ATTEMPTS_MAX {
        copy_pages(source, partial).map_err(|error| of_sqlite(partial, &error))?;
        if add_tail(partial, data_dir)? {
            return Ok(());
        }
    }
    Err(behind(data_dir))
}

/// A journal that begins behind the database, however often one looks.
pub(crate) fn behind(data_dir: &Path) -> OpenError {
    let path = data_dir.join(journal::DIRECTORY);
    let why = "it begins behind the database, so something between is missing";
    OpenError::Journal(format!("{}: {why}; restore a backup", path.display()))
}

/// Applies what is durable in the journal to a copy of the database. `false`: the copy is too old
/// for it.
fn add_tail(copy: &Path, data_dir: &Path) -> Result<bool, OpenError> {
    let sqlite = |error: rusqlite::Error| of_sqlite(copy, &error);
    let conn = Connection::open(copy).map_err(sqlite)?;
    files::plan_once(&conn).map_err(sqlite)?;
    let (epoch, position) = conn
        .query_row("SELECT epoch, position FROM meta", [], |r| Ok((uint(r, 0)?, uint(r, 1)?)))
        .map_err(sqlite)?;
    let mut layer = Tail::new(position, 0).new_layer();
    let read = recovery::read_journal(data_dir, position, &mut |batch| {
        for effect in recovery::effects(&batch, epoch)? {
            layer.insert(effect);
        }
        layer.reaches(batch.last);
        if layer.bytes() >= LAYER_BYTES_MAX {
            apply::apply(&conn, &layer).map_err(|error| error.to_string())?;
            layer.clear();
        }
        Ok(())
    })?;
    if !layer.is_empty() {
        apply::apply(&conn, &layer).map_err(sqlite)?;
    }
    Ok(read.is_some())
}

/// Opens a store for reading only, refusing anything else.
pub(crate) fn open_existing(path: &Path) -> Result<Connection, OpenError> {
    if !migrate::looks_like_sqlite(path)? {
        return Err(OpenError::Missing(path.into()));
    }
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| of_sqlite(path, &error))?;
    conn.busy_timeout(files::BUSY_TIMEOUT).map_err(|error| of_sqlite(path, &error))?;
    if migrate::schema_of(&conn, path, migrate::STEPS.len())? == 0 {
        return Err(OpenError::NotAStore { path: path.into(), reason: "it is empty".into() });
    }
    Ok(conn)
}

/// Copies an open database; the copy appears under its name when it is complete.
pub(crate) fn copy(source: &Connection, target: &Path) -> Result<(), OpenError> {
    let partial = with_suffix(target, ".partial");
    let copied = copy_pages(source, &partial).map_err(|error| of_sqlite(target, &error));
    let placed = copied.and_then(|()| place(&partial, target));
    if placed.is_err() {
        let _ = fs::remove_file(&partial);
    }
    placed
}

fn copy_pages(source: &Connection, partial: &Path) -> rusqlite::Result<()> {
    let _ = fs::remove_file(partial);
    let mut target = Connection::open(partial)?;
    // All pages in one step: the copy sees one snapshot, and a busy server cannot restart it.
    if Backup::new(source, &mut target)?.step(-1)? != StepResult::Done {
        let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        return Err(rusqlite::Error::SqliteFailure(busy, Some("the store is busy".into())));
    }
    // One file, without a log beside it.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
}

/// Makes a finished file durable under its name.
pub(crate) fn place(partial: &Path, target: &Path) -> Result<(), OpenError> {
    let io = |error: std::io::Error| of_io(target, &error);
    File::open(partial).and_then(|file| file.sync_all()).map_err(io)?;
    fs::rename(partial, target).map_err(io)?;
    let parent = target.parent().filter(|p| !p.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new("."))).and_then(|dir| dir.sync_all()).map_err(io)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Puts a backup into a data directory as a new history: cursors of clients from before do not
/// fit it, so `new_epoch` has to be another one. With `force` an existing store is kept beside
/// under the name that is returned.
///
/// # Errors
/// [`OpenError`]: not a store, damaged, a server is running, or a store is there already.
pub fn restore(
    file: &Path,
    data_dir: &Path,
    new_epoch: u64,
    force: bool,
) -> Result<Option<PathBuf>, OpenError> {
    let source = open_existing(file)?;
    let verdict: String = source
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| of_sqlite(file, &error))?;
    if verdict != "ok" {
        return Err(OpenError::Damaged { path: file.into(), reason: verdict });
    }
    fs::create_dir_all(data_dir).map_err(|error| of_io(data_dir, &error))?;
    let _lock = files::lock(data_dir)?;
    let target = data_dir.join(DATABASE);
    let there = target.exists() || data_dir.join(journal::DIRECTORY).exists();
    let old = there.then(|| data_dir.join(format!("{DATABASE}.before-{new_epoch:016x}")));
    if old.is_some() && !force {
        return Err(OpenError::Exists(target));
    }
    let partial = with_suffix(&target, ".restoring");
    copy(&source, &partial)?;
    set_epoch(&partial, new_epoch).map_err(|error| of_sqlite(&partial, &error))?;
    if let Some(old) = &old {
        set_aside(data_dir, old)?;
    }
    place(&partial, &target)?;
    Ok(old)
}

fn set_epoch(path: &Path, epoch: u64) -> rusqlite::Result<()> {
    let conn = Connection::open(path)?;
    conn.execute("UPDATE meta SET epoch = ?1", params![int(epoch)])?;
    Ok(())
}

/// Moves a store with its logs out of the way; a log must never meet another database.
fn set_aside(data_dir: &Path, old: &Path) -> Result<(), OpenError> {
    let target = data_dir.join(DATABASE);
    let journal = (data_dir.join(journal::DIRECTORY), with_suffix(old, ".journal"));
    let files = ["-wal", "-shm", ""].map(|s| (with_suffix(&target, s), with_suffix(old, s)));
    for (from, to) in std::iter::once(journal).chain(files) {
        if from.exists() {
            fs::rename(&from, &to).map_err(|error| of_io(&from, &error))?;
        }
    }
    Ok(())
}
