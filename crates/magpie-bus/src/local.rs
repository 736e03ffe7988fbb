//! The bus of a cluster of one: hands every batch and every passing event to the lanes of this
//! process, on the caller's thread. The committer calls `publish`, so batches stay in commit order.

use std::sync::Arc;

use magpie_core::{
    Batch, Delivery,
    port::{Bus, Lane},
};
use parking_lot::RwLock;

/// The in-process bus.
#[derive(Default)]
pub struct LocalBus {
    lanes: RwLock<Vec<Arc<dyn Lane>>>,
}

impl Bus for LocalBus {
    fn publish(&self, batch: Batch) {
        let batch = Arc::new(batch);
        for lane in self.lanes.read().iter() {
            lane.committed(&batch);
        }
    }

    fn announce(&self, delivery: Delivery) {
        let delivery = Arc::new(delivery);
        for lane in self.lanes.read().iter() {
            lane.passing(&delivery);
        }
    }

    fn announce_all(&self, deliveries: Vec<Arc<Delivery>>) {
        if deliveries.is_empty() {
            return;
        }
        for lane in self.lanes.read().iter() {
            lane.passing_all(&deliveries);
        }
    }

    fn attach(&self, lane: Arc<dyn Lane>) {
        self.lanes.write().push(lane);
    }
}
