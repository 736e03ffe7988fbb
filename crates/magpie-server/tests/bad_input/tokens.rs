//! Rows: who is not let in, and cursors that cannot be used.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use magpie_auth::TokenRequest;
use magpie_proto::Cursor;
use serde_json::{Value, json};

use super::{
    Answer, Door, Log, Row, State, World, frames, judge_answer,
    wire::{self, Wire},
    world::{id, now_ms},
};

fn fresh(name: &str, text: &str, answer: Answer, state: State) -> Row {
    Row::bytes(Door::Fresh, name, wire::frame(0x81, text.as_bytes()), answer, state)
}

fn no_token(name: &str, token: &str) -> Row {
    let hello = json!({"t": "hello", "r": 1, "token": token}).to_string();
    fresh(name, &hello, Answer::Refused("unauthorized", 4500), State::Closed)
}

/// Says hello with this token and judges the refusal.
fn refused(world: &World, token: &str, code: &'static str, close: u16) {
    let mut wire = Wire::socket(world.server.address, "/v1/ws", "");
    wire.text(&json!({"t": "hello", "r": 1, "token": token, "device": "mine"}).to_string());
    judge_answer(&mut wire, Answer::Refused(code, close));
    assert!(wire.ended());
}

fn expired(world: &mut World) {
    let request = TokenRequest::native(id("小明"), 60);
    let token = world.server.mint(&request, now_ms() - 3_600_000);
    refused(world, &token, "token_expired", 4003);
}

fn other_audience(world: &mut World) {
    let token = world.server.mint(&TokenRequest::dialect(id("小明"), 3_600), now_ms());
    refused(world, &token, "unauthorized", 4500);
}

fn other_device(world: &mut World) {
    let mut request = TokenRequest::native(id("小明"), 3_600);
    request.device = Some("another".into());
    let token = world.server.mint(&request, now_ms());
    refused(world, &token, "unauthorized", 4500);
    // Nor does it renew a connection of this device.
    let mut wire = world.open(Door::Native);
    wire.text(&json!({"t": "auth", "r": 1, "token": token}).to_string());
    judge_answer(&mut wire, Answer::Error("unauthorized"));
}

fn other_user(world: &mut World) {
    let token = world.server.token("翠花");
    let mut wire = world.open(Door::Native);
    wire.text(&json!({"t": "auth", "r": 1, "token": token}).to_string());
    judge_answer(&mut wire, Answer::Error("forbidden"));
}

/// A good token with another header.
fn with_header(world: &World, header: &Value, signature: bool) -> String {
    let token = world.server.token("小明");
    let mut parts = token.split('.').skip(1);
    let (claims, signed) = (parts.next().unwrap(), parts.next().unwrap());
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    format!("{header}.{claims}.{}", if signature { signed } else { "" })
}

fn unsigned(world: &mut World) {
    for alg in ["none", "None", "NONE"] {
        let token = with_header(world, &json!({"alg": alg, "typ": "JWT"}), false);
        refused(world, &token, "unauthorized", 4500);
    }
    let signature_gone = with_header(world, &json!({"alg": "HS256", "typ": "JWT"}), false);
    refused(world, &signature_gone, "unauthorized", 4500);
}

fn swapped_algorithm(world: &mut World) {
    for alg in ["HS384", "HS512", "RS256", "ES256", "EdDSA"] {
        let token = with_header(world, &json!({"alg": alg, "typ": "JWT"}), true);
        refused(world, &token, "unauthorized", 4500);
    }
}

fn changed_claims(world: &mut World) {
    let token = world.server.token("小明");
    let parts: Vec<&str> = token.split('.').collect();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let claims = URL_SAFE_NO_PAD.encode(claims.replace("小明", "agent"));
    refused(world, &format!("{}.{claims}.{}", parts[0], parts[2]), "unauthorized", 4500);
}

/// A cookie is sent along by every browser, from every page: it proves nothing.
fn cookie_only(world: &mut World) {
    let cookie = format!("Cookie: token={}\r\n", world.server.token("小明"));
    let mut wire = Wire::socket(world.server.address, "/v1/ws", &cookie);
    wire.text(r#"{"t":"hello","r":1}"#);
    judge_answer(&mut wire, Answer::Refused("unauthorized", 4500));
}

/// Says hello with a cursor; whether the client is told to start over.
fn gap(world: &World, cursor: &str) -> bool {
    let mut wire = Wire::socket(world.server.address, "/v1/ws", "");
    let token = world.server.token("小明");
    let sync = wire.hello(&json!({"t": "hello", "r": 1, "token": token, "cursor": cursor}));
    let sync = sync.unwrap();
    assert!(Cursor::decode(sync["cur"].as_str().unwrap()).is_some(), "{sync}");
    sync["gap"] == true
}

fn cursors(world: &mut World) {
    let mut wire = Wire::socket(world.server.address, "/v1/ws", "");
    let token = world.server.token("小明");
    let sync = wire.hello(&json!({"t": "hello", "r": 1, "token": token})).unwrap();
    let good = Cursor::decode(sync["cur"].as_str().unwrap()).unwrap();
    assert!(!gap(world, &good.encode()), "a good cursor is good");
    let future = Cursor { position: good.position + 1_000_000, ..good };
    let far = Cursor { position: u64::MAX, ..good };
    let elsewhere = Cursor { epoch: good.epoch ^ 1, ..good };
    for cursor in [future, far, elsewhere] {
        assert!(gap(world, &cursor.encode()), "{cursor:?} was taken");
    }
    for cursor in ["", "x", "AAAA", &"A".repeat(5_000), "../../magpie.db", "小明"] {
        assert!(gap(world, cursor), "{cursor:?} was taken");
    }
}

/// The table.
pub(crate) fn rows() -> Vec<Row> {
    let first =
        |name: &str, text: &str| fresh(name, text, Answer::Error("hello_required"), State::Usable);
    let mut rows = vec![
        first("a send before hello", r#"{"t":"send","r":1,"to":"A","b":{"k":"text","x":""}}"#),
        first("a ping before hello", r#"{"t":"ping","r":1}"#),
        fresh("no JSON before hello", "{", Answer::Error("bad_json"), State::Usable),
        fresh(
            "hello without a token",
            r#"{"t":"hello","r":1}"#,
            Answer::Refused("unauthorized", 4500),
            State::Closed,
        ),
        no_token("an empty token", ""),
        no_token("garbage as a token", "open sesame"),
        no_token("dots as a token", ".."),
        no_token("a token of 100,000 bytes", &"a".repeat(100_000)),
        fresh(
            "a device of 65 bytes",
            &format!(r#"{{"t":"hello","token":"x","device":"{}"}}"#, "d".repeat(65)),
            Answer::Error("bad_request"),
            State::Usable,
        ),
        Row::act("an expired token", expired, Log::Quiet),
        Row::act("a token for another audience", other_audience, Log::Quiet),
        Row::act("a token for another device", other_device, Log::Quiet),
        Row::act("a token of another user on a live socket", other_user, Log::Quiet),
        Row::act("an unsigned token", unsigned, Log::Quiet),
        Row::act("a token with a swapped algorithm", swapped_algorithm, Log::Quiet),
        Row::act("a token with changed claims", changed_claims, Log::Quiet),
        Row::act("a cookie and nothing else", cookie_only, Log::Quiet),
        Row::act("cursors from the future, of another store, garbage", cursors, Log::Quiet),
    ];
    for mutant in frames::mutants(true) {
        // Only the token is judged by its value; "<token>" of the golden frames is none.
        let null = mutant.text.contains("null");
        let (answer, state) = if null
            && !mutant.name.contains("channels")
            && !mutant.name.contains("/t ")
            && !mutant.name.contains("/device")
            && !mutant.name.contains("/instance")
            && !mutant.name.contains("/name")
            && !mutant.name.contains("/features")
        {
            (Answer::Refused("unauthorized", 4500), State::Closed)
        } else {
            (Answer::Error("bad_request"), State::Usable)
        };
        rows.push(fresh(&mutant.name, &mutant.text, answer, state));
    }
    rows
}
