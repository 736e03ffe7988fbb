//! Where the bytes of a store lie: pages and payload of every table and index. For operators who
//! wonder and for those who want to make rows smaller; reads every page.

use std::path::Path;

use super::{
    DATABASE, backup,
    error::{OpenError, of_sqlite},
    row::uint,
};

/// What a table or an index takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    /// Its name; automatic indexes have SQLite's.
    pub name: String,
    /// Bytes of its pages.
    pub bytes: u64,
    /// Bytes of its rows.
    pub payload_bytes: u64,
    /// Bytes in its pages that nothing uses.
    pub unused_bytes: u64,
    /// Rows, or entries.
    pub entries: u64,
}

/// Tells the size of each table and index, the biggest first. Works while a server runs.
///
/// # Errors
/// [`OpenError`] when there is no store to read.
pub fn sizes(data_dir: &Path) -> Result<Vec<Size>, OpenError> {
    let path = data_dir.join(DATABASE);
    let conn = backup::open_existing(&path)?;
    // Inner pages of indexes hold entries too; those of tables hold none.
    let read = || -> rusqlite::Result<Vec<Size>> {
        conn.prepare(
            "SELECT name, sum(pgsize), sum(payload), sum(unused),
             sum(CASE WHEN pagetype = 'leaf' OR payload > 0 THEN ncell ELSE 0 END)
             FROM dbstat GROUP BY name ORDER BY 2 DESC, 1",
        )?
        .query_map([], |row| {
            Ok(Size {
                name: row.get(0)?,
                bytes: uint(row, 1)?,
                payload_bytes: uint(row, 2)?,
                unused_bytes: uint(row, 3)?,
                entries: uint(row, 4)?,
            })
        })?
        .collect()
    };
    read().map_err(|error| of_sqlite(&path, &error))
}
