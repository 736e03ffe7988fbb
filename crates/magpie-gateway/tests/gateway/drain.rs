//! Going down: everyone is told, whatever state his connection is in, and everything is let go.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::Ordering;

use magpie_gateway::native::NATIVE;
use magpie_proto::CloseCode;

use crate::world::{World, settle};

#[tokio::test(start_paused = true)]
async fn a_drain_says_goodbye_in_every_state_and_leaves_nothing() {
    let world = World::new();
    world.user("b").await;
    let idle = world.enter(0, "a", "page").await;
    let silent = world.open(0, &NATIVE, 1024);
    let deaf = world.open(1, &NATIVE, 16);
    deaf.conn().outbox.push(magpie_gateway::ws::frame::text(&"x".repeat(10_000)));
    world.store.turns.store(50, Ordering::SeqCst);
    let mut signing_in = world.open(1, &NATIVE, 4096);
    signing_in.send(&world.hello("b", "page", None)).await;
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
    let mut ended = [idle, silent, signing_in];
    world.gate.drain();
    for client in &mut ended {
        assert_eq!(client.closed().await, CloseCode::Draining.number());
    }
    assert!(world.gate.take_slot().is_none());
    for client in &mut ended {
        // The peer ends its side, as clients do.
        client.pipe = tokio::io::duplex(1).0;
    }
    // The deaf one costs the five seconds of the goodbye, no more.
    tokio::time::timeout(std::time::Duration::from_secs(6), world.gate.until_empty())
        .await
        .unwrap();
    settle().await;
    assert!(ended.iter().all(|client| client.conn.upgrade().is_none()));
    assert!(deaf.conn.upgrade().is_none());
    assert!(world.gate.roster(0).all().is_empty() && world.gate.roster(1).all().is_empty());
    assert_eq!(magpie_core::port::Presence::count(&*world.gate.hub, None), 0);
}
