//! Moves the write-ahead log into the database from a thread and a connection of its own, so
//! that commits do not wait for it.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

/// Writes after which the log is worth moving.
const WRITES_PER_CHECKPOINT: usize = 4_000;
/// A shorter log is moved when this long has passed.
const PERIOD: Duration = Duration::from_secs(2);
/// Above this the writer itself lets the log start over. 128 MiB.
const LOG_PAGES_MAX: i64 = 32_768;

/// What the writer tells the checkpointer, and back.
pub(crate) struct Backlog {
    writes: AtomicUsize,
    state: Mutex<Wanted>,
    changed: Condvar,
    log_is_long: AtomicBool,
}

#[derive(Default)]
struct Wanted {
    some: bool,
    much: bool,
    closed: bool,
}

impl Backlog {
    pub(crate) fn new() -> Self {
        Self {
            writes: AtomicUsize::new(0),
            state: Mutex::new(Wanted::default()),
            changed: Condvar::new(),
            log_is_long: AtomicBool::new(false),
        }
    }

    /// Counts committed writes. `true`: the writer shall shorten the log itself.
    pub(crate) fn grew(&self, writes: usize) -> bool {
        let before = self.writes.fetch_add(writes, Ordering::Relaxed);
        if before == 0 || before + writes >= WRITES_PER_CHECKPOINT {
            let mut wanted = self.state.lock();
            wanted.some = true;
            wanted.much |= before + writes >= WRITES_PER_CHECKPOINT;
            drop(wanted);
            self.changed.notify_one();
        }
        self.log_is_long.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_one();
    }

    /// Waits until there is enough to move; `false` when it is time to end.
    fn wait(&self) -> bool {
        let mut wanted = self.state.lock();
        while !wanted.some && !wanted.closed {
            self.changed.wait(&mut wanted);
        }
        while !wanted.much && !wanted.closed {
            if self.changed.wait_for(&mut wanted, PERIOD).timed_out() {
                break;
            }
        }
        (wanted.some, wanted.much) = (false, false);
        self.writes.store(0, Ordering::Relaxed);
        !wanted.closed
    }

    /// The checkpointer's thread.
    pub(crate) fn run(&self, conn: &Connection) {
        while self.wait() {
            let moved = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
            });
            match moved {
                Ok((log, moved)) => {
                    if log > LOG_PAGES_MAX && moved > 0 {
                        self.log_is_long.store(true, Ordering::Relaxed);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot move the write-ahead log into the database");
                }
            }
        }
        if let Err(error) = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
            tracing::warn!(%error, "the write-ahead log stays until the next start");
        }
    }
}
