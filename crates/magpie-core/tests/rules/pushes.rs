//! Push: versions, hold time, idempotency, and calls that wait.

use magpie_core::{
    Event, Policy,
    model::Replay,
    push::publish::{self, Request},
};
use magpie_proto::ErrorCode;

use crate::world::{World, uid};

fn paid(text: &str) -> Request {
    Request {
        user: uid("17"),
        channel: "2".into(),
        data: format!("{text:?}").into(),
        hold_ms: Some(1_000),
        replay: Replay::UntilDelivered,
        idempotency_key: None,
    }
}

#[tokio::test]
async fn versions_rise_and_a_value_is_held_for_its_time() {
    let world = World::new(Policy::default());
    let first = publish::publish(&world.core, paid("5 left")).await.unwrap();
    let second = publish::publish(&world.core, paid("4 left")).await.unwrap();
    assert_eq!((first.version, second.version), (1, 2));
    assert!(second.stored);
    let held = publish::held(&world.core, &uid("17"), Some("2")).await.unwrap();
    assert_eq!((held.len(), &*held[0].data), (1, "\"4 left\""));
    world.clock.advance_ms(1_000);
    assert_eq!(publish::held(&world.core, &uid("17"), None).await.unwrap(), []);
}

#[tokio::test]
async fn a_repeated_key_answers_with_the_first_version_and_tells_nobody() {
    let world = World::new(Policy::default());
    let keyed = |text: &str| Request { idempotency_key: Some("order-1".into()), ..paid(text) };
    publish::publish(&world.core, keyed("5 left")).await.unwrap();
    world.told();
    let again = publish::publish(&world.core, keyed("5 left")).await.unwrap();
    assert_eq!((again.version, again.connections), (1, 0));
    assert_eq!(world.told(), []);
    let other = publish::publish(&world.core, keyed("9 left")).await.unwrap_err();
    assert_eq!(other.code, ErrorCode::ClientMsgIdReused);
}

#[tokio::test]
async fn a_value_without_hold_time_passes_and_leaves_nothing() {
    let world = World::new(Policy::default());
    let passing = Request { hold_ms: Some(0), ..paid("step count") };
    let published = publish::publish(&world.core, passing).await.unwrap();
    assert!(!published.stored);
    let told = world.told();
    assert!(matches!(&told[0].1, Event::Push { stored: false, .. }), "{told:?}");
    assert_eq!(publish::held(&world.core, &uid("17"), None).await.unwrap(), []);
}

#[tokio::test]
async fn stored_values_of_one_call_share_a_commit_and_passing_ones_do_not_wait_for_it() {
    let world = World::delayed(Policy::default());
    let live = Request { hold_ms: Some(0), ..paid("live") };
    let all = [paid("5 left"), live, paid("4 left")];
    let work = publish::publish_all(&world.core, all.into());
    let release = async {
        let told = world.told();
        assert!(matches!(told[..], [(_, Event::Push { stored: false, .. })]), "{told:?}");
        assert_eq!(world.store.release(), 2, "in one commit");
    };
    let (done, ()) = tokio::join!(biased; work, release);
    let versions = done.into_iter().map(|done| done.unwrap().version).collect::<Vec<_>>();
    assert_eq!(versions, [1, 0, 2]);
}

#[tokio::test]
async fn a_waiting_call_wakes_for_its_user_only() {
    let world = World::new(Policy::default());
    let mut mine = world.core.waiters.subscribe(&uid("17"));
    let other = world.core.waiters.subscribe(&uid("18"));
    publish::publish(&world.core, paid("5 left")).await.unwrap();
    mine.changed().await.unwrap();
    assert!(!other.has_changed().unwrap());
}

#[tokio::test]
async fn an_oversized_value_is_refused_before_anything_is_stored() {
    let world = World::new(Policy { push_bytes_max: 10, ..Policy::default() });
    let refused = publish::publish(&world.core, paid("0123456789")).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::TooLarge);
    assert_eq!(world.told(), []);
}
