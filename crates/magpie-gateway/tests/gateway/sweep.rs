//! What the timer of a runtime does: no hello, silence, expiry, and who is not to blame.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use magpie_gateway::{native::NATIVE, sweep};
use magpie_proto::CloseCode;

use crate::{
    client::Got,
    world::{World, settle},
};

/// Lets time pass on both clocks; the sweep looks once a second.
async fn pass(world: &World, seconds: u64) {
    for _ in 0..seconds {
        world.clock.advance_ms(1_000);
        // A little more: timers fire on the next full millisecond.
        tokio::time::advance(Duration::from_millis(1_005)).await;
        settle().await;
    }
}

fn swept() -> World {
    let world = World::new();
    for lane in 0..2 {
        tokio::spawn(sweep::run(world.gate.clone(), lane));
    }
    world
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_say_hello_in_ten_seconds_is_let_go() {
    let world = swept();
    let mut client = world.open(0, &NATIVE, 1024);
    // Noise is no hello.
    client.send("{}").await;
    pass(&world, 10).await;
    assert_eq!(client.conn().outbox.ending(), None);
    pass(&world, 1).await;
    assert_eq!(client.closed().await, CloseCode::HelloTimeout.number());
}

#[tokio::test(start_paused = true)]
async fn a_quiet_connection_is_pinged_and_a_silent_one_is_ended() {
    let world = swept();
    let mut client = world.enter(1, "a", "page").await;
    pass(&world, 29).await;
    assert_eq!(client.conn().outbox.ending(), None);
    pass(&world, 1).await;
    assert_eq!(client.next().await, Got::Ping);
    // An answer counts as a sign of life.
    client.frame(0x8a, b"").await;
    settle().await;
    pass(&world, 75).await;
    assert_eq!(client.conn().outbox.ending(), None);
    pass(&world, 1).await;
    assert_eq!(client.closed().await, CloseCode::HeartbeatLost.number());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_expires_ends_its_connection_unless_it_was_renewed() {
    let world = swept();
    let mut kept = world.enter(0, "a", "page-1").await;
    let mut lost = world.enter(0, "a", "page-2").await;
    let token = world.token("a", 7_200);
    kept.send(&format!(r#"{{"t":"auth","r":2,"token":"{token}"}}"#)).await;
    kept.until("ok").await;
    for _ in 0..60 {
        pass(&world, 60).await;
        if lost.conn.upgrade().is_some() {
            lost.frame(0x8a, b"").await;
        }
        kept.frame(0x8a, b"").await;
    }
    assert_eq!(lost.closed().await, CloseCode::TokenExpired.number());
    assert_eq!(kept.conn().outbox.ending(), None);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_we_do_not_read_is_not_blamed_for_its_silence() {
    let world = swept();
    let client = world.enter(0, "a", "page").await;
    client.conn().hold();
    pass(&world, 200).await;
    assert_eq!(client.conn().outbox.ending(), None);
    client.conn().release();
    pass(&world, 70).await;
    assert_eq!(client.conn().outbox.ending(), None);
}
