//! `PUT /v1/users/{id}/blocks/{other}`

use magpie_core::port::Store;

use crate::world::{ROOT, World, id};

#[tokio::test]
async fn a_user_blocks_with_his_own_token_and_the_backend_for_him() {
    let world = World::new();
    let own = world.token("17");
    for credential in [own.as_str(), ROOT] {
        let call = world.call("PUT", "/v1/users/17/blocks/agent").bearer(credential);
        assert_eq!(call.send().await.status, 204);
    }
    assert_eq!(world.store.blocked(id("17")).await.unwrap(), [id("agent")]);
}

#[tokio::test]
async fn nobody_can_be_blocked_who_does_not_exist() {
    let world = World::new();
    for (path, code) in [
        ("/v1/users/17/blocks/nobody", "unknown_user"),
        ("/v1/users/nobody/blocks/17", "unknown_user"),
        ("/v1/users/17/blocks/-1", "bad_request"),
    ] {
        let answer = world.call("PUT", path).bearer(ROOT).send().await;
        assert_eq!(answer.code(), code, "{path}");
    }
}
