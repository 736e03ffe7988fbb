//! Rows: HTTP requests that are broken, misplaced, oversized, ambiguous or slow.

use super::{
    Answer::{self, Close, Cut, Status},
    Door, Log, Row, State, World,
    wire::{Wire, handshake},
};

const SIGN_IN: &str = "/v1/demo/sign-in";

fn http(name: &str, request: impl Into<Vec<u8>>, answer: Answer, state: State) -> Row {
    Row::bytes(Door::Http, name, request, answer, state)
}

fn get(name: &str, target: &str, status: u16, code: &'static str) -> Row {
    let request = format!("GET {target} HTTP/1.1\r\nHost: magpie\r\n\r\n");
    http(name, request, Status(status, code), State::Usable)
}

fn posted(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {SIGN_IN} HTTP/1.1\r\nHost: magpie\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A body for a route that takes `{"user": <text>}`.
fn body(name: &str, body: impl AsRef<[u8]>, code: &'static str) -> Row {
    let request = posted("Content-Type: application/json\r\n", body.as_ref());
    http(name, request, Status(400, code), State::Usable)
}

fn bodies() -> Vec<Row> {
    let many: String = (0..100_000).map(|n| format!(r#""{n}":0,"#)).collect();
    vec![
        body("a body that is no JSON", "user=A", "bad_json"),
        body("half a body", r#"{"user":"#, "bad_json"),
        body("an empty body", "", "bad_json"),
        body("an object for a text", r#"{"user":{"$ne":""}}"#, "bad_request"),
        body("an array for a text", r#"{"user":["A"]}"#, "bad_request"),
        body("null for a text", r#"{"user":null}"#, "bad_request"),
        body("a number for a text", r#"{"user":17}"#, "bad_request"),
        body("an array for an object", "[]", "bad_request"),
        body("an unknown field", r#"{"user":"A","admin":true}"#, "bad_request"),
        body("the same key twice", r#"{"user":"A","user":"B"}"#, "bad_request"),
        body("100,000 keys", format!(r#"{{{many}"user":"A"}}"#), "bad_request"),
        body("nested 10,000 deep", "[".repeat(10_000), "bad_json"),
        body("a number beyond every float", r#"{"user":1e400}"#, "bad_json"),
        body("a lone surrogate", r#"{"user":"\ud800"}"#, "bad_json"),
        body("a raw NUL", "{\"user\":\"A\0\"}", "bad_json"),
        body("an escaped NUL", r#"{"user":"A\u0000"}"#, "bad_request"),
        body("a user id of 65 bytes", format!(r#"{{"user":"{}"}}"#, "u".repeat(65)), "bad_request"),
        body("a byte order mark", "\u{feff}{\"user\":\"A\"}", "bad_json"),
        body("bytes that are not UTF-8", b"{\"user\":\"\xff\"}", "bad_json"),
        http(
            "a body without a type",
            posted("", br#"{"user":"A"}"#),
            Status(415, "unsupported_media_type"),
            State::Usable,
        ),
        http(
            "a form",
            posted("Content-Type: application/x-www-form-urlencoded\r\n", b"user=A"),
            Status(415, "unsupported_media_type"),
            State::Usable,
        ),
        http(
            "a body of 2 MiB",
            posted("Content-Type: application/json\r\n", &vec![b' '; 2 << 20]),
            Status(413, "too_large"),
            State::Closed,
        ),
        Row::act("a declared body of 2^40 bytes", declared_body, Log::Quiet),
    ]
}

/// Refused by its declared length, before any of it comes.
fn declared_body(world: &mut World) {
    let mut wire = Wire::open(world.server.address);
    wire.send(format!("POST {SIGN_IN} HTTP/1.1\r\nHost: magpie\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", 1_u64 << 40).as_bytes());
    let answer = wire.answer().unwrap();
    assert_eq!((answer.status, answer.code()), (413, "too_large".to_owned()));
    assert!(wire.ended());
}

fn paths() -> Vec<Row> {
    let mut rows = vec![
        get("an unknown path", "/v1/nope", 404, "not_found"),
        get("a dialect path in the wrong case", "/WebSocket/17/2", 404, "not_found"),
        get("a dialect path with a part too many", "/webSocket/1/2/3", 404, "not_found"),
        get("an empty path part", "/ws//B", 404, "not_found"),
        get("a broken percent-encoding", "/ws/%zz/B", 400, "bad_request"),
        get("a cut-off percent-encoding", "/websocket/A%2", 400, "bad_request"),
        get("percent-encoded bytes that are not UTF-8", "/websocket/%ff", 400, "bad_request"),
        get("a path that climbs", "/../../etc/passwd", 404, "not_found"),
        get("an encoded path that climbs", "/v1/%2e%2e/%2e%2e/etc/passwd", 404, "not_found"),
    ];
    for path in ["/v1/ws", "/wx/A/B", "/ws/A/B", "/websocket/A", "/webSocket/17/2", "/webSocket/17"]
    {
        rows.push(get(&format!("a plain GET of {path}"), path, 426, "upgrade_required"));
    }
    let method = |method: &str, path: &str| {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: magpie\r\n\r\n");
        http(&format!("{method} {path}"), request, Status(405, "method_not_allowed"), State::Usable)
    };
    rows.extend([
        method("DELETE", "/healthz"),
        method("GET", SIGN_IN),
        method("BREW", "/healthz"),
        method("POST", "/v1/ws"),
        method("PUT", "/websocket/A"),
    ]);
    rows
}

fn handshakes() -> Vec<Row> {
    let spoiled = |name: &str, from: &str, to: &str, status, code| {
        let request = handshake("/v1/ws", "").replace(from, to);
        assert_ne!(request, handshake("/v1/ws", ""));
        http(name, request, Status(status, code), State::Usable)
    };
    vec![
        spoiled("WebSocket version 12", "Version: 13", "Version: 12", 426, "upgrade_required"),
        spoiled(
            "no WebSocket version",
            "Sec-WebSocket-Version: 13\r\n",
            "",
            426,
            "upgrade_required",
        ),
        spoiled(
            "a key of 15 bytes",
            "AQIDBAUGBwgJCgsMDQ4PEA==",
            "AQIDBAUGBwgJCgsMDQ4P",
            400,
            "bad_request",
        ),
        spoiled(
            "no key",
            "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n",
            "",
            400,
            "bad_request",
        ),
        spoiled("Upgrade without Connection", "Connection: Upgrade\r\n", "", 400, "bad_request"),
        http(
            "two origins",
            handshake("/v1/ws", "Origin: http://magpie\r\nOrigin: http://evil.example\r\n"),
            Status(403, "origin_refused"),
            State::Usable,
        ),
        http(
            "a foreign origin",
            handshake("/v1/ws", "Origin: https://evil.example\r\n"),
            Status(403, "origin_refused"),
            State::Usable,
        ),
        http(
            "the origin null",
            handshake("/v1/ws", "Origin: null\r\n"),
            Status(403, "origin_refused"),
            State::Usable,
        ),
        http(
            "a handshake with a body",
            handshake("/v1/ws", "Content-Length: 5\r\n") + "hello",
            Status(400, "bad_request"),
            State::Usable,
        ),
    ]
}

/// Heads that are no HTTP, or too much of it.
fn heads() -> Vec<Row> {
    vec![
        http(
            "a header folded over two lines",
            "GET /healthz HTTP/1.1\r\nHost: magpie\r\nX-A: b\r\n c\r\n\r\n",
            Status(400, ""),
            State::Closed,
        ),
        http(
            "a space before the colon",
            "GET /healthz HTTP/1.1\r\nHost : magpie\r\n\r\n",
            Status(400, ""),
            State::Closed,
        ),
        http(
            "NUL in a header",
            "GET /healthz HTTP/1.1\r\nHost: mag\0pie\r\n\r\n",
            Status(400, ""),
            State::Closed,
        ),
        http(
            "no HTTP at all",
            *b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            Status(400, ""),
            State::Closed,
        ),
        http("HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Cut, State::Closed),
        http(
            "a header of 1 MiB",
            format!(
                "GET /healthz HTTP/1.1\r\nHost: magpie\r\nX-A: {}\r\n\r\n",
                "a".repeat(1 << 20)
            ),
            Status(431, ""),
            State::Closed,
        ),
        http(
            "200 headers",
            format!("GET /healthz HTTP/1.1\r\nHost: magpie\r\n{}\r\n", "X-A: b\r\n".repeat(200)),
            Status(431, ""),
            State::Closed,
        ),
        http(
            "an address of 1 MiB",
            format!("GET /{} HTTP/1.1\r\nHost: magpie\r\n\r\n", "a".repeat(1 << 20)),
            Status(431, ""),
            State::Closed,
        ),
    ]
}

/// Requests that two HTTP parsers may read differently: one of them would be smuggled past a proxy.
fn ambiguous() -> Vec<Row> {
    let post = |headers: &str, rest: &str| {
        format!(
            "POST {SIGN_IN} HTTP/1.1\r\nHost: magpie\r\nContent-Type: application/json\r\n{headers}\r\n{rest}"
        )
    };
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: magpie\r\n\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    vec![
        http(
            "two lengths",
            post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"),
            Status(400, ""),
            State::Closed,
        ),
        http(
            "a length with a sign",
            post("Content-Length: +5\r\n", "hello"),
            Status(400, ""),
            State::Closed,
        ),
        http(
            "a chunk size that is no number",
            post(chunked, "zz\r\nhello\r\n0\r\n\r\n"),
            Status(400, "bad_request"),
            State::Closed,
        ),
        http(
            "chunks and a length, with a request behind",
            post(
                "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
                &format!("0\r\n\r\n{smuggled}"),
            ),
            Status(400, "bad_json"),
            State::Closed,
        ),
        http(
            "a length and chunks, with a request behind",
            post(
                "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
                &format!("0\r\n\r\n{smuggled}"),
            ),
            Status(400, "bad_json"),
            State::Closed,
        ),
        http(
            "a transfer encoding that is not chunked",
            post("Transfer-Encoding: gzip\r\n", smuggled),
            Status(400, ""),
            State::Closed,
        ),
    ]
}

/// The table.
pub(crate) fn rows() -> Vec<Row> {
    [bodies(), paths(), handshakes(), heads(), ambiguous()].into_iter().flatten().collect()
}

/// The table of those who take their time.
pub(crate) fn slow_rows() -> Vec<Row> {
    let part = format!(
        "POST {SIGN_IN} HTTP/1.1\r\nHost: magpie\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"user\""
    );
    vec![
        http("a connection that never asks", "", Cut, State::Closed),
        http("half a request line", "GET /hea", Cut, State::Closed),
        http(
            "headers that never end",
            "GET /healthz HTTP/1.1\r\nHost: magpie\r\nX-A: ",
            Cut,
            State::Closed,
        ),
        http("a body that never ends", part, Status(400, "bad_request"), State::Closed),
        Row::bytes(Door::Fresh, "a socket that never says hello", "", Close(4002), State::Closed),
        Row::bytes(
            Door::Fresh,
            "half a frame instead of hello",
            [0x81, 0x85, 1, 2],
            Close(4002),
            State::Closed,
        ),
        Row::bytes(
            Door::Fresh,
            "pings instead of hello",
            super::wire::frame(0x89, b""),
            Close(4002),
            State::Closed,
        ),
        Row::act("200 silent connections at once", silent_crowd, Log::Quiet),
    ]
}

/// They are all cut, and meanwhile somebody signs in.
fn silent_crowd(world: &mut World) {
    let mut crowd: Vec<Wire> = (0..200)
        .map(|n| {
            let mut wire = Wire::open(world.server.address);
            if n % 2 == 0 {
                wire.send(b"GET /v1/ws HTTP/1.1\r\nHost: m");
            }
            wire
        })
        .collect();
    drop(world.server.session("小明"));
    assert!(crowd.iter_mut().all(Wire::ended));
}
