//! The one thread that writes. It takes what has queued up, applies it in one transaction,
//! commits with an fsync, and only then hands the results to the sink, in order.

use std::{path::PathBuf, sync::Arc, time::Duration};

use magpie_core::port::store::{
    CommitSink, Committed, Outcome, Rejection, StoreError, Write, WriteResult,
};
use parking_lot::Mutex;
use rusqlite::{Connection, Result};

use super::{
    apply::apply,
    checkpoint::Backlog,
    error::fault,
    files,
    queue::{Taken, WriteQueue},
    recent::Recent,
    state::State,
};

/// How often a full disk is tried again while nobody writes.
const PROBE_PERIOD: Duration = Duration::from_secs(1);

pub(crate) struct Writer {
    pub(crate) conn: Connection,
    pub(crate) state: State,
    pub(crate) queue: Arc<WriteQueue>,
    pub(crate) recent: Arc<Recent>,
    pub(crate) backlog: Arc<Backlog>,
    /// Why the last commit failed; shared with `health`.
    pub(crate) trouble: Arc<Mutex<Option<StoreError>>>,
    /// A fault after which nothing is written any more.
    pub(crate) lasting: Option<StoreError>,
    pub(crate) data_dir: PathBuf,
    pub(crate) sink: Arc<dyn CommitSink>,
    pub(crate) batch_len_max: usize,
}

/// Refuses further writes when the writer ends, however it ends.
struct CloseOnEnd(Arc<WriteQueue>);

impl Drop for CloseOnEnd {
    fn drop(&mut self) {
        self.0.close(StoreError::Unavailable("the writer has stopped; see the log".into()));
    }
}

impl Writer {
    pub(crate) fn run(mut self) {
        let _close = CloseOnEnd(Arc::clone(&self.queue));
        let mut writes = Vec::with_capacity(self.batch_len_max);
        loop {
            let patience = self.trouble.lock().as_ref().map(|_| PROBE_PERIOD);
            match self.queue.take(&mut writes, self.batch_len_max, patience) {
                Taken::Writes => self.commit(&mut writes),
                Taken::Timeout => self.probe(),
                Taken::Closed => break,
            }
        }
    }

    /// One batch: all of it becomes durable, or none of it.
    fn commit(&mut self, writes: &mut Vec<Write>) {
        let mut done = Vec::with_capacity(writes.len());
        if let Some(reason) = self.lasting.clone() {
            return self.refuse(writes, done, &reason);
        }
        match self.transact(writes, &mut done) {
            Ok(()) => self.made_durable(done),
            Err(error) => {
                let reason = self.undo(&error);
                self.refuse(writes, done, &reason);
            }
        }
    }

    fn transact(&mut self, writes: &mut Vec<Write>, done: &mut Vec<Committed>) -> Result<()> {
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut failed = None;
        for write in writes.drain(..) {
            let result = match failed {
                None => apply(&self.conn, &mut self.state, write.op),
                Some(_) => Ok(Ok(Outcome::Done)),
            };
            // Every write keeps its place, so that each gets an answer whatever happens.
            let result = result.unwrap_or_else(|error| {
                failed = Some(error);
                Ok(Outcome::Done)
            });
            let position = self.state.position();
            done.push(Committed { origin: write.origin, result, position });
        }
        if let Some(error) = failed {
            return Err(error);
        }
        self.state.flush(&self.conn)?;
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    fn made_durable(&mut self, done: Vec<Committed>) {
        let changes = self.state.committed();
        let position = self.state.position();
        self.recent.committed(&changes, position);
        *self.trouble.lock() = None;
        let len = done.len();
        self.sink.committed(done, position);
        if self.backlog.grew(len) {
            self.shorten_log();
        }
    }

    /// Nothing of the batch is kept, neither on disk nor in memory. Says why.
    fn undo(&mut self, error: &rusqlite::Error) -> StoreError {
        if !self.conn.is_autocommit()
            && let Err(error) = self.conn.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "cannot roll back");
        }
        self.state.rolled_back();
        let fault = fault(error);
        let known = self.trouble.lock().replace(fault.error.clone());
        if known.as_ref() == Some(&fault.error) {
            tracing::debug!(%error, "a commit failed for the same reason as the one before");
        } else {
            let lasting = fault.lasting;
            tracing::error!(%error, lasting, "a commit failed; nothing of it was kept");
        }
        if fault.lasting {
            // Never tried again: after a failed fsync nobody knows what the disk holds.
            self.lasting = Some(fault.error.clone());
            self.queue.close(fault.error.clone());
        }
        fault.error
    }

    /// Tells everyone of a batch why nothing was kept.
    fn refuse(&self, writes: &mut Vec<Write>, mut done: Vec<Committed>, reason: &StoreError) {
        let position = self.state.position();
        let refused = || -> WriteResult { Err(Rejection::Store(reason.clone())) };
        for committed in &mut done {
            (committed.result, committed.position) = (refused(), position);
        }
        done.extend(writes.drain(..).map(|write| Committed {
            origin: write.origin,
            result: refused(),
            position,
        }));
        self.sink.committed(done, position);
    }

    /// Finds out whether a passing trouble is over while nobody writes.
    fn probe(&mut self) {
        // A change of one page fits into the log as it is; whether there is room says this only.
        if let Err(error) = files::room_for_writes(&self.data_dir) {
            tracing::debug!(%error, "still no room");
            return;
        }
        let tried =
            self.conn.execute_batch("BEGIN IMMEDIATE; UPDATE meta SET position = position; COMMIT");
        match tried {
            Ok(()) => {
                *self.trouble.lock() = None;
                tracing::info!("the store takes writes again");
            }
            Err(error) => {
                tracing::debug!(%error, "still no writes");
                if !self.conn.is_autocommit() {
                    let _ = self.conn.execute_batch("ROLLBACK");
                }
            }
        }
    }

    /// The background checkpointer cannot finish while this thread keeps appending; here nobody
    /// appends, so the log can start over.
    fn shorten_log(&mut self) {
        if let Err(error) = self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!(%error, "cannot move the write-ahead log into the database");
        }
    }
}
