//! The bounded queue in front of the writer: full means refused, never waited for and never
//! dropped. Takers get everything that has gathered, which makes the group commit.

use std::time::Duration;

use magpie_core::port::store::{Op, StoreError, Write};
use parking_lot::{Condvar, Mutex};

/// What a queued write weighs beside its body.
const WRITE_BYTES: usize = 256;

pub(crate) struct WriteQueue {
    inner: Mutex<Inner>,
    filled: Condvar,
    len_max: usize,
    bytes_max: usize,
}

struct Inner {
    /// In order; swapped out whole, which keeps the lock short.
    writes: Vec<Write>,
    bytes: usize,
    /// Why nothing is taken any more.
    closed: Option<StoreError>,
}

/// What the writer woke up for.
pub(crate) enum Taken {
    Writes,
    Timeout,
    Closed,
}

fn weight(write: &Write) -> usize {
    WRITE_BYTES
        + match &write.op {
            Op::Append(append) => append.body.as_bytes().len(),
            Op::Publish(publish) => publish.data.len(),
            Op::Delivered(marks) => marks.len() * 64,
            _ => 0,
        }
}

impl WriteQueue {
    pub(crate) fn new(len_max: usize, bytes_max: usize) -> Self {
        let inner = Inner { writes: Vec::new(), bytes: 0, closed: None };
        Self { inner: Mutex::new(inner), filled: Condvar::new(), len_max, bytes_max }
    }

    pub(crate) fn push(&self, write: Write) -> Result<(), StoreError> {
        let weight = weight(&write);
        let mut inner = self.inner.lock();
        if let Some(reason) = &inner.closed {
            return Err(reason.clone());
        }
        if inner.writes.len() >= self.len_max || inner.bytes + weight > self.bytes_max {
            return Err(StoreError::Overloaded);
        }
        inner.bytes += weight;
        inner.writes.push(write);
        drop(inner);
        self.filled.notify_one();
        Ok(())
    }

    /// Moves up to `len_max` writes to `into`; waits for the first one, at most for `patience`.
    /// Everything that was queued before the queue closed is still handed out.
    pub(crate) fn take(
        &self,
        into: &mut Vec<Write>,
        len_max: usize,
        patience: Option<Duration>,
    ) -> Taken {
        let mut inner = self.inner.lock();
        while inner.writes.is_empty() {
            if inner.closed.is_some() {
                return Taken::Closed;
            }
            match patience {
                None => self.filled.wait(&mut inner),
                Some(patience) => {
                    if self.filled.wait_for(&mut inner, patience).timed_out() {
                        return Taken::Timeout;
                    }
                }
            }
        }
        if into.is_empty() && inner.writes.len() <= len_max {
            std::mem::swap(into, &mut inner.writes);
            inner.bytes = 0;
        } else {
            let len = inner.writes.len().min(len_max);
            let taken: usize = inner.writes[..len].iter().map(weight).sum();
            into.extend(inner.writes.drain(..len));
            inner.bytes = inner.bytes.saturating_sub(taken);
        }
        Taken::Writes
    }

    pub(crate) fn len(&self) -> usize {
        self.inner.lock().writes.len()
    }

    /// Takes no more writes, for the first reason given.
    pub(crate) fn close(&self, reason: StoreError) {
        self.inner.lock().closed.get_or_insert(reason);
        self.filled.notify_all();
    }

    pub(crate) fn closed(&self) -> Option<StoreError> {
        self.inner.lock().closed.clone()
    }
}
