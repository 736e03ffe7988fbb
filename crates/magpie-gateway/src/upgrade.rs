//! Which paths are sockets, and the way from a request to a running connection: handshake rules,
//! origin, identity (dialects), then the raw socket is taken out of hyper and gets a fresh task.

use std::{borrow::Cow, net::SocketAddr, sync::Arc};

use http::{HeaderMap, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use magpie_core::{Dialect, Refusal};
use magpie_proto::{ErrorCode, Retry, SUBPROTOCOL};
use parking_lot::Mutex;
use tokio::net::TcpStream;

use crate::{
    connection,
    dialects::{self, Admission},
    door::Door,
    gate::{Gate, Slot},
    listener::{Body, full},
    native::NATIVE,
    outbox::Ending,
    ws::{
        handshake,
        transport::{Replay, take_tcp},
    },
};

/// The path of the native protocol.
pub const NATIVE_PATH: &str = "/v1/ws";

/// Where a request goes.
pub enum Route {
    /// To the HTTP router.
    Http,
    /// To a socket.
    Socket(Target),
    /// Nowhere: the path is broken.
    Refused(Response<Body>),
}

/// A socket path.
pub enum Target {
    /// The native protocol.
    Native,
    /// A dialect, with its decoded path parts.
    Dialect(Dialect, Vec<String>),
}

/// Routes a path. Paths are case-sensitive and the number of segments decides; one trailing slash
/// is accepted.
#[must_use]
pub fn route(gate: &Gate, path: &str) -> Route {
    if path == NATIVE_PATH {
        return Route::Socket(Target::Native);
    }
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    let mut segments = trimmed.strip_prefix('/').unwrap_or(trimmed).split('/');
    let first = segments.next().unwrap_or_default();
    let parts: Vec<&str> = segments.collect();
    let dialect = match (first, parts.len()) {
        ("wx", 2) => Dialect::Market,
        ("ws", 2) => Dialect::Miao,
        ("websocket", 1) => Dialect::Miniapp,
        ("webSocket", 2) => Dialect::Carwash,
        ("webSocket", 1) => Dialect::Helpdesk,
        _ => return Route::Http,
    };
    if parts.iter().any(|part| part.is_empty())
        || !gate.settings.dialects.enabled.contains(&dialect)
    {
        return Route::Http;
    }
    let decoded: Option<Vec<String>> = parts.into_iter().map(percent_decode).collect();
    match decoded {
        Some(parts) => Route::Socket(Target::Dialect(dialect, parts)),
        None => Route::Refused(refused(&Refusal::new(
            ErrorCode::BadRequest,
            "the path has a broken percent-encoding; encode UTF-8 bytes as %XX",
        ))),
    }
}

/// Decodes `%XX`; `None` when an escape is broken or the bytes are not UTF-8.
fn percent_decode(part: &str) -> Option<String> {
    let bytes = part.as_bytes();
    for (at, _) in part.match_indices('%') {
        let digits = bytes.get(at + 1..at + 3)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
    }
    let decoded = percent_encoding::percent_decode(bytes).decode_utf8().ok()?;
    Some(Cow::into_owned(decoded))
}

/// Answers a request for a socket path; on success the connection runs on when hyper lets go.
pub async fn upgrade(
    gate: &Arc<Gate>,
    lane: usize,
    peer: SocketAddr,
    mut request: Request<Incoming>,
    target: Target,
    slot: Arc<Mutex<Option<Slot>>>,
) -> Response<Body> {
    let supported: &[&'static str] = match target {
        Target::Native => &[SUBPROTOCOL],
        Target::Dialect(..) => &[],
    };
    let mut accepted = match handshake::judge(&request, supported) {
        Ok(accepted) => accepted,
        Err(refusal) => return refused_handshake(refusal),
    };
    let admitted = admit_address(gate, peer, request.headers())
        .and_then(|()| check_origin(gate, request.headers()));
    if let Err(refusal) = admitted {
        return refused(&refusal);
    }
    let (door, admission): (&'static dyn Door, _) = match target {
        Target::Native => {
            let token = accepted.token.take().or_else(|| early_token(&request));
            (&NATIVE, Admission::Anonymous { token })
        }
        Target::Dialect(dialect, parts) => {
            match dialects::admit(gate, dialect, &parts, request.uri().query()).await {
                Ok(admission) => (dialects::door(dialect), admission),
                Err(refusal) => return refused(&refusal),
            }
        }
    };
    let upgraded = hyper::upgrade::on(&mut request);
    let gate = gate.clone();
    tokio::spawn(async move {
        let Some(slot) = slot.lock().take() else { return };
        let Ok(upgraded) = upgraded.await else { return };
        let Some(transport) = take_tcp(upgraded) else {
            tracing::error!("an upgraded connection was no TCP socket");
            return;
        };
        enter(&gate, lane, door, admission, transport, slot);
    });
    accepted.response()
}

/// Starts the connection in a task of its own, so that nothing of hyper's stays in memory.
fn enter(
    gate: &Arc<Gate>,
    lane: usize,
    door: &'static dyn Door,
    admission: Admission,
    transport: Replay<TcpStream>,
    slot: Slot,
) {
    let conn = gate.new_conn(lane, door);
    match admission {
        Admission::Anonymous { token } => conn.keep_early_token(token),
        Admission::Enter { identity, expires_ms } => {
            conn.set_expiry(expires_ms);
            conn.identify(*identity);
        }
        Admission::Close { code } => conn.outbox.end(Ending { code, reason: String::new() }),
    }
    if gate.draining() {
        conn.outbox.end(magpie_proto::CloseCode::Draining);
    }
    tokio::spawn(connection::run(transport, conn, slot));
}

/// A token outside the subprotocol list: the header, or as a last resort the query.
fn early_token<B>(request: &Request<B>) -> Option<String> {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let bearer = header.and_then(|text| text.strip_prefix("Bearer "));
    bearer.map(str::to_owned).or_else(|| query_value(request.uri().query(), "token"))
}

/// A value out of a raw query; tokens and signatures need no decoding.
#[must_use]
pub fn query_value(query: Option<&str>, name: &str) -> Option<String> {
    query?.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name && !value.is_empty()).then(|| value.to_owned())
    })
}

fn admit_address(gate: &Gate, peer: SocketAddr, headers: &HeaderMap) -> Result<(), Refusal> {
    let address = gate.settings.client_address.of(peer.ip(), headers);
    let rate = gate.settings.limits.handshakes;
    gate.handshakes.admit(address, rate, gate.core.clock.uptime_ms())
}

fn check_origin(gate: &Gate, headers: &HeaderMap) -> Result<(), Refusal> {
    let text =
        |name| headers.get(name).map(|value: &http::HeaderValue| value.to_str().unwrap_or("?"));
    if headers.get_all(header::ORIGIN).iter().count() > 1 {
        return Err(Refusal::new(ErrorCode::OriginRefused, "more than one Origin header"));
    }
    gate.auth
        .check_origin(text(header::ORIGIN), text(header::HOST))
        .map_err(|error| Refusal::new(error.code(), error.to_string()))
}

fn refused_handshake(refusal: handshake::Refusal) -> Response<Body> {
    let code = match refusal.status() {
        StatusCode::METHOD_NOT_ALLOWED => ErrorCode::MethodNotAllowed,
        StatusCode::UPGRADE_REQUIRED => ErrorCode::UpgradeRequired,
        _ => ErrorCode::BadRequest,
    };
    let mut response = refused(&Refusal::new(code, refusal.text()));
    *response.status_mut() = refusal.status();
    for (name, value) in refusal.headers() {
        response.headers_mut().insert(*name, http::HeaderValue::from_static(value));
    }
    response
}

/// A refusal in the project's one error shape.
#[must_use]
pub fn refused(refusal: &Refusal) -> Response<Body> {
    let mut error = serde_json::json!({
        "code": refusal.code.as_str(),
        "message": refusal.message,
        "retry": "never",
    });
    match refusal.retry {
        Retry::Never => {}
        Retry::Later => error["retry"] = "later".into(),
        Retry::AfterMs(ms) => {
            error["retry"] = "after_ms".into();
            error["after_ms"] = ms.into();
        }
    }
    let body = serde_json::json!({ "error": error }).to_string();
    let mut response = Response::new(full(body));
    *response.status_mut() =
        StatusCode::from_u16(refusal.code.http_status()).unwrap_or(StatusCode::BAD_REQUEST);
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
