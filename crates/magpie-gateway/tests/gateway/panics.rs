//! A panic in the code of one connection ends that connection; its neighbours, its lane and its
//! sweep go on.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use magpie_core::{
    Delivery, Dialect, Event,
    port::{Presence as _, store::WriteResult},
};
use magpie_gateway::{conn::Conn, door::Door, gate::Gate, native::NATIVE, sweep};
use magpie_proto::CloseCode;

use crate::world::{World, id, settle};

/// Panics when it is told the word, by either side, and on every tick of user "ticker".
struct Fragile;

static FRAGILE: Fragile = Fragile;

impl Door for Fragile {
    fn dialect(&self) -> Option<Dialect> {
        None
    }
    fn opened(&self, gate: &Arc<Gate>, conn: &Arc<Conn>) {
        assert!(conn.user().is_none_or(|user| user.as_str() != "opener"), "panic on opening");
        if conn.user().is_some() {
            gate.register(conn);
        }
    }
    fn text(&self, _: &Arc<Gate>, _: &Arc<Conn>, text: &str) {
        assert!(text != "panic", "panic on a frame");
    }
    fn wants(&self, _: &Conn, _: &[Arc<Conn>], _: &Delivery) -> bool {
        true
    }
    fn deliver(&self, _: &Conn, delivery: &Delivery, _: bool) {
        assert!(!matches!(delivery.event, Some(Event::Message(_))), "panic on an event");
    }
    fn reply(&self, _: &Conn, _: u64, _: &WriteResult) {
        panic!("panic on an answer");
    }
    fn tick(&self, _: &Gate, conn: &Conn, _: u64) -> u64 {
        assert!(conn.user().is_none_or(|user| user.as_str() != "ticker"), "panic on a tick");
        u64::MAX
    }
    fn closing(&self, _: &Arc<Gate>, _: &Arc<Conn>) {
        panic!("panic on closing");
    }
}

#[tokio::test]
async fn a_panic_on_a_frame_frees_the_slot_and_all_places_of_that_connection_only() {
    let world = World::new();
    let mut bystander = world.enter(0, "b", "page").await;
    let open = world.gate.open_sockets();
    let mut client = world.open(0, &NATIVE, 1024);
    drop(client.pipe);
    settle().await;
    client = world.open(0, &FRAGILE, 1024);
    world.identify(&client.conn(), "a", "page");
    settle().await;
    assert_eq!(world.gate.hub.connections(&id("a")), 1);
    client.send("panic").await;
    client.closed().await;
    settle().await;
    assert_eq!(world.gate.open_sockets(), open);
    assert_eq!(world.gate.hub.connections(&id("a")), 0);
    assert_eq!(world.gate.roster(0).all().len(), 1);
    assert!(client.conn.upgrade().is_none());
    bystander.send(r#"{"t":"ping","r":9}"#).await;
    bystander.until("pong").await;
}

#[tokio::test]
async fn a_panic_on_an_event_ends_its_connection_and_the_lane_delivers_to_the_others() {
    let world = World::new();
    world.user("b").await;
    let mut page = world.open(0, &FRAGILE, 1024);
    world.identify(&page.conn(), "a", "page-1");
    settle().await;
    let mut neighbour = world.enter(0, "a", "page-2").await;
    world.say("b", "a", "hello");
    assert_eq!(neighbour.until("msg").await["seq"], 1);
    assert_eq!(page.closed().await, CloseCode::Overloaded.number());
    world.say("b", "a", "again");
    assert_eq!(neighbour.until("msg").await["seq"], 2);
}

#[tokio::test]
async fn a_panic_on_an_answer_ends_its_connection_and_the_lane_goes_on() {
    use magpie_core::port::store::{Op, Origin};
    let world = World::new();
    let conn = world.conn(0, &FRAGILE, "a");
    let op = Op::Seen { user: id("a"), at_ms: 1 };
    world.gate.core.submit(op, Origin::Connection(conn.clone(), 1)).unwrap();
    settle().await;
    assert_eq!(conn.outbox.ending(), Some(CloseCode::Overloaded.into()));
    let mut client = world.enter(0, "a", "page").await;
    client.send(r#"{"t":"ping","r":9}"#).await;
    client.until("pong").await;
}

#[tokio::test]
async fn a_panic_of_a_request_or_a_sign_in_ends_the_connection_that_would_wait_for_ever() {
    let world = World::new();
    let mut client = world.enter(0, "a", "page").await;
    *world.store.meanwhile.lock() = Some(Box::new(|| panic!("panic in a request")));
    client.send(r#"{"t":"block","r":2,"user":"a","on":true}"#).await;
    assert_eq!(client.closed().await, CloseCode::Overloaded.number());
    let mut newcomer = world.open(0, &NATIVE, 4_096);
    *world.store.meanwhile.lock() = Some(Box::new(|| panic!("panic in a sign-in")));
    newcomer.send(&world.hello("new", "page", None)).await;
    assert_eq!(newcomer.closed().await, CloseCode::Overloaded.number());
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_lease_ends_its_connection_and_the_sweep_goes_on() {
    let world = World::new();
    let ticker = world.conn(0, &FRAGILE, "ticker");
    let silent = world.gate.new_conn(0, &NATIVE);
    tokio::spawn(sweep::run(world.gate.clone(), 0));
    settle().await;
    assert_eq!(ticker.outbox.ending(), Some(CloseCode::Overloaded.into()));
    world.clock.advance_ms(11_000);
    tokio::time::advance(std::time::Duration::from_secs(2)).await;
    settle().await;
    assert_eq!(silent.outbox.ending(), Some(CloseCode::HelloTimeout.into()));
}
