//! Readers: a few threads with a read-only connection each. Every read is one view: the layers of
//! the tail and one snapshot of SQLite, so that an answer and its position belong together.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use magpie_core::{
    model::Position,
    port::store::{ReadFuture, StoreError},
};
use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{error::read_fault, recent::Recent, view::View};
use crate::tail::Tail;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// The bounded queue of reads.
pub(crate) struct ReadQueue {
    inner: Mutex<Inner>,
    filled: Condvar,
    len_max: usize,
}

#[derive(Default)]
struct Inner {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl ReadQueue {
    pub(crate) fn new(len_max: usize) -> Self {
        Self { inner: Mutex::default(), filled: Condvar::new(), len_max }
    }

    fn push(&self, job: Job) -> Result<(), StoreError> {
        let mut inner = self.inner.lock();
        if inner.closed {
            return Err(StoreError::Unavailable("the store is closing".into()));
        }
        if inner.jobs.len() >= self.len_max {
            return Err(StoreError::Overloaded);
        }
        inner.jobs.push_back(job);
        drop(inner);
        self.filled.notify_one();
        Ok(())
    }

    fn take(&self) -> Option<Job> {
        let mut inner = self.inner.lock();
        loop {
            if let Some(job) = inner.jobs.pop_front() {
                return Some(job);
            }
            if inner.closed {
                return None;
            }
            self.filled.wait(&mut inner);
        }
    }

    pub(crate) fn close(&self) {
        self.inner.lock().closed = true;
        self.filled.notify_all();
    }

    /// A reader's thread. A read that panics fails alone.
    pub(crate) fn run(&self, conn: &Connection) {
        while let Some(job) = self.take() {
            if catch_unwind(AssertUnwindSafe(|| job(conn))).is_err() {
                tracing::error!("a read has panicked");
            }
        }
    }

    /// Queues a read; its answer is awaited. `source` says where views come from.
    pub(crate) fn read<T: Send + 'static>(
        self: &Arc<Self>,
        source: &Arc<Source>,
        read: impl FnOnce(&View<'_>, Position) -> rusqlite::Result<T> + Send + 'static,
    ) -> ReadFuture<T> {
        let (answer, answered) = oneshot::channel();
        let source = Arc::clone(source);
        let job = move |conn: &Connection| {
            let answered = source.look(conn, read).map_err(|error| read_fault(&error));
            // Whoever asked may have gone away.
            let _ = answer.send(answered);
        };
        let queued = self.push(Box::new(job));
        Box::pin(async move {
            queued?;
            answered
                .await
                .unwrap_or_else(|_gone| Err(StoreError::Fault("the read was given up".into())))
        })
    }
}

/// What a view is made of.
pub(crate) struct Source {
    pub(crate) tail: Arc<Tail>,
    pub(crate) recent: Arc<Recent>,
}

impl Source {
    fn look<T>(
        &self,
        conn: &Connection,
        read: impl FnOnce(&View<'_>, Position) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        // In this order: what is durable up to the position is in the layers or, when it has left
        // them, in the snapshot that opens later.
        let position = self.recent.position();
        let view = View::new(conn, self.tail.pin());
        read(&view, position)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn database() -> Connection {
        Connection::open_in_memory().unwrap()
    }

    fn source() -> Arc<Source> {
        Arc::new(Source {
            tail: Arc::new(Tail::new(7, 1 << 20)),
            recent: Arc::new(Recent::new(7, 9)),
        })
    }

    fn wait<T>(read: ReadFuture<T>) -> Result<T, StoreError> {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(read)
    }

    #[test]
    fn a_read_that_panics_or_fails_does_not_end_the_reader() {
        let queue = Arc::new(ReadQueue::new(9));
        let broken = queue.read(&source(), |_, _| -> rusqlite::Result<()> { panic!("a bug") });
        let failed = queue.read(&source(), |view, _| view.sql()?.execute("NONSENSE", []));
        let fine = queue.read(&source(), |_, position| Ok(position));
        queue.close();
        queue.run(&database());
        assert!(wait(broken).is_err());
        assert!(matches!(wait(failed), Err(StoreError::Fault(_))));
        assert_eq!(wait(fine), Ok(7));
    }

    #[test]
    fn too_many_reads_are_refused_at_once() {
        let queue = Arc::new(ReadQueue::new(1));
        let first = queue.read(&source(), |_, position| Ok(position));
        let second = queue.read(&source(), |_, position| Ok(position));
        assert_eq!(wait(second), Err(StoreError::Overloaded));
        queue.close();
        let late = queue.read(&source(), |_, position| Ok(position));
        assert!(matches!(wait(late), Err(StoreError::Unavailable(_))));
        queue.run(&database());
        assert_eq!(wait(first), Ok(7));
    }
}
