//! The way from the committer into outboxes: order, answers on the right lane, bounds.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, mpsc};

use magpie_core::{
    Audience, Batch, Class, Delivery, Dialect, Event,
    port::{
        Lane as _,
        store::{Origin, Outcome, WriteResult},
    },
};
use magpie_gateway::{conn::Conn, door::Door, gate::Gate, native::NATIVE};
use magpie_proto::{CloseCode, ConversationId, UserId};
use parking_lot::Mutex;

use crate::world::{World, id, settle};

/// Writes down what it is given.
struct Noting;

static NOTING: Noting = Noting;
static NOTES: Mutex<Vec<(u64, String)>> = Mutex::new(Vec::new());

fn notes_of(conn: &Conn) -> Vec<String> {
    NOTES.lock().iter().filter(|(id, _)| *id == note_id(conn)).map(|(_, n)| n.clone()).collect()
}

/// Connections of other tests have other addresses.
fn note_id(conn: &Conn) -> u64 {
    std::ptr::from_ref(conn).addr() as u64
}

impl Door for Noting {
    fn dialect(&self) -> Option<Dialect> {
        None
    }
    fn opened(&self, _: &Arc<Gate>, _: &Arc<Conn>) {}
    fn text(&self, _: &Arc<Gate>, _: &Arc<Conn>, _: &str) {}
    fn wants(&self, _: &Conn, _: &[Arc<Conn>], _: &Delivery) -> bool {
        true
    }
    fn deliver(&self, conn: &Conn, delivery: &Delivery, is_origin: bool) {
        let what = match delivery.event.as_ref().unwrap() {
            Event::Kick { .. } => "kick".to_owned(),
            Event::Typing { .. } => "typing".to_owned(),
            _ => delivery.position.to_string(),
        };
        let own = if is_origin { " own" } else { "" };
        NOTES.lock().push((note_id(conn), format!("{what}{own}")));
    }
    fn reply(&self, conn: &Conn, r: u64, _: &WriteResult) {
        NOTES.lock().push((note_id(conn), format!("reply {r}")));
    }
}

fn hidden(to: &str, position: u64) -> Delivery {
    let (a, b) = (id("a"), id("b"));
    let conversation = ConversationId::direct(&a, &b);
    let event = Event::Hidden { user: id(to), conversation, seq: 1 };
    Delivery { position, ..Delivery::passing(Audience::user(&id(to)), event) }
}

fn batch(position: u64, deliveries: Vec<Delivery>) -> Arc<Batch> {
    Arc::new(Batch { position, deliveries: deliveries.into_iter().map(Arc::new).collect() })
}

fn typing(to: &UserId) -> Arc<Delivery> {
    let conversation = ConversationId::direct(&id("a"), &id("b"));
    let event = Event::Typing { conversation, user: id("b") };
    Arc::new(Delivery::passing(Audience::user(to), event))
}

fn kick(to: &UserId) -> Arc<Delivery> {
    let event = Event::Kick { user: to.clone(), device: None, code: CloseCode::Kicked };
    Arc::new(Delivery::passing(Audience::user(to), event))
}

#[tokio::test]
async fn outboxes_are_filled_in_commit_order() {
    let world = World::build(false, Default::default());
    let conn = world.conn(0, &NOTING, "a");
    world.gate.register(&conn);
    for n in 0..30 {
        world.gate.lanes[0].committed(&batch(
            n * 3 + 3,
            vec![hidden("a", n * 3 + 1), hidden("b", n * 3 + 2), hidden("a", n * 3 + 3)],
        ));
    }
    world.run_lanes();
    settle().await;
    let expected = (0..30).flat_map(|n| [n * 3 + 1, n * 3 + 3]).map(|n| n.to_string());
    assert_eq!(notes_of(&conn), expected.collect::<Vec<_>>());
    assert_eq!(world.gate.lanes[0].position(), 90);
}

#[tokio::test]
async fn the_answer_comes_on_the_lane_of_whoever_asked_and_before_later_events() {
    let world = World::new();
    let asker = world.conn(1, &NOTING, "a");
    let other = world.conn(0, &NOTING, "a");
    world.gate.register(&asker);
    world.gate.register(&other);
    let mut first = hidden("a", 1);
    first.origin = Origin::Connection(asker.clone(), 42);
    first.result = Some(Ok(Outcome::Done));
    let both = batch(2, vec![first, hidden("a", 2)]);
    // The other lane is first, and must not answer.
    world.gate.lanes[0].committed(&both);
    settle().await;
    assert!(notes_of(&asker).is_empty());
    assert_eq!(notes_of(&other), ["1", "2"]);
    world.gate.lanes[1].committed(&both);
    settle().await;
    assert_eq!(notes_of(&asker), ["reply 42", "1 own", "2"]);
    assert_eq!(notes_of(&other), ["1", "2"]);
}

#[tokio::test]
async fn a_full_lane_drops_passing_events_but_no_kick() {
    let world = World::build(false, Default::default());
    let conn = world.conn(0, &NOTING, "a");
    world.gate.register(&conn);
    let (typing, kick) = (typing(&id("a")), kick(&id("a")));
    for _ in 0..20_000 {
        world.gate.lanes[0].passing(&typing);
    }
    assert_eq!(kick.event.as_ref().unwrap().class(), Class::Durable);
    world.gate.lanes[0].passing(&kick);
    world.gate.lanes[0].passing(&typing);
    world.run_lanes();
    settle().await;
    let notes = notes_of(&conn);
    // The first of the places was taken by the word that "a" came.
    assert_eq!(notes.len(), 16_383 + 1);
    assert_eq!(notes.last().unwrap(), "kick");
}

#[tokio::test]
async fn the_committer_waits_for_a_lane_that_is_behind_and_goes_on() {
    let world = World::build(false, Default::default());
    let lane = world.gate.lanes[0].clone();
    let (told, hear) = mpsc::sync_channel(256);
    let committer = std::thread::spawn(move || {
        for position in 1..=200 {
            lane.committed(&batch(position, vec![hidden("a", position)]));
            told.send(position).unwrap();
        }
    });
    // The 64 that fit; whatever comes after them needs the lane to run.
    let before: Vec<u64> = hear.iter().take(64).collect();
    assert_eq!(before.last(), Some(&64));
    assert_eq!(hear.try_recv(), Err(mpsc::TryRecvError::Empty));
    assert_eq!(world.gate.lanes[0].position(), 0);
    world.run_lanes();
    while world.gate.lanes[0].position() < 200 {
        tokio::task::yield_now().await;
    }
    committer.join().unwrap();
}

#[tokio::test]
async fn closing_a_lane_frees_a_committer_that_waits() {
    let world = World::build(false, Default::default());
    let lane = world.gate.lanes[0].clone();
    let (told, hear) = mpsc::sync_channel(256);
    let committer = std::thread::spawn(move || {
        for position in 1..=70 {
            lane.committed(&batch(position, Vec::new()));
            told.send(position).unwrap();
        }
    });
    assert_eq!(hear.iter().take(64).count(), 64);
    world.gate.lanes[0].close();
    assert_eq!(hear.iter().count(), 6);
    committer.join().unwrap();
}

#[tokio::test]
async fn a_connection_that_is_not_of_the_lane_is_left_to_its_own() {
    let world = World::new();
    let here = world.conn(0, &NATIVE, "a");
    let there = world.conn(1, &NATIVE, "a");
    world.gate.register(&here);
    world.gate.register(&there);
    world.gate.lanes[1].passing(&kick(&id("a")));
    settle().await;
    assert_eq!(here.outbox.ending(), None);
    assert_eq!(there.outbox.ending(), Some(CloseCode::Kicked.into()));
}

#[tokio::test]
async fn marks_count_one_by_one_against_the_rate_and_a_ping_over_it_still_gets_its_pong() {
    let world = World::new();
    for user in ["a", "b"] {
        world.user(user).await;
    }
    world.say("b", "a", "hello");
    let mut client = world.enter(0, "a", "page").await;
    let c = ConversationId::direct(&id("a"), &id("b"));
    let marks = vec![format!(r#"["{c}",1]"#); 200].join(",");
    let full = 4_000 / 200;
    for r in 0..full {
        client.send(&format!(r#"{{"t":"receipt","r":{r},"delivered":[{marks}]}}"#)).await;
        assert_eq!(client.until("ok").await["r"], r);
    }
    client.send(&format!(r#"{{"t":"receipt","r":77,"delivered":[{marks}]}}"#)).await;
    assert_eq!(client.until("error").await["code"], "rate_limited");
    client.send(&format!(r#"{{"t":"ping","r":78,"delivered":[{marks}]}}"#)).await;
    let refused = client.until("error").await;
    assert_eq!((&refused["code"], refused.get("r")), (&"rate_limited".into(), None));
    assert_eq!(client.until("pong").await["r"], 78);
}
