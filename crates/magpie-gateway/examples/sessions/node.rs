//! A node without sockets: one runtime's lane, the store in memory, a clock that stands still.

use std::{path::Path, sync::Arc};

use magpie_auth::{ApiKeys, AuthSettings, Authenticator, SigningSecret, TokenRequest};
use magpie_bus::local::LocalBus;
use magpie_core::{
    Core, Policy,
    conversation::directory::Directory,
    port::{
        Bus as _, Clock as _, Store as _,
        store::{Op, Origin, UserPatch, Write},
    },
    publish::Publisher,
    push::Waiters,
};
use magpie_gateway::{
    Gate, Hub, Settings, SocketLane,
    limiter::Rate,
    settings::{Limits, Times},
};
use magpie_proto::UserId;
use magpie_testkit::{MemoryStore, MockClock, SeqIds};

use crate::Fallible;

/// What a message costs is measured, not how many a user may send.
const UNLIMITED: Rate = Rate { per_second: 1_000_000, burst: 1_000_000_000 };

pub(crate) struct Node {
    pub(crate) gate: Arc<Gate>,
    store: Arc<MemoryStore>,
    clock: Arc<MockClock>,
}

impl Node {
    /// A node for so many sessions; its lane runs.
    pub(crate) fn new(sessions: usize) -> Fallible<Self> {
        let bus = Arc::new(LocalBus::default());
        let directory = Arc::new(Directory::default());
        let sink = Arc::new(Publisher::new(bus.clone(), directory.clone()));
        let store = Arc::new(MemoryStore::new(7, sink));
        let lane = Arc::new(SocketLane::new(0, 0));
        bus.attach(lane.clone());
        let clock = Arc::new(MockClock::default());
        let hub = Arc::new(Hub::default());
        let core = Core {
            store: store.clone(),
            bus,
            clock: clock.clone(),
            ids: Arc::new(SeqIds::default()),
            presence: hub.clone(),
            policy: Policy { create_unknown_users: true, ..Policy::default() },
            receipts: Default::default(),
            calls: Default::default(),
            directory,
            waiters: Arc::new(Waiters::default()),
        };
        let secret = SigningSecret::from_text("sessions", &"x".repeat(40))?;
        let auth = AuthSettings::new(secret, ApiKeys::empty(Path::new("unused")));
        let limits = Limits {
            connections_max: sessions + 1,
            messages: UNLIMITED,
            ephemeral: UNLIMITED,
            ..Limits::default()
        };
        let settings = Settings { limits, times: Times::default(), ..Settings::default() };
        let auth = Arc::new(Authenticator::new(auth)?);
        let gate = Gate::new(Arc::new(core), auth, hub.clone(), vec![lane.clone()], settings);
        tokio::spawn(async move { lane.run(&hub).await });
        Ok(Self { gate: Arc::new(gate), store, clock })
    }

    /// Makes the users beforehand: what the store keeps of them is not the gateway's.
    pub(crate) async fn make_users(&self, count: usize) -> Fallible<()> {
        for number in 0..=count {
            // Commits happen on this thread, and wait when the lane has too many: it gets a turn.
            tokio::task::yield_now().await;
            let op = Op::PutUser(UserPatch {
                id: user(number)?,
                name: None,
                avatar: None,
                role: None,
                banned: None,
                now_ms: self.clock.now_ms(),
            });
            self.store.submit(Write { op, origin: Origin::None })?;
        }
        Ok(())
    }

    /// A hello of a page with ids of the usual length.
    pub(crate) fn hello(&self, number: usize) -> Fallible<String> {
        let request = TokenRequest::native(user(number)?, 3_600);
        let token = self.gate.auth.mint(&request, self.clock.now_ms())?.token;
        Ok(format!(
            r#"{{"t":"hello","r":1,"token":"{token}","device":"0b6f9c3e-2f7e-4f0e-9c53-{number:012x}","instance":"{number:016x}"}}"#
        ))
    }
}

fn user(number: usize) -> Fallible<UserId> {
    Ok(UserId::parse(&format!("u{number}"))?)
}
