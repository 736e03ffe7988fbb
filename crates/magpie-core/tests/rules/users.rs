//! Signing in, bans and presence.

use magpie_core::{
    Audience, Class, Event, Policy, Role,
    device::{self, Presented},
    port::store::UserPatch,
    presence,
    user::{self, Profile},
};
use magpie_proto::{CloseCode, ErrorCode};

use crate::world::{NOW_MS, World, uid};

fn patch(banned: bool) -> UserPatch {
    UserPatch {
        id: uid("a"),
        name: None,
        avatar: None,
        role: None,
        banned: Some(banned),
        now_ms: NOW_MS,
    }
}

#[tokio::test]
async fn a_token_makes_its_user_known_and_keeps_his_name_current() {
    let world = World::new(Policy::default());
    let profile = |name: &str| Profile { name: Some(name.into()), ..Profile::default() };
    let unknown = user::sign_in(&world.core, &uid("a"), profile("Ann"), false).await;
    assert_eq!(unknown.unwrap_err().code, ErrorCode::UnknownUser);
    let new = user::sign_in(&world.core, &uid("a"), profile("Ann"), true).await.unwrap();
    assert_eq!((new.name.as_str(), new.role), ("Ann", Role::User));
    let renamed = user::sign_in(&world.core, &uid("a"), profile("Anna"), true).await.unwrap();
    assert_eq!(renamed.name, "Anna");
}

#[tokio::test]
async fn the_token_of_a_device_that_was_signed_out_changes_nothing_and_a_newer_one_signs_in() {
    let world = World::new(Policy::default());
    let arrive = async |name: &str, issued_ms: u64| {
        let profile = Profile { name: Some(name.into()), ..Profile::default() };
        let phone = Presented { id: "phone", name: "", issued_ms };
        user::sign_in_on(&world.core, &uid("a"), profile, true, phone).await
    };
    assert_eq!(arrive("Ann", NOW_MS).await.unwrap().name, "Ann");
    world.clock.advance_ms(5_000);
    device::sign_out(&world.core, &uid("a"), "phone").await.unwrap();
    assert_eq!(arrive("Mallory", NOW_MS).await.unwrap_err().code, ErrorCode::SignedOut);
    let known = world.core.store.user(uid("a")).await.unwrap();
    assert_eq!(known.unwrap().name, "Ann");
    assert_eq!(arrive("Anna", NOW_MS + 6_000).await.unwrap().name, "Anna");
}

#[tokio::test]
async fn a_ban_ends_connections_now_and_refuses_later_ones() {
    let world = World::new(Policy::default());
    world.user("a").await;
    user::put(&world.core, patch(true)).await.unwrap();
    let told = world.told();
    let [(audience, event)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(*audience, Audience::user(&uid("a")));
    assert_eq!(event.class(), Class::Durable, "a kick must not be dropped");
    assert!(matches!(event, Event::Kick { code: CloseCode::Banned, device: None, .. }));
    let refused = user::sign_in(&world.core, &uid("a"), Profile::default(), true).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Forbidden);
    user::put(&world.core, patch(false)).await.unwrap();
    assert!(user::sign_in(&world.core, &uid("a"), Profile::default(), true).await.is_ok());
}

#[tokio::test]
async fn leaving_is_told_to_followers_and_remembered() {
    let world = World::new(Policy::default());
    world.user("a").await;
    world.clock.advance_ms(5_000);
    presence::left(&world.core, &uid("a"));
    let told = world.told();
    assert_eq!(told[0].0, Audience::Watchers(uid("a")));
    let states = presence::query(&world.core, &[uid("a"), uid("b")]).await.unwrap();
    assert_eq!((states[0].online, states[0].last_seen_ms), (false, NOW_MS + 5_000));
    assert_eq!((states[1].online, states[1].last_seen_ms), (false, 0));
}
