//! Receipts: clamped, folded, told at once, and nobody else's.

use magpie_core::{Event, Policy, port::store::Origin, presence, receipt};
use magpie_proto::{ConversationId, ErrorCode, client::Receipts};

use crate::world::{World, uid};

fn pair() -> ConversationId {
    ConversationId::direct(&uid("a"), &uid("b"))
}

async fn two_messages() -> (World, magpie_core::Caller) {
    let world = World::new(Policy::default());
    let a = world.user("a").await;
    let b = world.user("b").await;
    world.say(&a, "b", "1").await.unwrap();
    world.say(&a, "b", "2").await.unwrap();
    world.told();
    (world, b)
}

#[tokio::test]
async fn a_delivery_mark_is_told_once_and_never_beyond_what_exists() {
    let (world, b) = two_messages().await;
    for seq in [9, 2, 1] {
        receipt::delivered(&world.core, &b, pair(), seq, &Origin::None).await.unwrap();
    }
    let told = world.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(matches!(told[0].1, Event::Receipt { delivered: 2, read: 0, .. }));
}

#[tokio::test]
async fn folded_marks_are_stored_by_the_flush() {
    let (world, b) = two_messages().await;
    receipt::delivered(&world.core, &b, pair(), 2, &Origin::None).await.unwrap();
    assert_eq!(world.core.receipts.len(), 1);
    receipt::flush(&world.core).unwrap();
    assert!(world.core.receipts.is_empty());
    let entry = world.core.store.entry(uid("b"), false, pair()).await.unwrap().unwrap();
    assert_eq!(entry.delivered_seq, 2);
}

#[tokio::test]
async fn a_read_mark_tells_the_readers_devices_and_the_other_side() {
    let (world, b) = two_messages().await;
    let receipts = Receipts { delivered: Vec::new(), read: vec![(pair(), 1)] };
    receipt::take(&world.core, &b, &receipts, &Origin::None).await.unwrap();
    let told: Vec<Event> = world.told().into_iter().map(|(_, event)| event).collect();
    assert!(matches!(told[0], Event::Membership { unread: 1, .. }), "{told:?}");
    assert!(matches!(told[1], Event::Receipt { read: 1, .. }), "{told:?}");
    receipt::take(&world.core, &b, &receipts, &Origin::None).await.unwrap();
    assert_eq!(world.told(), [], "a mark that does not move is no news");
}

#[tokio::test]
async fn strangers_can_neither_mark_nor_type_in_other_peoples_conversations() {
    let (world, _) = two_messages().await;
    let c = world.user("c").await;
    let marked = receipt::delivered(&world.core, &c, pair(), 1, &Origin::None).await;
    assert_eq!(marked.unwrap_err().code, ErrorCode::UnknownConversation);
    let typed = presence::typing(&world.core, &c, pair(), Origin::None).await;
    assert_eq!(typed.unwrap_err().code, ErrorCode::UnknownConversation);
    assert_eq!(world.told(), []);
}
