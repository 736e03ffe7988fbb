//! Catching up while commits keep coming: each message once and in order, and a cursor that never
//! names what was not sent.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use magpie_core::{
    model::Replay,
    push::publish::{self, Request},
};
use magpie_gateway::{native::NATIVE, outbox::Mode};
use magpie_proto::Cursor;
use proptest::prelude::*;
use serde_json::Value;

use crate::{
    client::{Client, Got},
    world::{World, id, settle},
};

const SENDERS: [&str; 3] = ["b", "c", "d"];

/// What a client does with what it gets, as the protocol page tells it.
#[derive(Default)]
struct App {
    /// Newest seq of each conversation; all below it were seen.
    heads: BTreeMap<String, u64>,
    /// The same on this connection alone.
    here: BTreeMap<String, u64>,
    /// The kept cursor.
    cursor: Option<String>,
    /// Durable events on this connection.
    count: u64,
}

impl App {
    fn take(&mut self, frame: &Value) {
        match frame["t"].as_str().unwrap() {
            "sync" => {
                assert_eq!(frame["gap"], false);
                for conversation in frame["convs"].as_array().unwrap() {
                    assert!(conversation.get("hole").is_none(), "{frame}");
                    for item in conversation["items"].as_array().unwrap() {
                        self.see(item);
                    }
                }
                assert_eq!(frame["more"], frame.get("cur").is_none());
                self.keep(frame);
            }
            "msg" => {
                self.count += 1;
                self.see(frame);
            }
            "pong" => {
                assert_eq!(frame["n"], self.count, "the count tells what was put on the line");
                self.keep(frame);
            }
            _ => {}
        }
    }

    fn see(&mut self, message: &Value) {
        let (c, seq) = (message["c"].as_str().unwrap(), message["seq"].as_u64().unwrap());
        if let Some(before) = self.here.insert(c.to_owned(), seq) {
            assert_eq!(seq, before + 1, "once and in order on one connection: {message}");
        }
        // The kept cursor may be older than what was seen: repeats are known by their seq.
        let head = self.heads.entry(c.to_owned()).or_default();
        assert!(seq <= *head + 1, "nothing is left out: {message}");
        *head = (*head).max(seq);
    }

    fn keep(&mut self, frame: &Value) {
        if let Some(cursor) = frame.get("cur") {
            self.cursor = Some(cursor.as_str().unwrap().to_owned());
        }
    }

    fn seen(&self) -> u64 {
        self.heads.values().sum()
    }
}

#[tokio::test]
async fn a_user_who_is_written_to_without_pause_is_caught_up_all_the_same() {
    let world = World::new();
    for user in ["a", "b"] {
        world.user(user).await;
    }
    world.store.turns.store(10, Ordering::SeqCst);
    let mut client = world.open(0, &NATIVE, 1 << 20);
    let beginning = Cursor { epoch: 7, position: 0 }.encode();
    client.send(&world.hello("a", "page", Some(&beginning))).await;
    let live = |client: &Client| matches!(client.conn().outbox.mode(), Mode::Live { .. });
    let mut said = 0;
    while !live(&client) {
        assert!(said < 45, "still catching up: a message came into the middle of every read");
        world.say("b", "a", "again");
        said += 1;
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
    }
    let mut app = App::default();
    while app.heads.values().sum::<u64>() < said {
        let Got::Text(frame) = client.next().await else { panic!("no frame") };
        app.take(&frame);
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// A message is queued.
    Say(usize),
    /// What is queued is committed.
    Commit,
    /// Tasks get so many turns.
    Turns(usize),
    /// The client reads so many frames, or what there is.
    Read(usize),
    Ping,
    /// The line breaks and the client comes back, on this runtime, after reads that slow.
    Reconnect(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..SENDERS.len()).prop_map(Step::Say),
        3 => Just(Step::Commit),
        3 => (1_usize..12).prop_map(Step::Turns),
        3 => (1_usize..6).prop_map(Step::Read),
        2 => Just(Step::Ping),
        1 => (0_usize..2, 0_usize..25).prop_map(|(lane, slow)| Step::Reconnect(lane, slow)),
    ]
}

struct Run {
    world: World,
    client: Client,
    app: App,
    said: u64,
    /// Messages stored up to each commit's position.
    stored: Vec<(u64, u64)>,
}

impl Run {
    async fn new() -> Self {
        let world = World::delayed();
        for user in SENDERS.iter().chain(&["a"]) {
            world.user(user).await;
        }
        let client = world.enter(0, "a", "start").await;
        Self { world, client, app: App::default(), said: 0, stored: vec![(0, 0)] }
    }

    async fn connect(&mut self, lane: usize) {
        self.client = self.world.open(lane, &NATIVE, 300);
        self.app.count = 0;
        self.app.here.clear();
        // From the beginning as long as no cursor was given: then everything is in reach.
        let none = Cursor { epoch: 7, position: 0 }.encode();
        let cursor = self.app.cursor.as_deref().unwrap_or(&none);
        let hello = self.world.hello("a", "page", Some(cursor));
        self.write(&hello).await;
    }

    async fn write(&mut self, text: &str) {
        self.client.send(text).await;
        settle_some(3).await;
    }

    fn commit(&mut self) {
        self.world.store.inner.release();
        let position = self.world.gate.core.store.position();
        self.stored.push((position, self.said));
    }

    async fn read(&mut self, frames: usize) {
        for _ in 0..frames {
            // A frame that has begun is read to its end; nothing there ends the reading.
            let next = tokio::time::timeout(Duration::from_millis(1), self.client.next()).await;
            match next {
                Ok(Got::Text(frame)) => {
                    self.app.take(&frame);
                    self.check_cursor();
                }
                Ok(Got::Ping) => {}
                Ok(other) => panic!("{other:?}"),
                Err(_) => return,
            }
        }
    }

    /// Everything that the kept cursor covers was seen.
    fn check_cursor(&self) {
        let Some(cursor) = self.app.cursor.as_deref() else { return };
        let position = Cursor::decode(cursor).unwrap().position;
        let covered = self.stored.iter().filter(|(at, _)| *at <= position).map(|(_, n)| *n).max();
        assert!(self.app.seen() >= covered.unwrap(), "the cursor is ahead of what was sent");
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Say(sender) => {
                self.said += 1;
                self.world.say(SENDERS[sender], "a", "text");
            }
            Step::Commit => self.commit(),
            Step::Turns(turns) => settle_some(turns).await,
            Step::Read(frames) => self.read(frames).await,
            Step::Ping => self.write(r#"{"t":"ping","r":5}"#).await,
            Step::Reconnect(lane, slow) => {
                self.world.store.turns.store(slow, Ordering::SeqCst);
                self.connect(lane).await;
            }
        }
    }
}

async fn settle_some(turns: usize) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

async fn play(steps: Vec<Step>) {
    let mut run = Run::new().await;
    run.connect(0).await;
    for step in steps {
        run.step(step).await;
    }
    run.commit();
    run.read(usize::MAX).await;
    run.write(r#"{"t":"ping","r":6}"#).await;
    run.read(usize::MAX).await;
    assert_eq!(run.app.seen(), run.said, "nothing is missing in the end");
    let last = Cursor::decode(run.app.cursor.as_deref().unwrap()).unwrap();
    assert_eq!(last.position, run.world.gate.core.store.position());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..Default::default() })]

    #[test]
    fn each_message_comes_once_and_in_order_however_commits_reads_and_reconnects_interleave(
        steps in prop::collection::vec(step(), 1..120)
    ) {
        // Under the fifty that one resume brings per conversation: holes have tests of their own.
        let mut said = [0; SENDERS.len()];
        let steps: Vec<_> = steps
            .into_iter()
            .filter(|step| match step {
                Step::Say(sender) => {
                    said[*sender] += 1;
                    said[*sender] <= 45
                }
                _ => true,
            })
            .collect();
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(play(steps));
    }
}

#[tokio::test]
async fn a_long_absence_brings_the_newest_fifty_in_order_and_names_the_hole() {
    let world = World::new();
    for user in ["a", "b"] {
        world.user(user).await;
    }
    for n in 0..120 {
        world.say("b", "a", &n.to_string());
        settle().await;
    }
    let cursor = Cursor { epoch: 7, position: 0 }.encode();
    let mut client = world.open(0, &NATIVE, 1 << 20);
    client.send(&world.hello("a", "page", Some(&cursor))).await;
    let sync = client.until("sync").await;
    let conversation = &sync["convs"][0];
    assert_eq!(conversation["hole"], serde_json::json!([1, 70]));
    let seqs = conversation["items"].as_array().unwrap().iter().map(|item| &item["seq"]);
    assert!(seqs.eq((71..=120).map(Value::from).collect::<Vec<_>>().iter()));
}

#[tokio::test]
async fn a_line_that_breaks_while_a_resume_waits_for_room_leaves_nothing() {
    let world = World::new();
    world.user("a").await;
    let mut client = world.open(0, &NATIVE, 64);
    client.send(&world.hello("a", "page", None)).await;
    settle().await;
    assert!(matches!(client.conn().outbox.mode(), Mode::CatchingUp { .. }), "`ready` blocks it");
    drop(client.pipe);
    settle().await;
    assert!(client.conn.upgrade().is_none(), "the resume still holds the connection");
}

#[tokio::test]
async fn kept_values_that_are_larger_than_the_outbox_all_arrive() {
    let world = World::new();
    world.user("a").await;
    for n in 0..8 {
        let request = Request {
            user: id("a"),
            channel: format!("channel-{n}").into(),
            data: format!("\"{}\"", "x".repeat(60_000)).into(),
            hold_ms: Some(60_000),
            replay: Replay::Always,
            idempotency_key: None,
        };
        publish::publish(&world.gate.core, request).await.unwrap();
        settle().await;
    }
    let mut client = world.open(0, &NATIVE, 4_096);
    client.send(&world.hello("a", "page", None)).await;
    for _ in 0..8 {
        client.until("push").await;
    }
    assert_eq!(client.conn().outbox.ending(), None);
}

#[tokio::test]
async fn a_resume_page_beside_live_traffic_does_not_end_a_connection_that_reads() {
    let world = World::new();
    for user in ["a", "b"] {
        world.user(user).await;
    }
    let large = "x".repeat(60_000);
    for _ in 0..10 {
        world.say("b", "a", &large);
        settle().await;
    }
    let mut client = world.open(0, &NATIVE, 1 << 22);
    let cursor = Cursor { epoch: 7, position: 0 }.encode();
    world.store.turns.store(10, Ordering::SeqCst);
    client.send(&world.hello("a", "page", Some(&cursor))).await;
    // An event behind every turn: one is queued when the page comes, others come behind it.
    for _ in 0..60 {
        world.say("b", "a", "live");
        tokio::task::yield_now().await;
    }
    client.until("sync").await;
    client.send(r#"{"t":"ping","r":5}"#).await;
    client.until("pong").await;
    assert_eq!(client.conn().outbox.ending(), None);
}
