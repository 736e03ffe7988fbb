//! A node with sessions in memory and one thread: a crowd that is connected and quiet, and pairs
//! that write to each other through the whole path, bytes in to bytes out.

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use bytes::Bytes;
use magpie_auth::{ApiKeys, AuthSettings, Authenticator, SigningSecret, TokenRequest};
use magpie_bus::local::LocalBus;
use magpie_core::{
    Caller, Core, Policy, Role,
    conversation::directory::Directory,
    port::{Bus as _, Clock as _, Store, store::CommitSink},
    publish::Publisher,
    push::Waiters,
};
use magpie_gateway::{
    Gate, Hub, Settings, SocketLane,
    conn::{Conn, Identity, Place},
    connection,
    native::NATIVE,
    ws::transport::Replay,
};
use tokio::runtime::Runtime;

use crate::{
    Fault,
    append::{self, Stepped},
    ledger::Ledger,
    ports::{CountingIds, SteppedClock},
    wire::{self, Client, Tally},
    words,
};

/// Pairs that write to each other: as many messages as there are in a commit.
pub const PAIRS: usize = 64;
/// Turns of the runtime after which a round counts as stuck.
const TURNS_MAX: u32 = 1_000_000;

/// Where messages are stored.
enum Back {
    Ledger(Arc<Ledger>),
    Sqlite(Stepped),
}

impl Back {
    fn waiting(&self) -> usize {
        match self {
            Self::Ledger(ledger) => ledger.waiting(),
            Self::Sqlite(stepped) => stepped.store.queued_writes(),
        }
    }

    fn commit(&self, count: usize) {
        match self {
            Self::Ledger(ledger) => ledger.commit(),
            Self::Sqlite(stepped) => stepped.gated.commit(count as u64),
        }
    }

    fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Ledger(ledger) => ledger.clone(),
            Self::Sqlite(stepped) => stepped.store.clone(),
        }
    }
}

/// The node.
pub struct Node {
    runtime: Runtime,
    gate: Arc<Gate>,
    clock: Arc<SteppedClock>,
    back: Back,
    tally: Tally,
    /// The client ends: senders at even places, their receivers behind them.
    clients: Vec<Client>,
    /// What the senders will write, in order.
    script: std::vec::IntoIter<Bytes>,
    frames: u64,
}

impl Node {
    /// A node with `sessions` of which the first are the pairs; stores in `data` if given, else
    /// nowhere. `messages` are prepared, so that making them is not counted.
    ///
    /// # Errors
    /// What could not be set up.
    pub fn new(sessions: usize, data: Option<&Path>, messages: u64) -> Result<Self, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let bus = Arc::new(LocalBus::default());
        let directory = Arc::new(Directory::default());
        let sink: Arc<dyn CommitSink> = Arc::new(Publisher::new(bus.clone(), directory.clone()));
        let back = match data {
            None => Back::Ledger(Arc::new(Ledger::new(sink))),
            Some(data) => {
                let stepped = append::open(data, sink)?;
                append::make_users(&stepped, 2 * PAIRS)?;
                Back::Sqlite(stepped)
            }
        };
        let (clock, hub) = (Arc::<SteppedClock>::default(), Arc::<Hub>::default());
        let store = back.store();
        let lane = Arc::new(SocketLane::new(0, store.position()));
        bus.attach(lane.clone());
        let core = Core {
            store,
            bus,
            clock: clock.clone(),
            ids: Arc::new(CountingIds::default()),
            presence: hub.clone(),
            policy: Policy::default(),
            receipts: Default::default(),
            calls: Default::default(),
            directory,
            waiters: Arc::new(Waiters::default()),
        };
        let gate = gate(core, hub.clone(), lane.clone(), sessions)?;
        runtime.spawn(async move { lane.run(&hub).await });
        let mut node = Self {
            runtime,
            gate,
            clock,
            back,
            tally: Tally::default(),
            clients: Vec::new(),
            script: script(messages)?,
            frames: 0,
        };
        (0..2 * PAIRS).try_for_each(|number| node.sign_in(number))?;
        (2 * PAIRS..sessions).try_for_each(|number| node.join_crowd(number))?;
        Ok(node)
    }

    /// Signs in as a client does: a token in `hello`, answered by `ready` and `sync`. It names no
    /// device: the note that the server takes of one is no part of a message's way.
    fn sign_in(&mut self, number: usize) -> Result<(), Fault> {
        let request = TokenRequest::native(words::user(number)?, 3_600);
        let token = self.gate.auth.mint(&request, self.clock.now_ms())?.token;
        let client = self.open();
        let hello = format!(r#"{{"t":"hello","r":1,"token":"{token}"}}"#);
        client.write(words::client_frame(&hello).into());
        self.clients.push(client);
        self.frames += 2;
        self.until(|node| {
            // Reading the user is a thread's work, which callgrind runs only when this one rests.
            std::thread::yield_now();
            node.tally.load(Ordering::Relaxed) == node.frames
        })
    }

    /// A session whose token is not judged: a crowd would take callgrind a minute otherwise.
    fn join_crowd(&mut self, number: usize) -> Result<(), Fault> {
        let user = words::user(number)?;
        let conn = self.gate.new_conn(0, &NATIVE);
        let bucket = self.gate.hub.bucket(&user);
        let caller = Caller { user, role: Role::User, broadcast: false, dialect: None };
        let place = Place::native("d", "i");
        conn.identify(Identity { caller, place, bucket, seat: None });
        self.gate.register(&conn);
        conn.outbox.go_live(0).map_err(|noted| format!("an event at {noted} in a quiet crowd"))?;
        self.clients.push(self.serve(conn));
        Ok(())
    }

    fn open(&self) -> Client {
        self.serve(self.gate.new_conn(0, &NATIVE))
    }

    fn serve(&self, conn: Arc<Conn>) -> Client {
        let (client, wire) = wire::pair(&self.tally);
        if let Some(slot) = self.gate.take_slot() {
            self.runtime.spawn(connection::run(Replay::new(wire, Bytes::new()), conn, slot));
        }
        client
    }

    /// Every sender writes one message; ready when all have their answer and all receivers their
    /// message.
    ///
    /// # Errors
    /// Something was not answered or not delivered.
    pub fn round(&mut self) -> Result<(), Fault> {
        for pair in self.clients.chunks_exact(2).take(PAIRS) {
            pair[0].write(self.script.next().ok_or("more rounds than messages were prepared")?);
        }
        self.until(|node| node.back.waiting() == PAIRS)?;
        self.back.commit(PAIRS);
        self.frames += 2 * PAIRS as u64;
        self.until(|node| node.tally.load(Ordering::Relaxed) == node.frames)?;
        self.clock.step();
        Ok(())
    }

    fn until(&self, done: impl Fn(&Self) -> bool) -> Result<(), Fault> {
        self.runtime.block_on(async {
            for _ in 0..TURNS_MAX {
                if done(self) {
                    return Ok(());
                }
                tokio::task::yield_now().await;
            }
            let (written, waiting) = (self.tally.load(Ordering::Relaxed), self.back.waiting());
            Err(format!(
                "stuck: {written} frames written, {} expected, {waiting} writes wait",
                self.frames
            )
            .into())
        })
    }
}

fn gate(
    core: Core,
    hub: Arc<Hub>,
    lane: Arc<SocketLane>,
    sessions: usize,
) -> Result<Arc<Gate>, Fault> {
    let secret = SigningSecret::from_text("path", &"x".repeat(40))?;
    let auth = AuthSettings::new(secret, ApiKeys::empty(Path::new("unused")));
    let auth = Arc::new(Authenticator::new(auth)?);
    let mut settings = Settings::default();
    settings.limits.connections_max = sessions + 1;
    Ok(Arc::new(Gate::new(Arc::new(core), auth, hub, vec![lane], settings)))
}

fn script(messages: u64) -> Result<std::vec::IntoIter<Bytes>, Fault> {
    let body = words::body();
    let receivers: Vec<_> =
        (0..PAIRS).map(|pair| words::user(2 * pair + 1)).collect::<Result<_, _>>()?;
    let frames: Vec<Bytes> = (0..messages)
        .zip(receivers.iter().cycle())
        .map(|(number, to)| words::send_frame(number, to, &body).into())
        .collect();
    Ok(frames.into_iter())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::Value;

    use super::*;

    fn texts(client: &Client) -> Vec<Value> {
        let payload = |frame: &Vec<u8>| {
            let start = frame.iter().position(|byte| *byte == b'{').unwrap();
            serde_json::from_slice(&frame[start..]).unwrap()
        };
        client.take_kept().iter().map(payload).collect()
    }

    fn check(mut node: Node) {
        for client in &node.clients {
            client.keep();
        }
        node.round().unwrap();
        node.round().unwrap();
        for pair in node.clients[..2 * PAIRS].chunks_exact(2) {
            let (acks, messages) = (texts(&pair[0]), texts(&pair[1]));
            assert_eq!((acks.len(), messages.len()), (2, 2));
            for (ack, message) in acks.iter().zip(&messages) {
                assert_eq!((&ack["t"], &message["t"]), (&"ack".into(), &"msg".into()));
                assert_eq!((&ack["id"], &ack["seq"]), (&message["id"], &message["seq"]));
                assert_eq!(message["b"].to_string(), words::body().as_json());
            }
        }
        assert!(node.clients[2 * PAIRS..].iter().all(|client| client.take_kept().is_empty()));
    }

    #[test]
    fn each_round_brings_every_sender_his_answer_and_every_receiver_his_message() {
        check(Node::new(3 * PAIRS, None, 2 * PAIRS as u64).unwrap());
    }

    #[test]
    fn the_whole_path_does_the_same_with_a_store_on_disk() {
        let data = tempfile::tempdir().unwrap();
        check(Node::new(3 * PAIRS, Some(data.path()), 2 * PAIRS as u64).unwrap());
    }
}
