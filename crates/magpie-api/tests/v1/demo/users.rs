//! `GET /v1/demo/users`

use serde_json::json;

use crate::{rules::samples, world::World};

#[tokio::test]
async fn the_demo_accounts_come_in_the_owners_order() {
    let world = samples::world().await;
    let list = world.call("GET", "/v1/demo/users").send().await.ok();
    assert_eq!(
        list["users"],
        json!([{"id": "小明", "name": "小明!", "avatar": "", "role": "user"},
            {"id": "翠花", "name": "翠花!", "avatar": "", "role": "user"}])
    );
}

#[tokio::test]
async fn without_a_demo_the_route_does_not_exist() {
    let answer = World::new().call("GET", "/v1/demo/users").send().await;
    assert_eq!(answer.code(), "not_found");
}
