//! `/healthz`, `/readyz`, `/metrics`, `/openapi.json`

use magpie_core::port::store::StoreError;

use crate::world::{World, contract};

#[tokio::test]
async fn a_server_that_goes_down_or_cannot_store_is_alive_and_not_ready() {
    let world = World::new();
    assert_eq!(world.call("GET", "/readyz").send().await.status, 200);
    world.store.fail(StoreError::Full);
    assert_eq!(world.call("GET", "/readyz").send().await.code(), "storage_full");
    let world = World::new();
    world.drain.send_replace(true);
    assert_eq!(world.call("GET", "/readyz").send().await.code(), "draining");
    assert_eq!(world.call("GET", "/healthz").send().await.status, 200);
}

#[tokio::test]
async fn metrics_are_text_and_the_document_is_served_as_it_is() {
    let world = World::new();
    let metrics = world.call("GET", "/metrics").send().await;
    assert_eq!(metrics.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(metrics.text.contains("magpie_test_total 1"), "{}", metrics.text);
    let served = world.call("GET", "/openapi.json").send().await;
    assert_eq!(served.json, *contract::DOCUMENT);
}
