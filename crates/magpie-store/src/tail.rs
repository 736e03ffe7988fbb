//! The unapplied tail of the journal, in memory: what is durable but not yet in SQLite. The writer
//! publishes batches here after the fsync, readers pin its layers before they open a snapshot of
//! SQLite, the applier takes the oldest layer away once SQLite has it. Never blocks over I/O.

mod layer;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use ahash::RandomState;
use magpie_core::{model::Position, port::store::StoreError};
use parking_lot::{Condvar, Mutex, RwLock};

pub(crate) use layer::{Layer, Part, Rare};

use crate::effect::UserNo;

/// Shared with readers, who keep it as long as they look at it.
pub(crate) type SharedLayer = Arc<RwLock<Layer>>;

/// A layer this long is closed, so that the applier's transactions stay small.
const LAYER_LEN_MAX: usize = 32_768;
pub(crate) const LAYER_BYTES_MAX: usize = 16 << 20;

pub(crate) struct Tail {
    hasher: RandomState,
    /// Oldest first. The last one grows, the others are closed.
    layers: RwLock<VecDeque<SharedLayer>>,
    state: Mutex<State>,
    /// For the applier: there is something to do.
    wanted: Condvar,
    /// For the writer: something was applied, or an attempt to do so has ended.
    moved: Condvar,
    bytes_max: usize,
}

#[derive(Default)]
struct State {
    applied: Position,
    durable: Position,
    bytes: usize,
    closed_layers: usize,
    /// The writer waits for room, or for another attempt.
    kicked: bool,
    ending: bool,
    /// Why the last attempt to apply failed, until one succeeds.
    trouble: Option<Trouble>,
    /// Attempts to apply that have ended.
    attempts: u64,
}

/// Why nothing can be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) error: StoreError,
    /// It does not help to try again.
    pub(crate) lasting: bool,
}

/// What the applier woke up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    Apply,
    End,
}

impl Tail {
    pub(crate) fn new(applied: Position, bytes_max: usize) -> Self {
        let hasher = RandomState::new();
        let first = Arc::new(RwLock::new(Layer::new(hasher.clone())));
        Self {
            hasher,
            layers: RwLock::new(VecDeque::from([first])),
            state: Mutex::new(State { applied, durable: applied, ..State::default() }),
            wanted: Condvar::new(),
            moved: Condvar::new(),
            bytes_max,
        }
    }

    /// An empty layer for a batch; its keys are found in the tail too.
    pub(crate) fn new_layer(&self) -> Layer {
        Layer::new(self.hasher.clone())
    }

    /// Shows a durable batch, which is empty afterwards.
    pub(crate) fn publish(&self, batch: &mut Layer, position: Position) {
        let (full, wake) = {
            let layers = self.layers.read();
            let Some(newest) = layers.back() else { return };
            let mut newest = newest.write();
            let before = newest.bytes();
            newest.absorb(batch);
            newest.reaches(position);
            // Counted before the applier can take it away again.
            let mut state = self.state.lock();
            state.durable = position;
            let first = state.bytes == 0;
            state.bytes += newest.bytes() - before;
            let full = newest.len() >= LAYER_LEN_MAX || newest.bytes() >= LAYER_BYTES_MAX;
            (full, first || full)
        };
        if full {
            self.close_newest();
        }
        if wake {
            self.wanted.notify_one();
        }
    }

    /// Nothing more goes into the newest layer; a new one takes its place.
    fn close_newest(&self) {
        let mut layers = self.layers.write();
        if layers.back().is_some_and(|newest| !newest.read().is_empty()) {
            layers.push_back(Arc::new(RwLock::new(self.new_layer())));
            self.state.lock().closed_layers += 1;
        }
    }

    /// All layers as of now, newest first: whoever holds them misses nothing that leaves the tail
    /// afterwards, provided that he opens his snapshot of SQLite later.
    pub(crate) fn pin(&self) -> Vec<SharedLayer> {
        self.layers.read().iter().rev().cloned().collect()
    }

    /// The highest number of a user in here; 0 when there is none.
    pub(crate) fn highest_user_no(&self) -> UserNo {
        let layers = self.layers.read();
        let highest = |layer: &SharedLayer| layer.read().users().map(|row| row.no).max();
        layers.iter().filter_map(highest).max().unwrap_or(0)
    }

    /// Waits until the tail takes more, or until an attempt to make room has failed.
    pub(crate) fn wait_for_room(&self) -> Result<(), Trouble> {
        let mut state = self.state.lock();
        loop {
            if let Some(trouble) = &state.trouble {
                return Err(trouble.clone());
            }
            if state.bytes < self.bytes_max {
                return Ok(());
            }
            state.kicked = true;
            self.wanted.notify_one();
            self.moved.wait(&mut state);
        }
    }

    /// Has the applier try again at once, if its last attempt failed, and tells how that went.
    pub(crate) fn retry(&self) -> Result<(), Trouble> {
        let mut state = self.state.lock();
        let Some(trouble) = state.trouble.clone() else { return Ok(()) };
        if trouble.lasting || state.ending {
            return Err(trouble);
        }
        // One may be under way that began before; the next one counts.
        let enough = state.attempts + 2;
        while state.attempts < enough && !state.ending && state.trouble.is_some() {
            state.kicked = true;
            self.wanted.notify_one();
            self.moved.wait(&mut state);
        }
        state.trouble.clone().map_or(Ok(()), Err)
    }

    pub(crate) fn durable(&self) -> Position {
        self.state.lock().durable
    }

    pub(crate) fn applied(&self) -> Position {
        self.state.lock().applied
    }

    /// Durable bytes that SQLite does not have yet; for metrics.
    pub(crate) fn bytes(&self) -> usize {
        self.state.lock().bytes
    }

    /// Applies what is left, then ends.
    pub(crate) fn end(&self) {
        self.state.lock().ending = true;
        self.wanted.notify_one();
        self.moved.notify_all();
    }

    /// For the applier: waits until something was asked for, or lies here for `patience`.
    pub(crate) fn wait(&self, patience: Duration) -> Wake {
        let mut state = self.state.lock();
        let mut waited = false;
        loop {
            let some = state.bytes > 0;
            if state.ending && (!some || state.trouble.is_some()) {
                return Wake::End;
            }
            let now = state.kicked || state.ending || state.closed_layers > 0 || waited;
            if some && now && (state.trouble.is_none() || state.kicked || waited) {
                state.kicked = false;
                return Wake::Apply;
            }
            if some {
                waited = self.wanted.wait_for(&mut state, patience).timed_out();
            } else {
                state.kicked = false;
                self.wanted.wait(&mut state);
            }
        }
    }

    /// For the applier: the oldest layer, closed, if there is anything in it.
    pub(crate) fn oldest(&self) -> Option<SharedLayer> {
        if self.layers.read().len() == 1 {
            self.close_newest();
        }
        let layers = self.layers.read();
        layers.front().filter(|_| layers.len() > 1).cloned()
    }

    /// For the applier: SQLite has the oldest layer.
    pub(crate) fn applied_oldest(&self) {
        let Some(oldest) = self.layers.write().pop_front() else { return };
        let (last, bytes) = {
            let oldest = oldest.read();
            (oldest.last(), oldest.bytes())
        };
        let mut state = self.state.lock();
        state.applied = last;
        state.bytes = state.bytes.saturating_sub(bytes);
        state.closed_layers = state.closed_layers.saturating_sub(1);
        state.trouble = None;
        state.attempts += 1;
        drop(state);
        self.moved.notify_all();
    }

    /// For the applier: the oldest layer stays for now.
    pub(crate) fn failed(&self, trouble: Trouble) {
        let mut state = self.state.lock();
        state.trouble = Some(trouble);
        state.attempts += 1;
        drop(state);
        self.moved.notify_all();
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.state.lock().trouble.clone()
    }
}
