//! The HTTP router behind the gateway's listener: hands requests to axum, with a deadline for
//! slow bodies, and the peer's address along.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, extract::ConnectInfo};
use http::Request;
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use magpie_core::Refusal;
use magpie_gateway::{
    listener::{Answer, Http, Peer},
    upgrade::refused,
};
use magpie_proto::ErrorCode;
use tokio::time::{Instant, Sleep};
use tower::ServiceExt as _;

/// The API as the gateway sees it.
pub struct Router {
    router: axum::Router,
    pages: bool,
    body_timeout: Duration,
}

impl Router {
    /// A router whose request bodies must arrive within `body_timeout`; `pages`: serve the chat
    /// page and the API docs.
    #[must_use]
    pub fn new(router: axum::Router, body_timeout: Duration, pages: bool) -> Self {
        Self { router, body_timeout, pages }
    }

    /// Without pages only what programs ask for is there.
    fn hides(&self, path: &str) -> bool {
        const PROGRAMS: [&str; 4] = ["/healthz", "/readyz", "/metrics", "/openapi.json"];
        !self.pages && !path.starts_with("/v1/") && !PROGRAMS.contains(&path)
    }
}

impl Http for Router {
    fn call(&self, request: Request<Incoming>) -> Answer {
        if self.hides(request.uri().path()) {
            let refusal = Refusal::new(ErrorCode::NotFound, "pages are switched off (web.enabled)");
            return Box::pin(std::future::ready(refused(&refusal)));
        }
        let router = self.router.clone();
        let timeout = self.body_timeout;
        Box::pin(async move {
            let peer = request.extensions().get::<Peer>().copied();
            let mut request = request.map(|body| Body::new(InTime::new(body, timeout)));
            if let Some(Peer(address)) = peer {
                request.extensions_mut().insert(ConnectInfo(address));
            }
            let response = match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            response.map(|body| body.map_err(Into::into).boxed_unsync())
        })
    }
}

/// A request body that fails when it is not there in time. What is large may take longer, as long
/// as it comes: neither in drops, nor fast and then not at all.
struct InTime<B> {
    body: B,
    /// When all that has come by now must be behind us.
    until: Instant,
    silence: Duration,
    waiting: bool,
    /// The end of this wait.
    deadline: Pin<Box<Sleep>>,
}

/// Bytes for which a body gets a second more.
const BYTES_PER_S: u32 = 16 * 1_024;
/// Longest time without a byte, unless the whole body may take longer.
const SILENCE: Duration = Duration::from_secs(30);

impl<B> InTime<B> {
    fn new(body: B, timeout: Duration) -> Self {
        let until = Instant::now() + timeout;
        let deadline = Box::pin(tokio::time::sleep_until(until));
        Self { body, until, silence: timeout.max(SILENCE), waiting: false, deadline }
    }
}

impl<B> HttpBody for InTime<B>
where
    B: HttpBody<Data = bytes::Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = bytes::Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
            let bytes = data.map_or(0, |data| u32::try_from(data.len()).unwrap_or(u32::MAX));
            self.until += Duration::from_secs(1) * bytes / BYTES_PER_S;
            self.waiting = false;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        // Silence counts from here: before, nobody asked for more.
        if !std::mem::replace(&mut self.waiting, true) {
            let end = self.until.min(Instant::now() + self.silence);
            self.deadline.as_mut().reset(end);
        }
        self.deadline
            .as_mut()
            .poll(cx)
            .map(|()| Some(Err("the request body came too slowly".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::convert::Infallible;

    use bytes::Bytes;
    use futures_util::{StreamExt as _, stream};
    use http_body_util::StreamBody;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    /// Reads a body of pieces of so many bytes, each after so many seconds; says whether it came in
    /// time and how long that took.
    async fn read(pieces: Vec<(u64, usize)>) -> (bool, u64) {
        let begun = Instant::now();
        let pieces = stream::iter(pieces).then(async |(after_s, len)| {
            tokio::time::sleep(Duration::from_secs(after_s)).await;
            Ok::<_, Infallible>(Frame::data(Bytes::from(vec![0; len])))
        });
        let body = InTime::new(StreamBody::new(Box::pin(pieces)), TIMEOUT);
        let whole = body.collect().await.is_ok();
        (whole, begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_at_its_pace_is_read_however_large() {
        assert_eq!(read(vec![(9, 1)]).await, (true, 9));
        assert_eq!(read(vec![(20, 400_000); 50]).await, (false, 10));
        let steady = std::iter::once((1, 400_000)).chain(vec![(20, 400_000); 50]).collect();
        assert_eq!(read(steady).await, (true, 1_001));
        let pauses = std::iter::once((1, 1_048_576)).chain([(29, 1), (29, 1)]).collect();
        assert_eq!(read(pauses).await, (true, 59), "shorter than the longest silence");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_in_drops_is_over_when_its_time_is_over() {
        assert_eq!(read(vec![(1, 1); 1_000]).await, (false, 10));
        assert_eq!(read(vec![(3, 16_384); 1_000]).await, (false, 14));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_came_fast_does_not_buy_a_long_silence() {
        // 64 MiB at once are good for more than an hour of sending, not of waiting.
        assert_eq!(read(vec![(0, 67_108_864), (3_600, 1)]).await, (false, 30));
        assert_eq!(read(vec![(0, 16_384), (3_600, 1)]).await, (false, 11));
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_the_server_takes_is_no_silence() {
        let pieces = stream::iter([(0, 1_048_576), (1, 1)]).then(async |(after_s, len)| {
            tokio::time::sleep(Duration::from_secs(after_s)).await;
            Ok::<_, Infallible>(Frame::data(Bytes::from(vec![0; len])))
        });
        let mut body = InTime::new(StreamBody::new(Box::pin(pieces)), TIMEOUT);
        body.frame().await.unwrap().unwrap();
        tokio::time::sleep(SILENCE + SILENCE / 2).await;
        body.frame().await.unwrap().unwrap();
        assert!(body.frame().await.is_none());
    }
}
