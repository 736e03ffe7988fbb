//! What the gateway does per message beside bytes: dispatch, the hub, the outbox.
//! `cargo bench -p magpie-gateway --bench connections`; compares builds, judges nothing.
#![allow(clippy::unwrap_used, reason = "a bench stops where its input is wrong")]

use std::{collections::VecDeque, path::Path, sync::Arc};

use bytes::Bytes;
use divan::Bencher;
use magpie_auth::{ApiKeys, AuthSettings, Authenticator, SigningSecret};
use magpie_bus::local::LocalBus;
use magpie_core::{
    Audience, Caller, Core, Policy, Role, conversation::directory::Directory, publish::Publisher,
    push::Waiters,
};
use magpie_gateway::{
    Gate, Hub, Settings, SocketLane,
    conn::{Conn, Identity, Place},
    dispatch,
    limiter::Rate,
    native::NATIVE,
    outbox::Outbox,
};
use magpie_proto::{
    Body, UserId,
    client::{ClientOp, Send, Target},
};
use magpie_testkit::{MemoryStore, MockClock, SeqIds};

/// Connected users.
const USERS: usize = 10_000;

fn main() {
    divan::main();
}

fn user(n: usize) -> UserId {
    UserId::parse(&format!("u{n:07}")).unwrap()
}

/// A node without runtimes whose store commits only when told to, and `USERS` connections.
fn node() -> (Arc<MemoryStore>, Arc<Gate>, Vec<Arc<Conn>>) {
    let (bus, directory) = (Arc::new(LocalBus::default()), Arc::new(Directory::default()));
    let sink = Arc::new(Publisher::new(bus.clone(), directory.clone()));
    let store = Arc::new(MemoryStore::delayed(7, sink));
    let hub = Arc::new(Hub::default());
    let core = Core {
        store: store.clone(),
        bus,
        clock: Arc::new(MockClock::default()),
        ids: Arc::new(SeqIds::default()),
        presence: hub.clone(),
        policy: Policy::default(),
        receipts: Default::default(),
        calls: Default::default(),
        directory,
        waiters: Arc::new(Waiters::default()),
    };
    let secret = SigningSecret::from_text("bench", &"x".repeat(40)).unwrap();
    let auth = AuthSettings::new(secret, ApiKeys::empty(Path::new("unused")));
    let auth = Arc::new(Authenticator::new(auth).unwrap());
    let mut settings = Settings::default();
    settings.limits.messages = Rate { per_second: u32::MAX, burst: u32::MAX };
    let lanes = vec![Arc::new(SocketLane::new(0, 0))];
    let gate = Arc::new(Gate::new(Arc::new(core), auth, hub, lanes, settings));
    let conns = (0..USERS).map(|n| connect(&gate, user(n))).collect();
    (store, gate, conns)
}

fn connect(gate: &Arc<Gate>, user: UserId) -> Arc<Conn> {
    let conn = gate.new_conn(0, &NATIVE);
    let bucket = gate.hub.bucket(&user);
    let caller = Caller { user, role: Role::User, broadcast: false, dialect: None };
    conn.identify(Identity { caller, place: Place::default(), bucket, seat: None });
    gate.hub.add(&conn, 5);
    conn
}

/// A decoded send, from the match to the store's queue: sixty-four of them.
#[divan::bench]
fn dispatch_64_sends(bencher: Bencher<'_, '_>) {
    let (store, gate, conns) = node();
    let body = Body::text("鹊桥");
    // What the store has queued is taken away in between, untimed.
    bencher.with_inputs(|| store.release()).bench_local_values(|_| {
        for (n, conn) in conns.iter().take(64).enumerate() {
            let (target, body) = (Target::User(user(n + 64)), body.clone());
            let send = Send { target, client_msg_id: None, body };
            let op = ClientOp::Send(send);
            dispatch::dispatch(&gate, conn, conn.identity().unwrap(), Some(1), op);
            conn.finish(0);
        }
    });
}

/// Who is reached by a message of two, among ten thousand.
#[divan::bench]
fn hub_receivers(bencher: Bencher<'_, '_>) {
    let (_store, gate, _conns) = node();
    let audience = Audience::pair(&user(17), &user(4_711));
    bencher.bench_local(|| {
        let mut found = 0;
        gate.hub.receivers(&audience, |conns| found += conns.len());
        assert_eq!(found, 2);
    });
}

/// One user comes and goes, among ten thousand.
#[divan::bench]
fn hub_add_and_remove(bencher: Bencher<'_, '_>) {
    let (_store, gate, _conns) = node();
    let conn = connect(&gate, user(USERS));
    gate.hub.remove(&conn);
    bencher.bench_local(|| gate.hub.add(&conn, 5) && gate.hub.remove(&conn));
}

/// An event into a live outbox and out of it again.
#[divan::bench]
fn outbox_push_and_take(bencher: Bencher<'_, '_>) {
    let outbox = Outbox::new(256 * 1_024);
    outbox.go_live(0).unwrap();
    let frame = Bytes::from(vec![b'x'; 300]);
    bencher.bench_local(|| {
        outbox.push_durable(|| frame.clone(), 1);
        let mut out = VecDeque::new();
        outbox.take(&mut out);
        out
    });
}
