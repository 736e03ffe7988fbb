//! The device policy, and that nobody stays in the index.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::Ordering;

use magpie_core::{Dialect, port::Presence as _};
use magpie_gateway::{dialects, native::NATIVE};
use magpie_proto::CloseCode;

use crate::world::{World, id, settle};

#[tokio::test]
async fn beyond_the_cap_the_quietest_connection_makes_room() {
    let world = World::new();
    world.clock.advance_ms(1_000);
    let conns: Vec<_> = (0..6).map(|_| world.conn(0, &NATIVE, "a")).collect();
    for (index, conn) in conns.iter().enumerate() {
        // The third was heard longest ago.
        conn.heard.set(if index == 2 { 1 } else { 100 });
        assert_eq!(world.gate.hub.add(conn, 5), index == 0, "only the first is the first");
    }
    let ended: Vec<_> = conns.iter().map(|conn| conn.outbox.ending()).collect();
    for (index, ending) in ended.iter().enumerate() {
        let expected = (index == 2).then(|| CloseCode::DeviceLimit.into());
        assert_eq!(*ending, expected, "connection {index}");
    }
}

#[tokio::test]
async fn the_same_page_replaces_itself_and_leaves_others_alone() {
    let world = World::new();
    let mut first = world.enter(0, "a", "page-1").await;
    let other = world.enter(1, "a", "page-2").await;
    let again = world.enter(1, "a", "page-1").await;
    assert_eq!(first.closed().await, CloseCode::Replaced.number());
    assert_eq!(other.conn().outbox.ending(), None);
    assert_eq!(again.conn().outbox.ending(), None);
    settle().await;
    assert_eq!(world.gate.hub.connections(&id("a")), 2);
}

#[tokio::test]
async fn a_sign_in_that_took_long_does_not_end_the_later_socket_of_the_same_page() {
    let world = World::new();
    world.user("a").await;
    let other = world.enter(0, "a", "other").await;
    world.store.turns.store(50, Ordering::SeqCst);
    let mut early = world.open(0, &NATIVE, 4_096);
    early.send(&world.hello("a", "page", None)).await;
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
    world.store.turns.store(0, Ordering::SeqCst);
    let late = world.enter(1, "a", "page").await;
    assert_eq!(early.closed().await, CloseCode::Replaced.number());
    assert_eq!(late.conn().outbox.ending(), None);
    assert_eq!(other.conn().outbox.ending(), None);
}

#[tokio::test]
async fn a_dialect_connection_is_neither_counted_nor_ended_by_the_native_cap() {
    let world = World::new();
    let page = world.conn(0, dialects::door(Dialect::Miniapp), "a");
    world.gate.hub.add(&page, 1);
    let natives: Vec<_> = (0..2).map(|_| world.conn(0, &NATIVE, "a")).collect();
    for conn in &natives {
        world.gate.hub.add(conn, 1);
    }
    assert_eq!(page.outbox.ending(), None);
    assert_eq!(natives[0].outbox.ending(), Some(CloseCode::DeviceLimit.into()));
    assert_eq!(natives[1].outbox.ending(), None);
}

#[tokio::test]
async fn two_runtimes_that_register_a_user_at_once_keep_to_the_cap() {
    for _ in 0..50 {
        let world = World::build(false, Default::default());
        let conns: Vec<_> = (0..8).map(|n| world.conn(n % 2, &NATIVE, "a")).collect();
        let firsts: usize = std::thread::scope(|threads| {
            let (even, odd): (Vec<_>, Vec<_>) = conns.iter().partition(|conn| conn.lane == 0);
            let hub = &world.gate.hub;
            let both = [even, odd].map(|conns: Vec<_>| {
                threads.spawn(move || conns.into_iter().filter(|conn| hub.add(conn, 3)).count())
            });
            both.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(firsts, 1, "exactly one was the first");
        let kept = conns.iter().filter(|conn| conn.outbox.ending().is_none()).count();
        assert_eq!(kept, 3);
    }
}

#[tokio::test]
async fn all_connections_of_a_user_share_one_rate_and_a_new_socket_is_no_new_rate() {
    let world = World::new();
    let hub = &world.gate.hub;
    // Two sockets sign in at once: both ask for the bucket before either is registered.
    let (first, second) = (hub.bucket(&id("a")), hub.bucket(&id("a")));
    assert!(std::sync::Arc::ptr_eq(&first, &second));
    let rate = magpie_gateway::limiter::Rate { per_second: 1, burst: 1 };
    first.take(rate, 0).unwrap();
    let mut client = world.enter(0, "a", "page").await;
    client.frame(0x88, &1000_u16.to_be_bytes()).await;
    client.closed().await;
    settle().await;
    assert_eq!(hub.connections(&id("a")), 0);
    drop((first, second));
    assert!(hub.bucket(&id("a")).take(rate, 0).is_err(), "what was spent stays spent");
}

#[tokio::test]
async fn buckets_of_users_who_are_gone_do_not_pile_up() {
    let world = World::new();
    for n in 0..200_000 {
        drop(world.gate.hub.bucket(&id(&format!("u{n}"))));
    }
    assert!(world.gate.hub.buckets_len() <= 64 * 1_025, "{}", world.gate.hub.buckets_len());
}

#[tokio::test]
async fn a_connection_that_ends_leaves_nothing_behind() {
    let world = World::new();
    let mut client = world.enter(0, "a", "page").await;
    client.send(r#"{"t":"presence.watch","r":2,"users":["b","b","c"]}"#).await;
    client.until("ok").await;
    let open = world.gate.open_sockets();
    drop(client.pipe);
    settle().await;
    assert_eq!(world.gate.open_sockets(), open - 1, "its slot");
    assert_eq!(world.gate.hub.connections(&id("a")), 0, "its place in the hub");
    assert!(world.gate.roster(0).all().is_empty(), "its place in the roster");
    assert!(client.conn.upgrade().is_none(), "its memory");
}

#[tokio::test]
async fn a_user_named_twice_in_a_list_is_told_of_once() {
    let world = World::new();
    let mut client = world.enter(0, "a", "page").await;
    client.send(r#"{"t":"presence.watch","r":2,"users":["b","b","b"]}"#).await;
    client.until("ok").await;
    let mut told = 0;
    world
        .gate
        .hub
        .receivers(&magpie_core::Audience::Watchers(id("b")), |conns| told += conns.len());
    assert_eq!(told, 1);
}
