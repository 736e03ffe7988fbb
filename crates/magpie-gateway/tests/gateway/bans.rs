//! A ban that commits while a sign-in is being judged: it ends the connection, whichever of the
//! two comes first.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::Ordering;

use magpie_core::{port::store::UserPatch, user};
use magpie_gateway::native::NATIVE;
use magpie_proto::CloseCode;

use crate::world::{NOW_MS, World, id, settle};

#[tokio::test]
async fn a_ban_between_the_first_look_and_the_place_in_the_index_holds() {
    for turns_before_the_ban in 0..30 {
        let world = World::new();
        world.user("a").await;
        // What the sign-in reads is ten turns old when it has it.
        world.store.turns.store(10, Ordering::SeqCst);
        let mut client = world.open(0, &NATIVE, 4_096);
        client.send(&world.hello("a", "page", None)).await;
        for _ in 0..turns_before_the_ban {
            tokio::task::yield_now().await;
        }
        let ban = UserPatch {
            id: id("a"),
            name: None,
            avatar: None,
            role: None,
            banned: Some(true),
            now_ms: NOW_MS,
        };
        user::put(&world.gate.core, ban).await.unwrap();
        settle().await;
        // Gone altogether, or on its way out: asked first, so that a failure does not wait.
        let ended = client.conn.upgrade().is_none_or(|conn| conn.outbox.is_ending());
        assert!(ended, "{turns_before_the_ban} turns");
        let code = client.closed().await;
        assert_eq!(code, CloseCode::Banned.number(), "{turns_before_the_ban} turns");
    }
}
