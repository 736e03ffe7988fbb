//! The one thread that writes. It takes what has queued up, decides it, puts what changes into the
//! journal with one fsync, shows it to readers, and only then hands the results to the sink, in
//! order. SQLite follows behind, on the applier's thread.

use std::{path::PathBuf, sync::Arc, time::Duration};

use magpie_core::port::store::{
    CommitSink, Committed, Outcome, Rejection, StoreError, Write, WriteResult,
};
use parking_lot::Mutex;
use rusqlite::Connection;

use super::{
    decide::decide,
    error::{Fault, fault},
    files,
    queue::{Taken, WriteQueue},
    recent::Recent,
    state::State,
    view::View,
};
use crate::{
    journal::{AppendError, Journal},
    tail::{Tail, Trouble},
};

/// How often a full disk is tried again while nobody writes.
const PROBE_PERIOD: Duration = Duration::from_secs(1);

pub(crate) struct Writer {
    /// For reading what the caches do not have.
    pub(crate) conn: Connection,
    pub(crate) state: State,
    pub(crate) journal: Journal,
    pub(crate) tail: Arc<Tail>,
    pub(crate) queue: Arc<WriteQueue>,
    pub(crate) recent: Arc<Recent>,
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

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        Self { error: trouble.error, lasting: trouble.lasting }
    }
}

impl From<AppendError> for Fault {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Full => Self { error: StoreError::Full, lasting: false },
            AppendError::Broken(_) => {
                Self { error: StoreError::Unavailable(error.to_string()), lasting: true }
            }
            AppendError::Misplaced { .. } => {
                Self { error: StoreError::Fault(error.to_string()), lasting: true }
            }
        }
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
        let committed = self.may_write().and_then(|()| {
            self.decide_all(writes, &mut done)?;
            self.make_durable()
        });
        match committed {
            Ok(()) => self.publish(done),
            Err(fault) => {
                let reason = self.undo(fault);
                self.refuse(writes, done, &reason);
            }
        }
    }

    /// Waits for room in the tail. What SQLite cannot take is not taken here either.
    fn may_write(&self) -> Result<(), Fault> {
        self.tail.retry()?;
        Ok(self.tail.wait_for_room()?)
    }

    fn decide_all(
        &mut self,
        writes: &mut Vec<Write>,
        done: &mut Vec<Committed>,
    ) -> Result<(), Fault> {
        let mut layers = self.tail.pin();
        layers.insert(0, Arc::clone(self.state.batch()));
        let view = View::new(&self.conn, layers);
        let mut failed = None;
        for write in writes.drain(..) {
            let result = match failed {
                None => decide(&view, &mut self.state, write.op),
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
        failed.map_or(Ok(()), |error| Err(fault(&error)))
    }

    /// The commit point. A batch that changes nothing has nothing to wait for.
    fn make_durable(&mut self) -> Result<(), Fault> {
        let first = self.state.durable() + 1;
        if self.state.flush() {
            let last = self.state.position();
            self.journal.append(first, last, self.state.payload())?;
        }
        Ok(())
    }

    fn publish(&mut self, done: Vec<Committed>) {
        let position = self.state.position();
        if position > self.state.durable() {
            self.tail.publish(&mut self.state.batch().write(), position);
        }
        let changes = self.state.committed();
        self.recent.committed(&changes, position);
        *self.trouble.lock() = None;
        self.sink.committed(done, position);
    }

    /// Nothing of the batch is kept, neither on disk nor in memory. Says why.
    fn undo(&mut self, fault: Fault) -> StoreError {
        self.state.rolled_back();
        let Fault { error, lasting } = fault;
        let known = self.trouble.lock().replace(error.clone());
        if known.as_ref() == Some(&error) {
            tracing::debug!(%error, "a commit failed for the same reason as the one before");
        } else {
            tracing::error!(%error, lasting, "a commit failed; nothing of it was kept");
        }
        if lasting {
            // Never tried again: after a failed fsync nobody knows what the disk holds.
            self.lasting = Some(error.clone());
            self.queue.close(error.clone());
        }
        error
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
        let tried = self.tail.retry().map_err(|trouble| trouble.error.to_string());
        let room = || files::room_for_writes(&self.data_dir).map_err(|error| error.to_string());
        match tried.and_then(|()| room()) {
            Ok(()) => {
                *self.trouble.lock() = None;
                tracing::info!("the store takes writes again");
            }
            Err(reason) => tracing::debug!(reason, "still no writes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failed_fsync_nothing_is_written_and_a_full_disk_passes() {
        let broken = Fault::from(AppendError::Broken("EIO".into()));
        assert!(broken.lasting, "what the disk holds is unknown: it is never tried again");
        assert!(
            matches!(&broken.error, StoreError::Unavailable(text) if text.contains("EIO")
                && text.contains("check the disk")),
            "{:?}",
            broken.error
        );
        let full = Fault::from(AppendError::Full);
        assert_eq!((full.error, full.lasting), (StoreError::Full, false));
    }
}
