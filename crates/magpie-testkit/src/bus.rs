//! What every bus must do, as named cases, and a lane that keeps what it is handed. Run on each
//! implementation with [`bus_conformance!`](crate::bus_conformance).
#![allow(clippy::panic, reason = "test code")]

use std::sync::Arc;

use magpie_core::{
    Audience, Batch, Delivery, Event,
    port::{Bus, Lane},
};
use magpie_proto::{CloseCode, UserId};
use parking_lot::Mutex;

/// A lane that keeps what it is handed, in order.
#[derive(Default)]
pub struct KeepingLane {
    seen: Mutex<Vec<Seen>>,
}

/// What a lane was handed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A committed batch, by its position and number of deliveries.
    Committed(u64, usize),
    /// A passing event, by the user that it is about.
    Passing(String),
}

impl KeepingLane {
    /// What was handed over so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().clone()
    }
}

impl Lane for KeepingLane {
    fn committed(&self, batch: &Arc<Batch>) {
        self.seen.lock().push(Seen::Committed(batch.position, batch.deliveries.len()));
    }

    fn passing(&self, delivery: &Arc<Delivery>) {
        let about = match &delivery.audience {
            Audience::Users(users) => users.iter().map(UserId::as_str).collect(),
            other => format!("{other:?}"),
        };
        self.seen.lock().push(Seen::Passing(about));
    }
}

fn passing(user: &str) -> Delivery {
    let Ok(user) = UserId::parse(user) else { panic!("{user:?} is no user id") };
    let event = Event::Kick { user: user.clone(), device: None, code: CloseCode::Kicked };
    Delivery::passing(Audience::user(&user), event)
}

fn batch(position: u64, deliveries: usize) -> Batch {
    let deliveries = (0..deliveries).map(|_| Arc::new(passing("member"))).collect();
    Batch { position, deliveries }
}

/// Every lane gets every batch, in the order in which they were published.
pub fn batches_reach_every_lane_in_commit_order(bus: &dyn Bus) {
    let lanes = [Arc::new(KeepingLane::default()), Arc::new(KeepingLane::default())];
    for lane in &lanes {
        bus.attach(lane.clone());
    }
    let expected: Vec<Seen> = (1..=100).map(|n| Seen::Committed(n, 2)).collect();
    for position in 1..=100 {
        bus.publish(batch(position, 2));
    }
    for lane in &lanes {
        assert_eq!(lane.seen(), expected);
    }
}

/// A batch without deliveries moves the position of every lane all the same.
pub fn an_empty_batch_still_tells_its_position(bus: &dyn Bus) {
    let lane = Arc::new(KeepingLane::default());
    bus.attach(lane.clone());
    bus.publish(batch(7, 0));
    assert_eq!(lane.seen(), [Seen::Committed(7, 0)]);
}

/// A passing event goes to every lane, once, and stays between the batches around it.
pub fn passing_events_reach_every_lane_once_and_in_place(bus: &dyn Bus) {
    let lane = Arc::new(KeepingLane::default());
    bus.attach(lane.clone());
    bus.publish(batch(1, 1));
    bus.announce(passing("alice"));
    bus.publish(batch(2, 1));
    let passed = Seen::Passing("alice".to_owned());
    assert_eq!(lane.seen(), [Seen::Committed(1, 1), passed, Seen::Committed(2, 1)]);
}

/// Passing events that are announced at once keep their order and their place, on every lane.
pub fn events_announced_at_once_keep_their_order(bus: &dyn Bus) {
    let lanes = [Arc::new(KeepingLane::default()), Arc::new(KeepingLane::default())];
    for lane in &lanes {
        bus.attach(lane.clone());
    }
    bus.publish(batch(1, 1));
    bus.announce_all(["alice", "bob", "alice"].map(|user| Arc::new(passing(user))).into());
    bus.announce_all(Vec::new());
    bus.announce(passing("carol"));
    let passed = ["alice", "bob", "alice", "carol"].map(|user| Seen::Passing(user.to_owned()));
    let expected = [&[Seen::Committed(1, 1)], &passed[..]].concat();
    for lane in &lanes {
        assert_eq!(lane.seen(), expected);
    }
}

/// A lane that comes later gets what comes later.
pub fn a_lane_gets_what_is_published_after_it_was_attached(bus: &dyn Bus) {
    bus.publish(batch(1, 1));
    let lane = Arc::new(KeepingLane::default());
    bus.attach(lane.clone());
    bus.publish(batch(2, 1));
    assert_eq!(lane.seen(), [Seen::Committed(2, 1)]);
}

/// Stamps one test per case for a bus; `$make` gives a fresh one.
#[macro_export]
macro_rules! bus_conformance {
    ($make:expr) => {
        $crate::bus_conformance!(@cases $make;
            batches_reach_every_lane_in_commit_order
            an_empty_batch_still_tells_its_position
            passing_events_reach_every_lane_once_and_in_place
            events_announced_at_once_keep_their_order
            a_lane_gets_what_is_published_after_it_was_attached
        );
    };
    (@cases $make:expr; $($case:ident)*) => {
        $(#[test]
        fn $case() {
            let bus = $make;
            $crate::bus::$case(&bus);
        })*
    };
}
