//! A dialect page that is still catching up when something comes for it.

use std::{collections::VecDeque, sync::atomic::Ordering};

use magpie_core::{
    Dialect,
    port::store::{Op, Origin},
};
use magpie_gateway::dialects;
use magpie_proto::ConversationId;

use super::world::{World, id, settle};

#[tokio::test]
async fn what_comes_while_a_page_catches_up_is_its_own_whoever_else_has_got_it() {
    let world = World::new();
    world.user("a").await;
    world.user("b").await;
    world.store.turns.store(20, Ordering::SeqCst);
    let page = world.conn(0, dialects::door(Dialect::Miniapp), "b");
    page.door.opened(&world.gate, &page);
    // Its first read is under way now.
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
    world.say("a", "b", "hello");
    // Another socket of the user has proved that it has the message.
    let mark = (ConversationId::direct(&id("a"), &id("b")), id("b"), 1);
    world.gate.core.submit(Op::Delivered(vec![mark]), Origin::None).unwrap();
    settle().await;
    let mut frames = VecDeque::new();
    page.outbox.take(&mut frames);
    let came = |text: &[u8]| frames.iter().any(|f| f.windows(text.len()).any(|part| part == text));
    assert!(came(b"hello"), "{frames:?}");
}
