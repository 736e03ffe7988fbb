//! Nobody starves: while many senders flood, a message between two others takes a few turns of
//! the runtime, not a place behind everything that the flood has ready.
#![allow(clippy::unwrap_used, reason = "tests")]

use magpie_gateway::{Settings, limiter::Rate, session::Session, settings::Limits};

use crate::world::World;

const SENDERS: usize = 12;
/// Frames that each sender has ready at any time.
const READY: usize = 70;
/// One turn each: sender's read, lane, receiver's write; and some for how the test counts.
const TURNS_MAX: usize = 8;

fn flooded() -> World {
    let unlimited = Rate { per_second: 1_000_000, burst: 1_000_000_000 };
    let limits = Limits { messages: unlimited, ephemeral: unlimited, ..Limits::default() };
    let world = World::build(true, Settings { limits, ..Settings::default() });
    world.run_lanes();
    let store = world.store.inner.clone();
    // Commits what is queued, as one batch, whenever it has its turn.
    tokio::spawn(async move {
        loop {
            store.release();
            tokio::task::yield_now().await;
        }
    });
    world
}

/// Keeps the pipe of one sender full for ever and reads what comes back.
async fn flood(mut session: Session, number: usize) {
    let to = (number + 1) % SENDERS;
    let frame = format!(r#"{{"t":"send","r":1,"to":"s{to}","b":{{"k":"text","x":"flood"}}}}"#);
    let mut got = Vec::new();
    loop {
        for _ in 0..READY {
            if session.send(&frame).is_err() {
                break;
            }
        }
        got.clear();
        session.receive(&mut got).unwrap();
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn while_a_dozen_senders_flood_a_message_of_two_others_takes_a_few_turns() {
    let world = flooded();
    let mut quiet = [world.enter(0, "a", "page").await, world.enter(0, "b", "page").await];
    for number in 0..SENDERS {
        let mut session = Session::open(&world.gate, 0).unwrap();
        session.send(&world.hello(&format!("s{number}"), "page", None)).unwrap();
        tokio::spawn(flood(session, number));
    }
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let [a, b] = &mut quiet;
    for r in 0..2 {
        a.send(&format!(r#"{{"t":"send","r":{r},"to":"b","b":{{"k":"text","x":"x"}}}}"#)).await;
        let mut turns = 0;
        let counting = async {
            loop {
                tokio::task::yield_now().await;
                turns += 1;
            }
        };
        tokio::select! {
            biased;
            _ = b.until("msg") => {}
            () = counting => {}
        }
        assert!(turns <= TURNS_MAX, "message {r} took {turns} turns");
    }
    assert!(world.gate.open_sockets() == SENDERS + 2, "nobody was ended for it");
}
