//! `GET /v1/info`

use magpie_api::Demo;
use serde_json::json;

use crate::world::{Setup, World};

#[tokio::test]
async fn anyone_may_know_name_version_and_mode() {
    let world = World::new();
    let info = world.call("GET", "/v1/info").send().await.ok();
    let wanted = json!({"name": "Magpie", "version": "0.0.0-test", "demo": false, "dev": false});
    assert_eq!(info, wanted);
    let demo = Some(Demo { users: Vec::new(), token_ttl_s: 60 });
    let world = World::with(Setup { demo, ..Setup::default() });
    assert_eq!(world.call("GET", "/v1/info").send().await.ok()["demo"], true);
}
