//! The store's housekeeping, from a thread and a connection of its own so that nobody waits for
//! it: moves SQLite's write-ahead log into the database, then gives free what the journal need
//! not keep any more, and has the journal's next segment ready.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use magpie_core::model::Position;
use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use super::row::uint;
use crate::journal::Keeper;

/// A shorter log is moved when this long has passed.
const PERIOD: Duration = Duration::from_secs(2);
/// Above this the applier itself lets the log start over. 128 MiB.
const LOG_PAGES_MAX: i64 = 32_768;

/// What the applier and the writer tell this thread, and back.
pub(crate) struct Backlog {
    keeper: Arc<Keeper>,
    /// Applied rows after which the log is worth moving.
    rows_per_checkpoint: usize,
    rows: AtomicUsize,
    state: Mutex<Wanted>,
    changed: Condvar,
    log_is_long: AtomicBool,
}

#[derive(Default)]
struct Wanted {
    some: bool,
    much: bool,
    segment: bool,
    closed: bool,
}

impl Backlog {
    pub(crate) fn new(keeper: Arc<Keeper>, rows_per_checkpoint: usize) -> Self {
        Self {
            keeper,
            rows_per_checkpoint,
            rows: AtomicUsize::new(0),
            state: Mutex::new(Wanted::default()),
            changed: Condvar::new(),
            log_is_long: AtomicBool::new(false),
        }
    }

    /// Counts applied rows. `true`: the applier shall shorten the log itself.
    pub(crate) fn grew(&self, rows: usize) -> bool {
        let before = self.rows.fetch_add(rows, Ordering::Relaxed);
        if before == 0 || before + rows >= self.rows_per_checkpoint {
            let mut wanted = self.state.lock();
            wanted.some = true;
            wanted.much |= before + rows >= self.rows_per_checkpoint;
            drop(wanted);
            self.changed.notify_one();
        }
        self.log_is_long.swap(false, Ordering::Relaxed)
    }

    /// The journal wants its next segment.
    pub(crate) fn segment_wanted(&self) {
        self.state.lock().segment = true;
        self.changed.notify_one();
    }

    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_one();
    }

    /// Waits until there is something to do.
    fn wait(&self) -> Work {
        let mut wanted = self.state.lock();
        let mut waited = false;
        loop {
            if wanted.closed {
                return Work::End;
            }
            if std::mem::take(&mut wanted.segment) {
                return Work::Segment;
            }
            if wanted.much || (wanted.some && waited) {
                (wanted.some, wanted.much) = (false, false);
                self.rows.store(0, Ordering::Relaxed);
                return Work::Checkpoint;
            }
            if wanted.some {
                waited = self.changed.wait_for(&mut wanted, PERIOD).timed_out();
            } else {
                self.changed.wait(&mut wanted);
            }
        }
    }

    /// The thread.
    pub(crate) fn run(&self, conn: &Connection) {
        loop {
            match self.wait() {
                Work::Segment => self.keeper.upkeep(),
                Work::Checkpoint => self.checkpoint(conn, "PASSIVE"),
                Work::End => break,
            }
            // A segment that could not be made is tried again with whatever comes next.
            self.keeper.upkeep();
        }
        self.checkpoint(conn, "TRUNCATE");
    }

    fn checkpoint(&self, conn: &Connection, mode: &str) {
        match checkpoint(conn, mode) {
            Ok(moved) => {
                if moved.log_pages > LOG_PAGES_MAX && moved.pages > 0 {
                    self.log_is_long.store(true, Ordering::Relaxed);
                }
                if let Some(contained) = moved.contained {
                    self.keeper.release(contained);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot move the write-ahead log into the database");
            }
        }
    }
}

enum Work {
    Checkpoint,
    Segment,
    End,
}

struct Moved {
    log_pages: i64,
    pages: i64,
    /// The position that the database file is known to hold whatever happens to the log.
    contained: Option<Position>,
}

fn checkpoint(conn: &Connection, mode: &str) -> rusqlite::Result<Moved> {
    // Read before: everything up to here is in the log that is moved now.
    let position =
        conn.prepare_cached("SELECT position FROM meta")?.query_row([], |row| uint(row, 0))?;
    let (busy, log_pages, pages): (i64, i64, i64) =
        conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    // A reader of an older snapshot keeps SQLite from moving everything.
    let complete = busy == 0 && log_pages == pages;
    Ok(Moved { log_pages, pages, contained: complete.then_some(position) })
}
