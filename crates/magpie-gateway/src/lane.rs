//! The bounded way from the bus into one socket runtime. The committer appends whole batches; the
//! lane's task fills the outboxes of its own runtime's connections in commit order, so that no
//! other thread wakes them and no message overtakes an earlier one.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use magpie_core::{
    Batch, Class, Delivery, Event,
    model::Position,
    port::{Lane, store::Origin},
};
use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use crate::{conn::Conn, contain::contained, hub::Hub};

/// Batches that wait before the committer does.
const BATCHES_MAX: usize = 64;
/// Passing events that wait before further ones are dropped.
const PASSING_MAX: usize = 16_384;
/// Deliveries in one turn, before the runtime's other tasks get theirs.
const DELIVERIES_PER_TURN: usize = 512;

enum Item {
    Batch(Arc<Batch>),
    Passing(Arc<Delivery>),
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    batches: usize,
    closed: bool,
}

/// One runtime's lane.
pub struct SocketLane {
    index: usize,
    queue: Mutex<Queue>,
    room: Condvar,
    arrived: Notify,
    position: AtomicU64,
}

impl SocketLane {
    /// The lane of runtime `index`; everything up to `position` is history.
    #[must_use]
    pub fn new(index: usize, position: Position) -> Self {
        Self {
            index,
            queue: Mutex::default(),
            room: Condvar::new(),
            arrived: Notify::new(),
            position: AtomicU64::new(position),
        }
    }

    /// Everything up to here was put into the outboxes of this runtime.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position.load(Ordering::Acquire)
    }

    /// Fills outboxes until the lane is closed. Runs on its runtime.
    pub async fn run(&self, hub: &Hub) {
        loop {
            let mut done = 0;
            while let Some(item) = self.next() {
                match item {
                    Item::Batch(batch) => {
                        for delivery in &batch.deliveries {
                            self.deliver(hub, delivery);
                        }
                        self.position.fetch_max(batch.position, Ordering::Release);
                        done += batch.deliveries.len();
                    }
                    Item::Passing(delivery) => {
                        self.deliver(hub, &delivery);
                        done += 1;
                    }
                }
                if done >= DELIVERIES_PER_TURN {
                    done = 0;
                    tokio::task::yield_now().await;
                }
            }
            if self.queue.lock().closed {
                return;
            }
            self.arrived.notified().await;
        }
    }

    /// Ends [`Self::run`] after what is queued, and frees a waiting committer.
    pub fn close(&self) {
        self.queue.lock().closed = true;
        self.room.notify_all();
        self.arrived.notify_one();
    }

    fn next(&self) -> Option<Item> {
        let mut queue = self.queue.lock();
        let item = queue.items.pop_front()?;
        if matches!(item, Item::Batch(_)) {
            queue.batches -= 1;
            if queue.batches + 1 == BATCHES_MAX {
                self.room.notify_all();
            }
        }
        Some(item)
    }

    fn deliver(&self, hub: &Hub, delivery: &Arc<Delivery>) {
        let origin = match &delivery.origin {
            Origin::Connection(conn, r) => {
                if let Some(result) = &delivery.result
                    && conn.lane() == self.index
                {
                    conn.reply(*r, result);
                }
                Arc::as_ptr(conn).cast::<()>()
            }
            Origin::None | Origin::Call(_) => std::ptr::null(),
        };
        match &delivery.event {
            None => return,
            Some(Event::Kick { .. }) => hub.count_kick(),
            Some(_) => {}
        }
        hub.receivers(&delivery.audience, |conns| {
            for conn in conns.iter().filter(|conn| conn.lane == self.index) {
                contained(conn, || {
                    if conn.door.wants(conn, conns, delivery) {
                        conn.door.deliver(conn, delivery, is_same(conn, origin));
                    }
                });
            }
        });
    }
}

fn is_same(conn: &Arc<Conn>, origin: *const ()) -> bool {
    Arc::as_ptr(conn).cast::<()>() == origin
}

impl Lane for SocketLane {
    fn committed(&self, batch: &Arc<Batch>) {
        let mut queue = self.queue.lock();
        while queue.batches >= BATCHES_MAX && !queue.closed {
            self.room.wait(&mut queue);
        }
        queue.items.push_back(Item::Batch(batch.clone()));
        queue.batches += 1;
        drop(queue);
        self.arrived.notify_one();
    }

    fn passing(&self, delivery: &Arc<Delivery>) {
        self.passing_all(std::slice::from_ref(delivery));
    }

    fn passing_all(&self, deliveries: &[Arc<Delivery>]) {
        let mut dropped = 0;
        let mut queue = self.queue.lock();
        for delivery in deliveries {
            let durable = delivery.event.as_ref().is_some_and(|e| e.class() == Class::Durable);
            // A kick is never dropped; what else passes is.
            if durable || queue.items.len() < PASSING_MAX {
                queue.items.push_back(Item::Passing(delivery.clone()));
            } else {
                dropped += 1;
            }
        }
        drop(queue);
        if dropped > 0 {
            metrics::counter!("magpie_lane_dropped_total").increment(dropped);
        }
        self.arrived.notify_one();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use magpie_core::Audience;
    use magpie_proto::{CloseCode, UserId};

    use super::*;

    fn passing(event: fn(UserId) -> Event) -> Arc<Delivery> {
        let user = UserId::parse("17").unwrap();
        Arc::new(Delivery::passing(Audience::user(&user), event(user)))
    }

    #[test]
    fn events_that_come_at_once_find_the_same_room_as_one_by_one_and_a_kick_always_does() {
        let leaves = |user| Event::Presence { user, online: false, last_seen_ms: 1 };
        let kick = |user| Event::Kick { user, device: None, code: CloseCode::Kicked };
        let lane = SocketLane::new(0, 0);
        let mut many = vec![passing(leaves); PASSING_MAX + 5];
        many.push(passing(kick));
        lane.passing_all(&many);
        lane.passing(&passing(leaves));
        lane.passing(&passing(kick));
        let queue = lane.queue.lock();
        let is_kick = |item: &Item| {
            matches!(item, Item::Passing(delivery)
                if matches!(delivery.event, Some(Event::Kick { .. })))
        };
        assert_eq!(queue.items.len(), PASSING_MAX + 2);
        assert_eq!(queue.items.iter().filter(|item| is_kick(item)).count(), 2);
    }
}
