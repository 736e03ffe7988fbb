//! `POST /v1/users/{id}/ban`

use magpie_core::event::Event;
use magpie_proto::CloseCode;

use crate::world::{ROOT, World, id};

#[tokio::test]
async fn a_ban_is_stored_and_ends_the_users_connections() {
    let world = World::new();
    let user = world.call("POST", "/v1/users/17/ban").bearer(ROOT).send().await.ok();
    assert_eq!(user["banned"], true);
    let kick = Event::Kick { user: id("17"), device: None, code: CloseCode::Banned };
    assert!(world.bus.events().contains(&kick));
    assert_eq!(world.get("/v1/users/17").await.ok()["banned"], true);
}

#[tokio::test]
async fn banning_a_misspelled_id_creates_nobody() {
    let world = World::new();
    let answer = world.call("POST", "/v1/users/nobody/ban").bearer(ROOT).send().await;
    assert_eq!(answer.code(), "unknown_user");
    assert_eq!(world.get("/v1/users/nobody").await.status, 404);
}
