//! Nothing is acknowledged and nothing is delivered before the commit: a node over real sockets
//! whose store commits only when this test tells it to. A pong behind each request proves that
//! whatever was put on the connection before it has been seen.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{future::Future, net::TcpListener, path::Path, pin::pin, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::body::Incoming;
use magpie_auth::{ApiKeys, AuthSettings, Authenticator, SigningSecret, TokenRequest};
use magpie_bus::local::LocalBus;
use magpie_client::{Body, Client, Event, Events, Options, Target, connect};
use magpie_core::{
    Core, Policy,
    conversation::directory::Directory,
    port::Bus as _,
    publish::Publisher,
    push::{
        Waiters,
        publish::{self, Request as Push},
    },
};
use magpie_gateway::{
    Gate, Hub, Settings, SocketLane,
    listener::{Answer, Http, full},
    runtimes::{self, Runtimes},
};
use magpie_proto::UserId;
use magpie_testkit::{MemoryStore, MockClock, SeqIds};
use serde_json::json;

/// Only sockets are opened here.
struct NoPages;

impl Http for NoPages {
    fn call(&self, _request: Request<Incoming>) -> Answer {
        Box::pin(std::future::ready(Response::new(full(""))))
    }
}

struct Node {
    store: Arc<MemoryStore>,
    core: Arc<Core>,
    auth: Arc<Authenticator>,
    url: String,
    runtimes: Runtimes,
}

struct Device {
    client: Client,
    events: Events,
}

impl Node {
    fn start() -> Self {
        let bus = Arc::new(LocalBus::default());
        let directory = Arc::new(Directory::default());
        let publisher = Publisher::new(bus.clone(), directory.clone());
        let store = Arc::new(MemoryStore::delayed(7, Arc::new(publisher)));
        let lanes: Vec<_> = (0..2).map(|index| Arc::new(SocketLane::new(index, 0))).collect();
        for lane in &lanes {
            bus.attach(lane.clone());
        }
        let waiters = Arc::new(Waiters::default());
        bus.attach(waiters.clone());
        let hub = Arc::new(Hub::default());
        let core = Arc::new(Core {
            store: store.clone(),
            bus,
            clock: Arc::new(MockClock::default()),
            ids: Arc::new(SeqIds::default()),
            presence: hub.clone(),
            policy: Policy { create_unknown_users: true, ..Policy::default() },
            receipts: Default::default(),
            calls: Default::default(),
            directory,
            waiters,
        });
        let secret = SigningSecret::from_text("test", &"s".repeat(40)).unwrap();
        let keys = ApiKeys::empty(Path::new("unused"));
        let auth = Arc::new(Authenticator::new(AuthSettings::new(secret, keys)).unwrap());
        let gate = Gate::new(core.clone(), auth.clone(), hub, lanes, Settings::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("ws://{}/v1/ws", listener.local_addr().unwrap());
        let http: Arc<dyn Http> = Arc::new(NoPages);
        let runtimes = runtimes::start(&Arc::new(gate), &listener, &http).unwrap();
        Self { store, core, auth, url, runtimes }
    }

    /// Commits until `work` is done.
    async fn committing<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(Duration::from_millis(1)) => {
                    self.store.release();
                }
            }
        }
    }

    async fn sign_in(&self, user: &str, device: &str) -> Device {
        let request = TokenRequest::native(UserId::parse(user).unwrap(), 3_600);
        let token = self.auth.mint(&request, self.core.clock.now_ms()).unwrap().token;
        let options = Options::new(&*self.url, token).device(device);
        let (client, mut events) = self.committing(connect(options)).await.unwrap();
        while !matches!(events.next().await.unwrap(), Event::Sync(page) if page.cur.is_some()) {}
        // The server notes the device behind the sign-in: no test is to find that write waiting.
        let user = UserId::parse(user).unwrap();
        let noted = || self.core.store.user_and_device(user.clone(), device.into());
        while noted().await.unwrap().1.is_none() {
            self.store.release();
            tokio::task::yield_now().await;
        }
        Device { client, events }
    }

    /// Waits until a write is queued.
    async fn queued(&self) {
        while self.store.waiting() == 0 {
            tokio::task::yield_now().await;
        }
    }

    async fn stop(self) {
        for thread in self.runtimes.drain().await {
            thread.join().unwrap();
        }
    }
}

impl Device {
    /// Everything that was put on this connection up to now.
    async fn seen(&mut self) -> Vec<Event> {
        self.client.ping().await.unwrap();
        std::iter::from_fn(|| self.events.try_next()).collect()
    }
}

/// Runs a request against a store that does not commit: no answer to the one who asks, no event to
/// anybody. Then it commits: the answer comes.
async fn nothing_before_the_commit<T>(
    node: &Node,
    devices: &mut [&mut Device],
    what: &str,
    request: impl Future<Output = T>,
) -> T {
    let mut request = pin!(request);
    let at_once = tokio::select! {
        biased;
        _ = &mut request => true,
        () = node.queued() => false,
    };
    assert!(!at_once, "{what}: answered before it was even queued");
    for _ in 0..3 {
        for device in devices.iter_mut() {
            let seen = device.seen().await;
            assert!(seen.is_empty(), "{what}: delivered before the commit: {seen:?}");
        }
        let early = tokio::time::timeout(Duration::ZERO, &mut request).await;
        assert!(early.is_err(), "{what}: acknowledged before the commit");
    }
    assert_eq!(node.store.waiting(), 1, "{what}");
    node.store.release();
    request.await
}

#[tokio::test]
async fn no_ack_and_no_delivery_precedes_the_commit() {
    let node = Node::start();
    let mut phone = node.sign_in("alice", "phone").await;
    let mut tablet = node.sign_in("alice", "tablet").await;
    let mut bob = node.sign_in("bob", "phone").await;
    while node.store.waiting() > 0 {
        node.store.release();
    }
    for number in 1..=5_u64 {
        let client = phone.client.clone();
        let content = Body::text("hello");
        let cid = format!("key-{number}");
        let send = client.send(Target::User("bob"), &content, Some(&cid));
        let devices = &mut [&mut phone, &mut tablet, &mut bob];
        let ack = nothing_before_the_commit(&node, devices, "send", send).await.unwrap();
        assert_eq!(ack.seq, number);
        for device in [&mut tablet, &mut bob] {
            let event = device.events.next().await.unwrap();
            assert!(matches!(&event, Event::Message(m) if m.seq == number), "{event:?}");
        }
    }
    node.stop().await;
}

#[tokio::test]
async fn no_other_durable_request_is_answered_before_its_commit_either() {
    let node = Node::start();
    let mut alice = node.sign_in("alice", "phone").await;
    let mut bob = node.sign_in("bob", "phone").await;
    let content = Body::text("hello");
    let c = node.committing(alice.client.send(Target::User("bob"), &content, None)).await;
    let c = c.unwrap().c;
    assert!(matches!(bob.events.next().await.unwrap(), Event::Message(_)));
    let requests = [
        ("receipt", json!({"read": [[c, 1]]})),
        ("conv.pin", json!({"c": c, "on": true})),
        ("conv.mute", json!({"c": c, "on": true})),
        ("conv.hide", json!({"c": c})),
        ("conv.open", json!({"to": "carol"})),
        ("msg.hide", json!({"c": c, "seq": 1})),
        ("conv.delete", json!({"c": c})),
        ("block", json!({"user": "alice", "on": true})),
    ];
    for (t, fields) in requests {
        let client = bob.client.clone();
        let request = client.request(t, fields);
        let devices = &mut [&mut alice, &mut bob];
        nothing_before_the_commit(&node, devices, t, request).await.unwrap();
        settle(&node, &mut [&mut alice, &mut bob]).await;
    }
    node.stop().await;
}

/// Takes what the last commit brought, on all connections.
async fn settle(node: &Node, devices: &mut [&mut Device]) {
    while node.store.waiting() > 0 {
        node.store.release();
    }
    // A push comes from the same committer, so that it is behind everything from before.
    for device in devices.iter_mut() {
        let user = UserId::parse(&device.client.ready().user.id).unwrap();
        let push = Push {
            user,
            channel: "fence".into(),
            data: "1".into(),
            hold_ms: None,
            replay: magpie_core::model::Replay::Always,
            idempotency_key: None,
        };
        node.committing(publish::publish(&node.core, push)).await.unwrap();
        let is_fence = |event: &Event| matches!(event, Event::Push(p) if p.channel == "fence");
        while !is_fence(&device.events.next().await.unwrap()) {}
        device.seen().await;
    }
}

#[tokio::test]
async fn a_stored_push_is_neither_answered_nor_shown_before_its_commit() {
    let node = Node::start();
    let mut page = node.sign_in("17", "phone").await;
    let push = Push {
        user: UserId::parse("17").unwrap(),
        channel: "pay".into(),
        data: r#""paid""#.into(),
        hold_ms: None,
        replay: magpie_core::model::Replay::Always,
        idempotency_key: None,
    };
    let core = node.core.clone();
    let publish = publish::publish(&core, push);
    let done = nothing_before_the_commit(&node, &mut [&mut page], "push", publish).await.unwrap();
    assert_eq!((done.version, done.stored), (1, true));
    assert!(matches!(page.events.next().await.unwrap(), Event::Push(p) if p.data == "paid"));
    node.stop().await;
}
