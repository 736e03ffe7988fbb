//! Commits one at a time: the store's own thread is held inside its sink until the next batch is
//! complete, so that every commit has the same messages in every run and no two threads work at
//! the same time.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use magpie_core::{
    model::Position,
    port::store::{CommitSink, Committed},
};

/// A sink in front of another one that lets the committer go on only when told to.
pub struct Gated {
    inner: Arc<dyn CommitSink>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Writes that the inner sink has got.
    done: u64,
    /// The committer stays inside the sink while `done` is above this.
    wanted: u64,
    /// Writes that were refused.
    refused: u64,
}

impl Gated {
    /// A closed gate in front of `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn CommitSink>) -> Self {
        Self { inner, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Lets the committer commit `count` more writes, all of which are queued, and waits for them.
    pub fn commit(&self, count: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.done;
        state.wanted = before + count;
        self.changed.notify_all();
        while state.done < before + count {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets the committer go on for good.
    pub fn open(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).wanted = u64::MAX;
        self.changed.notify_all();
    }

    /// Writes that were refused so far.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).refused
    }
}

impl CommitSink for Gated {
    fn committed(&self, batch: Vec<Committed>, position: Position) {
        let (count, refused) =
            (batch.len() as u64, batch.iter().filter(|done| done.result.is_err()).count() as u64);
        self.inner.committed(batch, position);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.done += count;
        state.refused += refused;
        self.changed.notify_all();
        while state.done >= state.wanted {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A sink that forgets.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl CommitSink for Nobody {
    fn committed(&self, _: Vec<Committed>, _: Position) {}
}
