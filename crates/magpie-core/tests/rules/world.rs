//! A core on the memory store, with a bus that keeps what was published and presence by hand.

use std::{collections::HashMap, sync::Arc};

use magpie_core::{
    Audience, Batch, Caller, Core, Delivery, Dialect, Event, Policy, Refusal, Role,
    conversation::directory::Directory,
    message::send::{self, Send},
    port::{
        Bus, Clock as _, Lane, Presence,
        presence::Online,
        store::{Outcome, UserPatch},
    },
    publish::Publisher,
    push::Waiters,
    user,
};
use magpie_proto::{Body, UserId, client::Target};
use magpie_testkit::{MemoryStore, MockClock, SeqIds};
use parking_lot::Mutex;

pub(crate) const NOW_MS: u64 = 1_800_000_000_000;

/// Keeps every delivery, in order, and passes it on to attached lanes.
#[derive(Default)]
pub(crate) struct KeepingBus {
    pub(crate) told: Mutex<Vec<Arc<Delivery>>>,
    lanes: Mutex<Vec<Arc<dyn Lane>>>,
}

impl Bus for KeepingBus {
    fn publish(&self, batch: Batch) {
        self.told.lock().extend(batch.deliveries.iter().cloned());
        let batch = Arc::new(batch);
        for lane in self.lanes.lock().iter() {
            lane.committed(&batch);
        }
    }

    fn announce(&self, delivery: Delivery) {
        let delivery = Arc::new(delivery);
        self.told.lock().push(delivery.clone());
        for lane in self.lanes.lock().iter() {
            lane.passing(&delivery);
        }
    }

    fn announce_all(&self, deliveries: Vec<Arc<Delivery>>) {
        self.told.lock().extend(deliveries.iter().cloned());
        for lane in self.lanes.lock().iter() {
            lane.passing_all(&deliveries);
        }
    }

    fn attach(&self, lane: Arc<dyn Lane>) {
        self.lanes.lock().push(lane);
    }
}

/// Whoever a test says is connected.
#[derive(Default)]
pub(crate) struct ByHand {
    pub(crate) online: Mutex<HashMap<UserId, u32>>,
}

impl Presence for ByHand {
    fn connections(&self, user: &UserId) -> u32 {
        self.online.lock().get(user).copied().unwrap_or(0)
    }

    fn reach(&self, user: &UserId, _channel: &str) -> u32 {
        self.connections(user)
    }

    fn count(&self, _dialect: Option<Dialect>) -> u64 {
        self.online.lock().values().map(|n| u64::from(*n)).sum()
    }

    fn online(&self, _after: Option<&UserId>, _limit: usize) -> Vec<Online> {
        Vec::new()
    }
}

pub(crate) struct World {
    pub(crate) core: Core,
    pub(crate) bus: Arc<KeepingBus>,
    pub(crate) clock: Arc<MockClock>,
    pub(crate) presence: Arc<ByHand>,
    pub(crate) store: Arc<MemoryStore>,
}

impl World {
    pub(crate) fn new(policy: Policy) -> Self {
        Self::with(policy, MemoryStore::new)
    }

    pub(crate) fn delayed(policy: Policy) -> Self {
        Self::with(policy, MemoryStore::delayed)
    }

    fn with(
        policy: Policy,
        open: fn(u64, Arc<dyn magpie_core::port::CommitSink>) -> MemoryStore,
    ) -> Self {
        let bus = Arc::new(KeepingBus::default());
        let directory = Arc::new(Directory::default());
        let sink = Arc::new(Publisher::new(bus.clone(), directory.clone()));
        let store = Arc::new(open(7, sink));
        let clock = Arc::new(MockClock::at(NOW_MS));
        let presence = Arc::new(ByHand::default());
        let waiters = Arc::new(Waiters::default());
        bus.attach(waiters.clone());
        let core = Core {
            store: store.clone(),
            bus: bus.clone(),
            clock: clock.clone(),
            ids: Arc::new(SeqIds::seeded(1)),
            presence: presence.clone(),
            policy,
            receipts: Default::default(),
            calls: Default::default(),
            directory,
            waiters,
        };
        Self { core, bus, clock, presence, store }
    }

    pub(crate) async fn user(&self, id: &str) -> Caller {
        self.user_as(id, Role::User).await
    }

    pub(crate) async fn user_as(&self, id: &str, role: Role) -> Caller {
        let patch = UserPatch {
            id: uid(id),
            name: None,
            avatar: None,
            role: Some(role),
            banned: None,
            now_ms: self.clock.now_ms(),
        };
        user::put(&self.core, patch).await.unwrap();
        Caller { user: uid(id), role, broadcast: false, dialect: None }
    }

    pub(crate) async fn say(
        &self,
        from: &Caller,
        to: &str,
        text: &str,
    ) -> Result<Outcome, Refusal> {
        let target = Target::User(uid(to));
        let send = Send { target, client_msg_id: None, body: Body::text(text) };
        send::send_and_wait(&self.core, from, send).await
    }

    /// The events told since the last call, with their audiences.
    pub(crate) fn told(&self) -> Vec<(Audience, Event)> {
        let told = std::mem::take(&mut *self.bus.told.lock());
        told.iter()
            .filter_map(|d| d.event.clone().map(|event| (d.audience.clone(), event)))
            .collect()
    }
}

pub(crate) fn uid(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}
