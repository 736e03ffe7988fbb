//! A node without sockets and threads: two lanes, a memory store, a mock clock, pipes.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use magpie_auth::{ApiKeys, AuthSettings, Authenticator, SigningSecret, TokenRequest};
use magpie_bus::local::LocalBus;
use magpie_core::{
    Caller, Core, Dialect, Policy, Role,
    conversation::directory::Directory,
    message::send::{self, Send},
    port::{Bus as _, Clock as _, store::Origin, store::UserPatch},
    publish::Publisher,
    push::Waiters,
    user,
};
use magpie_gateway::{
    Gate, Hub, Settings, SocketLane,
    conn::{Conn, Identity, Place},
    connection,
    door::Door,
    native::NATIVE,
    ws::transport::Replay,
};
use magpie_proto::{Body, UserId, client::Target};
use magpie_testkit::{MemoryStore, MockClock, SeqIds};
use tokio::io::duplex;

use crate::{client::Client, slow_store::SlowStore};

pub(crate) const NOW_MS: u64 = 1_800_000_000_000;
const LANES: usize = 2;

pub(crate) struct World {
    pub(crate) gate: Arc<Gate>,
    pub(crate) store: Arc<SlowStore>,
    pub(crate) clock: Arc<MockClock>,
    pub(crate) bus: Arc<LocalBus>,
}

pub(crate) fn id(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

/// Lets every task that can run, run, until none can.
pub(crate) async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

impl World {
    /// A store that commits at once, lanes that run.
    pub(crate) fn new() -> Self {
        let world = Self::build(false, Settings::default());
        world.run_lanes();
        world
    }

    /// A store that commits when told to, lanes that run.
    pub(crate) fn delayed() -> Self {
        let world = Self::build(true, Settings::default());
        world.run_lanes();
        world
    }

    /// Nothing runs yet.
    pub(crate) fn build(delayed: bool, settings: Settings) -> Self {
        let bus = Arc::new(LocalBus::default());
        let directory = Arc::new(Directory::default());
        let sink = Arc::new(Publisher::new(bus.clone(), directory.clone()));
        let inner = Arc::new(match delayed {
            true => MemoryStore::delayed(7, sink),
            false => MemoryStore::new(7, sink),
        });
        let store = Arc::new(SlowStore { inner, turns: 0.into(), meanwhile: Default::default() });
        let lanes: Vec<_> = (0..LANES).map(|n| Arc::new(SocketLane::new(n, 0))).collect();
        for lane in &lanes {
            bus.attach(lane.clone());
        }
        let clock = Arc::new(MockClock::at(NOW_MS));
        let hub = Arc::new(Hub::default());
        let core = Core {
            store: store.clone(),
            bus: bus.clone(),
            clock: clock.clone(),
            ids: Arc::new(SeqIds::default()),
            presence: hub.clone(),
            policy: Policy { create_unknown_users: true, ..Policy::default() },
            receipts: Default::default(),
            calls: Default::default(),
            directory,
            waiters: Arc::new(Waiters::default()),
        };
        let secret = SigningSecret::from_text("test", &"x".repeat(40)).unwrap();
        let auth = AuthSettings::new(secret, ApiKeys::empty(Path::new("unused")));
        let auth = Arc::new(Authenticator::new(auth).unwrap());
        let gate = Arc::new(Gate::new(Arc::new(core), auth, hub, lanes, settings));
        Self { gate, store, clock, bus }
    }

    pub(crate) fn run_lanes(&self) {
        for lane in &self.gate.lanes {
            let (lane, hub) = (lane.clone(), self.gate.hub.clone());
            tokio::spawn(async move { lane.run(&hub).await });
        }
    }

    /// Opens a pipe to runtime `lane` that speaks `door`.
    pub(crate) fn open(&self, lane: usize, door: &'static dyn Door, room: usize) -> Client {
        let (near, far) = duplex(room);
        let conn = self.gate.new_conn(lane, door);
        let slot = self.gate.take_slot().unwrap();
        let weak = Arc::downgrade(&conn);
        tokio::spawn(connection::run(Replay::new(far, Bytes::new()), conn, slot));
        Client { pipe: near, conn: weak }
    }

    pub(crate) fn token(&self, user: &str, ttl_s: u64) -> String {
        let request = TokenRequest::native(id(user), ttl_s);
        self.gate.auth.mint(&request, self.clock.now_ms()).unwrap().token
    }

    pub(crate) fn hello(&self, user: &str, instance: &str, cursor: Option<&str>) -> String {
        let token = self.token(user, 3_600);
        let cursor = cursor.map_or(String::new(), |cursor| format!(r#","cursor":"{cursor}""#));
        format!(
            r#"{{"t":"hello","r":1,"token":"{token}","device":"d","instance":"{instance}"{cursor}}}"#
        )
    }

    /// A signed-in native connection, synced.
    pub(crate) async fn enter(&self, lane: usize, user: &str, instance: &str) -> Client {
        let mut client = self.open(lane, &NATIVE, 1 << 20);
        client.send(&self.hello(user, instance, None)).await;
        client.until("sync").await;
        client
    }

    /// A connection that no task serves, signed in as `user`.
    pub(crate) fn conn(&self, lane: usize, door: &'static dyn Door, user: &str) -> Arc<Conn> {
        let conn = self.gate.new_conn(lane, door);
        self.identify(&conn, user, "");
        conn
    }

    pub(crate) fn identify(&self, conn: &Conn, user: &str, instance: &str) {
        let caller = caller(user, conn.dialect());
        let place = Place::native("d", instance);
        let bucket = self.gate.hub.bucket(&caller.user);
        conn.identify(Identity { caller, place, bucket, seat: None });
    }

    pub(crate) async fn user(&self, name: &str) {
        let patch = UserPatch { id: id(name), now_ms: NOW_MS, ..patch() };
        let (core, store) = (self.gate.core.clone(), self.store.inner.clone());
        let put = tokio::spawn(async move { user::put(&core, patch).await.unwrap() });
        settle().await;
        store.release();
        put.await.unwrap();
    }

    /// Queues a message outside of any connection.
    pub(crate) fn say(&self, from: &str, to: &str, text: &str) {
        let send =
            Send { target: Target::User(id(to)), client_msg_id: None, body: Body::text(text) };
        send::send(&self.gate.core, &caller(from, None), send, Origin::None).unwrap();
    }
}

fn patch() -> UserPatch {
    UserPatch { id: id("?"), name: None, avatar: None, role: None, banned: None, now_ms: 0 }
}

fn caller(user: &str, dialect: Option<Dialect>) -> Caller {
    Caller { user: id(user), role: Role::User, broadcast: false, dialect }
}
