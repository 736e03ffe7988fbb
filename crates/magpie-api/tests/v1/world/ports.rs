//! Doubles of two small ports: a bus that remembers, and presence that tests set.

use std::sync::Arc;

use magpie_core::{
    Batch, Delivery, Dialect,
    event::Event,
    port::{self, Lane, presence::Online},
};
use magpie_proto::UserId;
use parking_lot::Mutex;

/// Hands everything to its lanes and remembers what passed.
#[derive(Default)]
pub struct RecordingBus {
    lanes: Mutex<Vec<Arc<dyn Lane>>>,
    events: Mutex<Vec<Event>>,
    together: Mutex<Vec<usize>>,
}

impl RecordingBus {
    /// Everything told so far.
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().clone()
    }

    /// How many events were announced together, each time.
    pub fn together(&self) -> Vec<usize> {
        self.together.lock().clone()
    }
}

impl port::Bus for RecordingBus {
    fn publish(&self, batch: Batch) {
        let events = batch.deliveries.iter().filter_map(|delivery| delivery.event.clone());
        self.events.lock().extend(events);
        let (batch, lanes) = (Arc::new(batch), self.lanes.lock().clone());
        lanes.iter().for_each(|lane| lane.committed(&batch));
    }

    fn announce(&self, delivery: Delivery) {
        self.events.lock().extend(delivery.event.clone());
        let (delivery, lanes) = (Arc::new(delivery), self.lanes.lock().clone());
        lanes.iter().for_each(|lane| lane.passing(&delivery));
    }

    fn announce_all(&self, deliveries: Vec<Arc<Delivery>>) {
        if !deliveries.is_empty() {
            self.together.lock().push(deliveries.len());
        }
        self.events.lock().extend(deliveries.iter().filter_map(|delivery| delivery.event.clone()));
        self.lanes.lock().clone().iter().for_each(|lane| lane.passing_all(&deliveries));
    }

    fn attach(&self, lane: Arc<dyn Lane>) {
        self.lanes.lock().push(lane);
    }
}

/// Users with their open connections, in id order.
#[derive(Default)]
pub struct Presence(pub Mutex<std::collections::BTreeMap<UserId, u32>>);

impl Presence {
    pub fn set(&self, user: &str, connections: u32) {
        self.0.lock().insert(super::id(user), connections);
    }
}

impl port::Presence for Presence {
    fn connections(&self, user: &UserId) -> u32 {
        self.0.lock().get(user).copied().unwrap_or(0)
    }

    fn reach(&self, user: &UserId, _: &str) -> u32 {
        self.connections(user)
    }

    fn count(&self, dialect: Option<Dialect>) -> u64 {
        if dialect.is_some() { 0 } else { self.0.lock().values().map(|n| u64::from(*n)).sum() }
    }

    fn online(&self, after: Option<&UserId>, limit: usize) -> Vec<Online> {
        let users = self.0.lock();
        let later = users.iter().filter(|(user, _)| after.is_none_or(|after| *user > after));
        later.take(limit).map(|(u, n)| Online { user: u.clone(), connections: *n }).collect()
    }
}
