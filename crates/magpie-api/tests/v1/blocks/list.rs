//! `GET /v1/users/{id}/blocks`

use serde_json::json;

use crate::world::{ROOT, World};

#[tokio::test]
async fn a_user_reads_with_his_own_token_whom_he_has_blocked_and_the_backend_for_him() {
    let world = World::new();
    let token = world.token("17");
    let list = async |credential: &str| {
        let call = world.call("GET", "/v1/users/17/blocks").bearer(credential);
        call.send().await.ok()["users"].clone()
    };
    assert_eq!(list(ROOT).await, json!([]));
    let put = world.call("PUT", "/v1/users/17/blocks/agent").bearer(ROOT).send().await;
    assert_eq!(put.status, 204);
    let agent = world.get("/v1/users/agent").await.ok();
    for credential in [ROOT, &token] {
        let users = list(credential).await;
        assert_eq!(users.as_array().map(Vec::len), Some(1));
        for field in ["id", "name", "avatar", "role"] {
            assert_eq!(users[0][field], agent[field], "{field}");
        }
        assert_eq!(users[0]["banned"], json!(null), "as others see him");
    }
}

#[tokio::test]
async fn nobody_reads_whom_another_user_has_blocked() {
    let world = World::new();
    let token = world.token("17");
    let answer = world.call("GET", "/v1/users/agent/blocks").bearer(&token).send().await;
    assert_eq!((answer.status, answer.code()), (403, "forbidden"));
}
