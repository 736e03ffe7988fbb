//! The calls of this node behind one lock, and how their changes get out: what is told of a change
//! is given to the bus before the lock is free, so that no older state follows a newer one.

use std::sync::atomic::{AtomicBool, Ordering};

use magpie_proto::CallId;
use parking_lot::Mutex;
use smallvec::SmallVec;

use super::{
    records::{Record, Records},
    state::{At, Calls, Told},
};
use crate::{
    core::Core,
    event::{Audience, Delivery, Event},
    port::store::Origin,
    refusal::Refusal,
};

/// Calls that ring, are active or ended less than a minute ago.
#[derive(Default)]
pub struct Book {
    calls: Mutex<Calls>,
    records: Mutex<Records>,
    /// False while there is no call at all: most sockets then close without a look at the lock.
    any: AtomicBool,
}

impl Book {
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&mut Calls) -> T) -> T {
        look(&mut self.calls.lock())
    }

    /// Changes something and tells everyone. Whoever asked about a call and is answered with it
    /// gets the answer instead of the event.
    pub(super) fn act<T>(
        &self,
        core: &Core,
        asked: Option<(&CallId, Origin)>,
        change: impl FnOnce(&mut Calls, At) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut calls = self.calls.lock();
        // Under the lock: time never goes back from one change to the next.
        let at = At {
            rules: core.policy.calls,
            now_ms: core.now_ms(),
            uptime_ms: core.clock.uptime_ms(),
        };
        let result = change(&mut calls, at);
        let asked = asked.filter(|_| result.is_ok());
        let mut records = SmallVec::<[Record; 1]>::new();
        for told in calls.take_told() {
            match told {
                Told::Call(call) => {
                    let audience = Audience::pair(&call.from, &call.to);
                    let answered = asked.as_ref().filter(|(id, _)| **id == call.id);
                    let origin = answered.map(|(_, origin)| origin.clone());
                    let mut delivery = Delivery::passing(audience, Event::Call(call));
                    delivery.origin = origin.unwrap_or_default();
                    core.bus.announce(delivery);
                }
                Told::Signal(signal) => {
                    let audience = Audience::user(&signal.user);
                    core.bus.announce(Delivery::passing(audience, Event::CallSignal(signal)));
                }
                Told::Record(record) => records.push(record),
            }
        }
        self.any.store(!calls.is_empty(), Ordering::Release);
        drop(calls);
        for record in records {
            self.records.lock().write(core, record);
        }
        result
    }

    pub(super) fn write_again(&self, core: &Core) {
        self.records.lock().again(core);
    }
}
