//! From an accepted socket to HTTP or a WebSocket: hyper reads the request under deadlines, socket
//! paths are upgraded and leave hyper behind, everything else goes to the HTTP router.

use std::{
    convert::Infallible, future::Future, net::SocketAddr, pin::Pin, sync::Arc, time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};

use crate::{
    gate::{Gate, Slot},
    upgrade,
};

/// Body of an HTTP answer.
pub type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;
/// A pending HTTP answer.
pub type Answer = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Whoever answers requests that are not for a socket path.
pub trait Http: Send + Sync + 'static {
    /// Answers one request. The peer's address is in the request's extensions.
    fn call(&self, request: Request<Incoming>) -> Answer;
}

/// The address of the peer, as a request extension.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Trouble with accepting is logged at most so often; the metric counts every time.
const WARNING_PERIOD_MS: u64 = 1_000;
/// Out of file descriptors: wait so long before the next accept instead of spinning.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Accepts sockets on one runtime until the gate drains.
pub async fn accept(gate: Arc<Gate>, lane: usize, listener: TcpListener, http: Arc<dyn Http>) {
    let mut warned_ms = None;
    loop {
        let Some(slot) = free_slot(&gate).await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = gate.until_draining() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Small frames must leave at once; without it the delay is 40 ms.
                let _ = stream.set_nodelay(true);
                tokio::spawn(serve(gate.clone(), lane, stream, peer, http.clone(), slot));
            }
            Err(error) => {
                let now_ms = gate.core.clock.uptime_ms();
                if warned_ms.is_none_or(|before_ms| now_ms >= before_ms + WARNING_PERIOD_MS) {
                    warned_ms = Some(now_ms);
                    tracing::warn!(%error, "socket not accepted; trying again shortly");
                }
                metrics::counter!("magpie_accept_errors_total").increment(1);
                tokio::time::sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
}

/// Waits for a socket slot; `None` when the gate drains. Slots are freed by closing connections,
/// which their own tasks do: at the limit this loop sleeps, it does not spin.
async fn free_slot(gate: &Arc<Gate>) -> Option<Slot> {
    loop {
        let changed = gate.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        if gate.draining() {
            return None;
        }
        if let Some(slot) = gate.take_slot() {
            return Some(slot);
        }
        changed.await;
    }
}

async fn serve(
    gate: Arc<Gate>,
    lane: usize,
    stream: TcpStream,
    peer: SocketAddr,
    http: Arc<dyn Http>,
    slot: Slot,
) {
    let slot = Arc::new(Mutex::new(Some(slot)));
    let times = gate.settings.times;
    let gate_of_service = gate.clone();
    let slot_of_service = slot.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        let (gate, http, slot) = (gate_of_service.clone(), http.clone(), slot_of_service.clone());
        async move { Ok::<_, Infallible>(answer(gate, lane, peer, request, http, slot).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(times.header_timeout_ms))
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = gate.until_draining() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "HTTP connection ended early");
    }
    // An upgraded socket has taken the slot along; a plain one gives it back here.
    drop(slot);
}

/// Answers one request.
async fn answer(
    gate: Arc<Gate>,
    lane: usize,
    peer: SocketAddr,
    request: Request<Incoming>,
    http: Arc<dyn Http>,
    slot: Arc<Mutex<Option<Slot>>>,
) -> Response<Body> {
    match upgrade::route(&gate, request.uri().path()) {
        upgrade::Route::Http => http.call(request).await,
        upgrade::Route::Refused(refusal) => refusal,
        upgrade::Route::Socket(target) => {
            upgrade::upgrade(&gate, lane, peer, request, target, slot).await
        }
    }
}

/// An answer with a text body.
#[must_use]
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}
