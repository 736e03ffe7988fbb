//! The last word on a user's presence is the truth, whatever his sockets do on other runtimes.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, atomic::Ordering};

use magpie_core::{
    Batch, Delivery, Event,
    port::{Bus as _, Lane, Presence as _},
};
use magpie_gateway::native::NATIVE;
use parking_lot::Mutex;

use crate::world::{World, id, settle};

/// Keeps what was told of presence, in order.
#[derive(Default)]
struct Told(Mutex<Vec<bool>>);

impl Lane for Told {
    fn committed(&self, _: &Arc<Batch>) {}
    fn passing(&self, delivery: &Arc<Delivery>) {
        if let Some(Event::Presence { online, .. }) = &delivery.event {
            self.0.lock().push(*online);
        }
    }
}

#[tokio::test]
async fn a_page_reload_across_runtimes_never_leaves_its_user_offline() {
    let world = World::build(false, Default::default());
    let told = Arc::new(Told::default());
    world.bus.attach(told.clone());
    let [old, new] = [0, 1].map(|lane| world.conn(lane, &NATIVE, "a"));
    world.gate.register(&old);
    // The new socket comes after the old one left the hub and before that is told.
    let gate = world.gate.clone();
    *world.store.meanwhile.lock() = Some(Box::new(move || gate.register(&new)));
    world.gate.closed(&old);
    assert_eq!(world.gate.hub.connections(&id("a")), 1);
    assert_eq!(*told.0.lock(), [true, true, false, true]);
}

#[tokio::test]
async fn the_answer_of_a_watch_is_never_older_than_an_event_before_it() {
    let world = World::new();
    world.user("b").await;
    world.user("c").await;
    let mut client = world.enter(0, "a", "page").await;
    world.store.turns.store(20, Ordering::SeqCst);
    client.send(r#"{"t":"presence.watch","r":2,"users":["b","c"]}"#).await;
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
    // Comes while the store is read.
    world.gate.register(&world.conn(0, &NATIVE, "b"));
    settle().await;
    let event = client.until("presence").await;
    assert_eq!((&event["user"], &event["online"]), (&"b".into(), &true.into()));
    let answer = client.until("ok").await;
    assert_eq!(answer["users"][0]["online"], true);
    assert_eq!(answer["users"][1]["online"], false);
}
