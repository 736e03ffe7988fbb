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
use tokio::time::Sleep;
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
        let deadline = Box::pin(tokio::time::sleep(self.body_timeout));
        Box::pin(async move {
            let peer = request.extensions().get::<Peer>().copied();
            let mut request = request.map(|body| Body::new(InTime { body, deadline }));
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
/// as it comes.
struct InTime {
    body: Incoming,
    deadline: Pin<Box<Sleep>>,
}

/// Bytes for which the deadline moves on by a second.
const BYTES_PER_S: u32 = 16 * 1_024;

impl HttpBody for InTime {
    type Data = bytes::Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
            let bytes = data.map_or(0, |data| u32::try_from(data.len()).unwrap_or(u32::MAX));
            let more = Duration::from_secs(1) * bytes / BYTES_PER_S;
            let until = self.deadline.deadline() + more;
            self.deadline.as_mut().reset(until);
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
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
