//! `POST /v1/users/{id}/unban`

use crate::world::{ROOT, World};

#[tokio::test]
async fn an_unbanned_users_token_opens_his_data_again() {
    let world = World::new();
    let token = world.token("17");
    let mine = || world.call("GET", "/v1/users/17/conversations").bearer(&token);
    for (action, status) in [("ban", 403), ("unban", 200), ("unban", 200)] {
        let path = format!("/v1/users/17/{action}");
        world.call("POST", &path).bearer(ROOT).send().await.ok();
        assert_eq!(mine().send().await.status, status, "{action}");
    }
}
