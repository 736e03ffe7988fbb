//! `DELETE /v1/users/{id}/blocks/{other}`

use magpie_core::port::Store;

use crate::world::{ROOT, World, id};

#[tokio::test]
async fn a_block_is_taken_back_and_taking_back_twice_is_harmless() {
    let world = World::new();
    for method in ["PUT", "DELETE", "DELETE"] {
        let call = world.call(method, "/v1/users/17/blocks/agent").bearer(ROOT);
        assert_eq!(call.send().await.status, 204, "{method}");
    }
    assert_eq!(world.store.blocked(id("17")).await.unwrap(), []);
}
