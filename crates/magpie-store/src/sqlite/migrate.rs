//! The schema and its versions. Forward only: older files are copied, then brought up to date in
//! one transaction; newer files and files of other programs are refused untouched.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, params};

use super::{
    backup,
    error::{OpenError, of_io, of_sqlite},
    row::int,
};

/// Marks the file as ours: "Magp".
pub(crate) const APPLICATION_ID: i64 = 0x4d61_6770;

/// The steps from schema to schema; the number of a schema is the number of steps to it.
pub(crate) const STEPS: &[&str] = &[
    include_str!("../../migrations/0001_init.sql"),
    include_str!("../../migrations/0002_revisions.sql"),
];

const HEADER: &[u8; 16] = b"SQLite format 3\0";

/// Refuses what is not an SQLite file before SQLite touches it. `false`: there is no file yet.
pub(crate) fn looks_like_sqlite(path: &Path) -> Result<bool, OpenError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(of_io(path, &error)),
    };
    let mut header = Vec::with_capacity(HEADER.len());
    file.by_ref()
        .take(HEADER.len() as u64)
        .read_to_end(&mut header)
        .map_err(|error| of_io(path, &error))?;
    // SQLite creates the file empty and fills it with the first transaction.
    if header.is_empty() || header == HEADER {
        return Ok(!header.is_empty());
    }
    Err(OpenError::NotAStore { path: path.into(), reason: "it is no SQLite file".into() })
}

/// Schema number of an open file, 0 when it is empty.
pub(crate) fn schema_of(conn: &Connection, path: &Path, known: usize) -> Result<u32, OpenError> {
    let number = |pragma: &str| -> Result<i64, OpenError> {
        conn.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
            .map_err(|error| of_sqlite(path, &error))
    };
    let (application, found) = (number("application_id")?, number("user_version")?);
    let tables: i64 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| of_sqlite(path, &error))?;
    if tables == 0 && application == 0 {
        return Ok(0);
    }
    if application != APPLICATION_ID {
        let reason = "it belongs to another program".into();
        return Err(OpenError::NotAStore { path: path.into(), reason });
    }
    let found = u32::try_from(found).unwrap_or(u32::MAX);
    let known = u32::try_from(known).unwrap_or(u32::MAX);
    if found > known {
        return Err(OpenError::NewerSchema { path: path.into(), found, known });
    }
    Ok(found)
}

/// Brings a file to the newest schema. Returns the copy that was made before, if there was data.
pub(crate) fn migrate(
    conn: &mut Connection,
    path: &Path,
    epoch_if_new: u64,
    steps: &[&str],
) -> Result<Option<PathBuf>, OpenError> {
    let found = schema_of(conn, path, steps.len())? as usize;
    if found == steps.len() {
        return Ok(None);
    }
    let copy = if found > 0 {
        let copy = path.with_extension(format!("schema-{found}.backup"));
        backup::copy(conn, &copy)?;
        Some(copy)
    } else {
        None
    };
    apply(conn, found, epoch_if_new, steps).map_err(|error| of_sqlite(path, &error))?;
    Ok(copy)
}

fn apply(
    conn: &mut Connection,
    found: usize,
    epoch_if_new: u64,
    steps: &[&str],
) -> rusqlite::Result<()> {
    let transaction = conn.transaction()?;
    for step in &steps[found..] {
        transaction.execute_batch(step)?;
    }
    if found == 0 {
        transaction.execute(
            "INSERT INTO meta (id, epoch, position) VALUES (1, ?1, 0)",
            params![int(epoch_if_new)],
        )?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    transaction.pragma_update(None, "user_version", int(steps.len() as u64))?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const LATER: &[&str] = &[STEPS[0], STEPS[1], "ALTER TABLE users ADD COLUMN motto TEXT"];
    const BROKEN: &[&str] =
        &[STEPS[0], STEPS[1], "ALTER TABLE users ADD COLUMN motto TEXT; NONSENSE"];

    fn made(path: &Path) -> Connection {
        let mut conn = Connection::open(path).unwrap();
        assert_eq!(migrate(&mut conn, path, 7, STEPS).unwrap(), None);
        conn.execute("INSERT INTO users VALUES (1, 'a', '', '', 'user', 0, 1, 0)", []).unwrap();
        conn
    }

    fn columns(conn: &Connection) -> i64 {
        let sql = "SELECT count(*) FROM pragma_table_info('users')";
        conn.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn an_older_store_is_copied_then_brought_up_to_date() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("magpie.db");
        let mut conn = made(&path);
        let copy = migrate(&mut conn, &path, 8, LATER).unwrap().unwrap();
        assert_eq!((columns(&conn), columns(&Connection::open(copy).unwrap())), (9, 8));
        let epoch: i64 = conn.query_row("SELECT epoch FROM meta", [], |row| row.get(0)).unwrap();
        assert_eq!(epoch, 7, "the history goes on");
        assert_eq!(migrate(&mut conn, &path, 9, LATER).unwrap(), None, "once is enough");
        assert!(matches!(
            migrate(&mut conn, &path, 9, STEPS),
            Err(OpenError::NewerSchema { found: 3, known: 2, .. })
        ));
    }

    #[test]
    fn a_migration_that_fails_leaves_the_store_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("magpie.db");
        let mut conn = made(&path);
        assert!(migrate(&mut conn, &path, 8, BROKEN).is_err());
        assert_eq!(columns(&conn), 8);
        assert_eq!(schema_of(&conn, &path, 2).unwrap(), 2);
        let users: i64 = conn.query_row("SELECT count(*) FROM users", [], |r| r.get(0)).unwrap();
        assert_eq!(users, 1);
    }
}
