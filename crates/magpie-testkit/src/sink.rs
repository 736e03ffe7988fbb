//! A commit sink that remembers what it was told, in order, and answers waiting calls.

use magpie_core::{
    model::Position,
    port::store::{CommitSink, Committed, WriteResult},
};
use parking_lot::Mutex;

/// One commit as the sink saw it.
#[derive(Debug, Clone)]
pub struct RecordedBatch {
    /// Results with their positions.
    pub results: Vec<(WriteResult, Position)>,
    /// Position of the whole.
    pub position: Position,
}

/// The recording sink.
#[derive(Debug, Default)]
pub struct RecordingSink {
    batches: Mutex<Vec<RecordedBatch>>,
}

impl RecordingSink {
    /// Everything so far, and forgets it.
    #[must_use]
    pub fn take(&self) -> Vec<RecordedBatch> {
        std::mem::take(&mut self.batches.lock())
    }

    /// How many results there are so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batches.lock().iter().map(|batch| batch.results.len()).sum()
    }

    /// Whether nothing was committed yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl CommitSink for RecordingSink {
    fn committed(&self, batch: Vec<Committed>, position: Position) {
        let results = batch.iter().map(|c| (c.result.clone(), c.position)).collect();
        self.batches.lock().push(RecordedBatch { results, position });
        // Only now, so that whoever was answered finds his result here.
        for committed in &batch {
            committed.origin.answer_call(&committed.result);
        }
    }
}
