//! The files of a data directory: its lock, and connections with the settings that durability
//! and speed depend on.

use std::{
    fs::{self, File, TryLockError},
    io::Write as _,
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::error::{OpenError, of_io, of_sqlite};

const LOCK: &str = "magpie.lock";
/// How long a connection waits for another one, for example while a log is recovered.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// More than there are statements in this crate.
const STATEMENTS_MAX: usize = 96;

/// Takes the data directory for this process, until the file is closed.
pub(crate) fn lock(data_dir: &Path) -> Result<File, OpenError> {
    let path = data_dir.join(LOCK);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| of_io(data_dir, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(data_dir.into())),
        Err(TryLockError::Error(error)) => Err(of_io(path, &error)),
    }
}

/// Makes the directory if there is none. A new one is for its owner only: it will hold other
/// people's messages.
pub(crate) fn make_dir(data_dir: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir);
    made.map_err(|error| match of_io(data_dir, &error) {
        OpenError::Missing(path) => OpenError::ReadOnly { path, reason: error.to_string() },
        other => other,
    })
}

/// Bytes that must be free before a full disk counts as usable again.
const ROOM_BYTES: usize = 1 << 20;

/// Tries whether the disk takes some more, by writing a file of that size.
pub(crate) fn room_for_writes(data_dir: &Path) -> std::io::Result<()> {
    let path = data_dir.join("room.probe");
    let tried = File::create(&path).and_then(|mut file| {
        file.write_all(&vec![0; ROOM_BYTES])?;
        file.sync_data()
    });
    let removed = fs::remove_file(&path);
    tried.and(removed)
}

/// Plans a statement once. Without this SQLite looks at the values of its parameters while it
/// plans, and then plans it anew whenever they change: ten times the cost of a small read.
pub(crate) fn plan_once(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// The connection of migrations and the applier.
pub(crate) fn open_applier(
    path: &Path,
    page_count_max: Option<u32>,
) -> Result<Connection, OpenError> {
    let open = || -> rusqlite::Result<Connection> {
        let conn = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        conn.busy_timeout(BUSY_TIMEOUT)?;
        Ok(conn)
    };
    let conn = open().map_err(|error| of_sqlite(path, &error))?;
    if let Some(pages) = page_count_max {
        conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
            .map_err(|error| of_sqlite(path, &error))?;
    }
    Ok(conn)
}

/// Log mode, no fsync with a commit (the journal has it), and no checkpoints inside commits.
pub(crate) fn tune_applier(conn: &Connection) -> rusqlite::Result<()> {
    plan_once(conn)?;
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    conn.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;",
    )?;
    conn.query_row("PRAGMA wal_autocheckpoint = 0", [], |_| Ok(()))?;
    conn.query_row("PRAGMA journal_size_limit = 134217728", [], |_| Ok(()))
}

/// A connection for a reader.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    plan_once(&conn)?;
    conn.execute_batch("PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;")?;
    Ok(conn)
}

/// The checkpointer's connection.
pub(crate) fn open_checkpointer(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -2048;")?;
    Ok(conn)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_with_a_join_is_planned_once_whatever_its_parameters_are() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(include_str!("../../migrations/0001_init.sql")).unwrap();
        plan_once(&conn).unwrap();
        let mut statement = conn
            .prepare(
                "SELECT m.seq FROM messages m JOIN users u ON u.no = m.sender
                 WHERE m.conversation = ?1 AND m.sender = ?2",
            )
            .unwrap();
        for conversation in 0..20 {
            let mut rows = statement.query([conversation, conversation + 1]).unwrap();
            assert!(rows.next().unwrap().is_none());
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
