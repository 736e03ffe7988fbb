//! Calls that wait for the next value of a channel: long-polling for pages without a socket.
//! A lane of the bus like any other, so that a value published on another node wakes them too.

use std::sync::Arc;

use ahash::AHashMap;
use magpie_proto::UserId;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    event::{Batch, Delivery, Event},
    port::Lane,
};

/// The waiting calls, by user.
#[derive(Default)]
pub struct Waiters {
    by_user: Mutex<AHashMap<UserId, watch::Sender<u64>>>,
}

impl Waiters {
    /// Wakes on the next value of any channel of `user`. Subscribe first, then read the store,
    /// then wait: a value that comes between is not missed.
    #[must_use]
    pub fn subscribe(&self, user: &UserId) -> watch::Receiver<u64> {
        let mut by_user = self.by_user.lock();
        by_user.retain(|_, sender| sender.receiver_count() > 0);
        by_user.entry(user.clone()).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    fn wake(&self, delivery: &Delivery) {
        if let Some(Event::Push { value, .. }) = &delivery.event
            && let Some(sender) = self.by_user.lock().get(&value.user)
        {
            sender.send_modify(|count| *count += 1);
        }
    }
}

impl Lane for Waiters {
    fn committed(&self, batch: &Arc<Batch>) {
        for delivery in &batch.deliveries {
            self.wake(delivery);
        }
    }

    fn passing(&self, delivery: &Arc<Delivery>) {
        self.wake(delivery);
    }
}
