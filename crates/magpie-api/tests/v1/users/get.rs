//! `GET /v1/users/{id}`

use crate::world::World;

#[tokio::test]
async fn a_user_is_read_by_his_percent_encoded_id() {
    let world = World::new();
    let user = world.get("/v1/users/%E5%B0%8F%E6%98%8E").await.ok();
    assert_eq!((&user["id"], &user["role"]), (&"小明".into(), &"user".into()));
}

#[tokio::test]
async fn nobody_is_a_clear_404() {
    let world = World::new();
    let answer = world.get("/v1/users/nobody").await;
    assert_eq!(answer.code(), "unknown_user");
    assert!(answer.message().contains("nobody"));
}
