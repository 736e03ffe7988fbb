//! The smallest complete connection: says back what it hears. Conformance suites run against it,
//! and it shows how reader, queue and closing fit together. No part of the product's path.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::ws::buffer::with_read_buffer;
use crate::ws::frame;
use crate::ws::handshake;
use crate::ws::limits::Limits;
use crate::ws::reader::{Event, Reader};
use crate::ws::transport::{Transport, take_tcp};
use crate::ws::write::{poll_discard, poll_drain};

/// Subprotocols the echo agrees to.
pub const PROTOCOLS: &[&str] = &["magpie.v1"];

const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the peer may take to close its side after the last frame.
const LINGER_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause after a failed accept, which fails again at once when file descriptors ran out.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Limits for conformance suites: messages up to 64 MiB, also in very small fragments.
pub const LIMITS: Limits = Limits {
    message_max_bytes: 64 * 1024 * 1024,
    fragments_max: 2 * 1024 * 1024,
    empty_fragments_max: 1024,
    control_burst: 4096,
    control_interval_ms: 1,
};

struct Echo<T> {
    transport: T,
    reader: Reader,
    /// At most one chunk's worth of answers: nothing is read before it is written.
    queue: VecDeque<Bytes>,
    limits: Limits,
    started: Instant,
}

/// Echoes on an upgraded connection until it is closed.
///
/// # Errors
/// What the transport reports.
pub async fn echo<T: Transport>(transport: T, limits: Limits) -> io::Result<()> {
    let (reader, queue, started) = (Reader::new(), VecDeque::new(), Instant::now());
    let mut echo = Echo { transport, reader, queue, limits, started };
    poll_fn(|cx| echo.poll(cx)).await?;
    // Boxed: the timer would otherwise lie in every connection for all of its life.
    Box::pin(finish(echo.transport)).await
}

/// Ends our side, then waits for the peer to end its own.
async fn finish<T: Transport>(mut transport: T) -> io::Result<()> {
    poll_fn(|cx| transport.poll_shutdown(cx)).await?;
    let peer_closed = poll_fn(|cx| poll_discard(&mut transport, cx));
    match tokio::time::timeout(LINGER_TIMEOUT, peer_closed).await {
        Ok(outcome) => outcome,
        Err(_elapsed) => Ok(()),
    }
}

impl<T: Transport> Echo<T> {
    /// Ready when the last frame has been written or the peer has gone.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(poll_drain(&mut self.transport, cx, &mut self.queue))?;
            // An idle connection keeps no queue either.
            self.queue = VecDeque::new();
            if self.reader.is_over() {
                return Poll::Ready(Ok(()));
            }
            let count = with_read_buffer(|buffer| {
                let count = ready!(self.transport.poll_read(cx, buffer))?;
                self.answer(&mut buffer[..count]);
                Poll::Ready(io::Result::Ok(count))
            });
            if ready!(count)? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Queues the answers to everything in `input`.
    fn answer(&mut self, mut input: &mut [u8]) {
        let now_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        loop {
            let answer = match self.reader.next(&mut input, &self.limits, now_ms) {
                Ok(None) => return,
                Ok(Some(Event::Text(text))) => frame::text(&text),
                Ok(Some(Event::Binary(bytes))) => frame::binary(&bytes),
                Ok(Some(Event::Ping(payload))) => frame::pong(&payload),
                Ok(Some(Event::Pong(_))) => continue,
                Ok(Some(Event::Close(close))) => close.reply(),
                Err(violation) => violation.to_frame(),
            };
            self.queue.push_back(answer);
        }
    }
}

/// Accepts connections, upgrades them through hyper and echoes. Never returns.
pub async fn serve(listener: TcpListener, limits: Limits) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve_connection(stream, limits));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

async fn serve_connection(stream: TcpStream, limits: Limits) {
    let served = async {
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_READ_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service_fn(|request| upgrade(request, limits)))
            .with_upgrades()
            .await
            .map_err(|error| error.to_string())
    };
    if let Err(error) = served.await {
        tracing::debug!(error, "connection ended before its upgrade");
    }
}

async fn upgrade(
    request: Request<Incoming>,
    limits: Limits,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let upgrade = match handshake::judge(&request, PROTOCOLS) {
        Ok(upgrade) => upgrade,
        Err(refusal) => return Ok(refusal.response()),
    };
    let upgraded = hyper::upgrade::on(request);
    // Two tasks after one another: the first ends with all that the upgrade needed, so that a
    // connection costs no more than its own loop for the rest of its life.
    tokio::spawn(async move {
        let Some(transport) = upgraded.await.ok().and_then(take_tcp) else { return };
        tokio::spawn(async move {
            if let Err(error) = echo(transport, limits).await {
                tracing::debug!(%error, "connection lost");
            }
        });
    });
    Ok(upgrade.response())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::ws::memory;

    async fn converse(sent: &[u8]) -> Vec<u8> {
        let (near, mut far) = memory::pair(1024);
        let server = tokio::spawn(echo(near, Limits::default()));
        let written = poll_fn(|cx| far.poll_write(cx, sent)).await.unwrap();
        assert_eq!(written, sent.len());
        poll_fn(|cx| far.poll_shutdown(cx)).await.unwrap();
        let (mut seen, mut buffer) = (Vec::new(), [0; 1024]);
        loop {
            let count = poll_fn(|cx| far.poll_read(cx, &mut buffer)).await.unwrap();
            if count == 0 {
                break;
            }
            seen.extend_from_slice(&buffer[..count]);
        }
        server.await.unwrap().unwrap();
        seen
    }

    #[tokio::test]
    async fn the_same_loop_runs_on_a_transport_in_memory() {
        let seen = converse(b"\x81\x82\0\0\0\0hi\x89\x80\0\0\0\0\x88\x82\0\0\0\0\x03\xe8").await;
        assert_eq!(seen, b"\x81\x02hi\x8a\x00\x88\x02\x03\xe8");
    }

    #[tokio::test]
    async fn a_violation_is_answered_with_its_code_and_then_the_end() {
        let seen = converse(b"\x81\x02hi").await;
        assert_eq!(seen[..1], [0x88]);
        assert_eq!(seen[2..4], 1002_u16.to_be_bytes());
        assert_eq!(converse(b"\x81").await, b"");
    }
}
