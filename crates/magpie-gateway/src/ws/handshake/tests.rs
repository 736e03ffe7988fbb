//! Tests of the handshake: the RFC's example, every refusal, the choice of a subprotocol.

#![allow(clippy::unwrap_used, reason = "tests")]

use http::request::Builder;

use super::*;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

fn good() -> Builder {
    Request::get("/v1/ws")
        .header("Host", "chat.example")
        .header("Upgrade", "websocket")
        .header("Connection", "keep-alive, Upgrade")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", KEY)
}

fn without(name: &str) -> Request<()> {
    let mut request = good().body(()).unwrap();
    request.headers_mut().remove(name).unwrap();
    request
}

fn with(name: &'static str, value: &'static str) -> Request<()> {
    let mut request = good().body(()).unwrap();
    request.headers_mut().insert(name, HeaderValue::from_static(value));
    request
}

#[test]
fn the_example_of_the_rfc_is_accepted_with_its_accept_value() {
    let upgrade = judge(&good().body(()).unwrap(), &[]).unwrap();
    let response: Response<()> = upgrade.response();
    assert_eq!(response.status(), 101);
    assert_eq!(response.headers()["upgrade"], "websocket");
    assert_eq!(response.headers()["connection"], "Upgrade");
    assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert!(!response.headers().contains_key("sec-websocket-protocol"));
}

#[test]
fn names_are_compared_without_case_and_over_several_lines() {
    let mut request = good().header("Connection", "UPGRADE").body(()).unwrap();
    request.headers_mut().insert("upgrade", HeaderValue::from_static("foo/2, WebSocket"));
    assert!(judge(&request, &[]).is_ok());
    let mut request = without("connection");
    request.headers_mut().append("connection", HeaderValue::from_static("keep-alive"));
    request.headers_mut().append("connection", HeaderValue::from_static("upgrade"));
    assert!(judge(&request, &[]).is_ok());
    assert!(judge(&with("content-length", "0"), &[]).is_ok());
}

#[test]
fn each_fault_has_its_own_refusal_with_a_status_and_a_text() {
    let mut post = good().body(()).unwrap();
    *post.method_mut() = Method::POST;
    let mut old = good().body(()).unwrap();
    *old.version_mut() = Version::HTTP_10;
    let two_keys = good().header("Sec-WebSocket-Key", KEY).body(()).unwrap();
    let two_versions = good().header("Sec-WebSocket-Version", "8").body(()).unwrap();
    let cases = [
        (post, Refusal::Method, 405),
        (old, Refusal::HttpVersion, 505),
        (without("upgrade"), Refusal::NoUpgrade, 426),
        (with("upgrade", "h2c"), Refusal::NoUpgrade, 426),
        (without("connection"), Refusal::NoConnectionUpgrade, 400),
        (with("connection", "close"), Refusal::NoConnectionUpgrade, 400),
        (with("content-length", "5"), Refusal::Body, 400),
        (with("transfer-encoding", "chunked"), Refusal::Body, 400),
        (without("sec-websocket-version"), Refusal::WebSocketVersion, 426),
        (with("sec-websocket-version", "8"), Refusal::WebSocketVersion, 426),
        (two_versions, Refusal::WebSocketVersion, 426),
        (without("sec-websocket-key"), Refusal::Key, 400),
        (with("sec-websocket-key", "c2hvcnQ="), Refusal::Key, 400),
        (with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZSBpcyBsb25n"), Refusal::Key, 400),
        (with("sec-websocket-key", "not base64 at all!!!!!!!"), Refusal::Key, 400),
        (two_keys, Refusal::Key, 400),
    ];
    for (request, refusal, status) in cases {
        assert_eq!(judge(&request, &[]).unwrap_err(), refusal);
        let response: Response<String> = refusal.response();
        assert_eq!(response.status(), status, "{refusal:?}");
        assert_eq!(response.body(), refusal.text());
    }
}

#[test]
fn a_refused_version_names_the_one_that_works() {
    let response: Response<String> = Refusal::WebSocketVersion.response();
    assert_eq!(response.headers()["sec-websocket-version"], "13");
    let response: Response<String> = Refusal::Method.response();
    assert_eq!(response.headers()["allow"], "GET");
}

#[test]
fn the_subprotocol_is_chosen_and_the_token_is_never_echoed_or_shown() {
    let offers = with("sec-websocket-protocol", "magpie.token.ab.cd-_.ef, chat ,magpie.v1");
    let upgrade = judge(&offers, &["magpie.v1"]).unwrap();
    assert_eq!(upgrade.protocol, Some("magpie.v1"));
    assert_eq!(upgrade.token.as_deref(), Some("ab.cd-_.ef"));
    let response: Response<()> = upgrade.response();
    assert_eq!(response.headers()["sec-websocket-protocol"], "magpie.v1");
    assert!(!format!("{upgrade:?} {response:?}").contains("ab.cd"));
    let best = judge(&offers, &["magpie.v2", "chat", "magpie.v1"]).unwrap();
    assert_eq!(best.protocol, Some("chat"));
    assert_eq!(judge(&offers, &[]).unwrap().protocol, None);
    assert_eq!(judge(&offers, &["MAGPIE.V1"]).unwrap().protocol, None);
}

#[test]
fn a_key_with_loose_last_bits_is_accepted() {
    assert!(judge(&with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZR=="), &[]).is_ok());
}
