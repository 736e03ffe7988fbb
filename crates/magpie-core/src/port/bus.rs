//! The inter-node port. Everything that reaches a socket goes through it, in one process too:
//! one node is a cluster of one.

use std::sync::Arc;

use crate::event::{Batch, Delivery};

/// Carries committed batches and passing events to every lane that may have receivers.
pub trait Bus: Send + Sync + 'static {
    /// Hands a committed batch to all lanes, in commit order. Called by the committer only; may
    /// wait for a lane that is behind, never drops.
    fn publish(&self, batch: Batch);

    /// Hands one event that is not stored to all lanes. Never waits; a full lane drops it and
    /// counts. Typing, presence, receipts, live push, broadcast, kick.
    fn announce(&self, delivery: Delivery);

    /// The same for many events that come at once, in their order: a lane is woken once for all.
    fn announce_all(&self, deliveries: Vec<Arc<Delivery>>);

    /// Adds a receiver of this node: one per socket runtime, and whoever else listens.
    fn attach(&self, lane: Arc<dyn Lane>);
}

/// A bounded queue into one consumer of this node.
pub trait Lane: Send + Sync + 'static {
    /// Takes a committed batch; blocks the committer while the lane is full.
    fn committed(&self, batch: &Arc<Batch>);

    /// Takes a passing event or drops it.
    fn passing(&self, delivery: &Arc<Delivery>);

    /// Takes passing events that come at once, in their order; each alone may be dropped.
    fn passing_all(&self, deliveries: &[Arc<Delivery>]) {
        deliveries.iter().for_each(|delivery| self.passing(delivery));
    }
}
