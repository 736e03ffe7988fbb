//! What the composition root hands over: the core, the verifier and what the pages may know.
//! Plain data, taken once at start.

use std::sync::Arc;

use magpie_auth::{Authenticator, Tickets};
use magpie_core::Core;
use magpie_media::Depot;
use magpie_proto::UserId;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;

/// Everything the HTTP API needs.
#[derive(Clone)]
pub struct ApiState {
    /// Rules and ports. Its `waiters` must be attached to the bus, or long-polls only end by time.
    pub core: Arc<Core>,
    /// Who a caller is. Its origin list also answers browsers (CORS).
    pub auth: Arc<Authenticator>,
    /// The text behind `/metrics`.
    pub metrics: PrometheusHandle,
    /// What `/v1/info` says.
    pub site: Site,
    /// The demo accounts; `None`: the demo routes do not exist.
    pub demo: Option<Demo>,
    /// Uploads and files; `None`: they are switched off.
    pub media: Option<Media>,
    /// Sizes.
    pub limits: Limits,
    /// Turns true when the server goes down: `/readyz` says so and long-polls end.
    pub draining: watch::Receiver<bool>,
}

/// What anyone may know of this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Name shown by the page.
    pub name: String,
    /// Version of the binary.
    pub version: String,
    /// Development mode: dialect addresses are open, the page shows a banner.
    pub dev: bool,
}

/// The demo accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demo {
    /// Who may sign in without a password, in the order to show them. They exist in the store.
    pub users: Vec<UserId>,
    /// How long a demo token lives.
    pub token_ttl_s: u64,
}

/// Uploads and files.
#[derive(Clone)]
pub struct Media {
    /// Where they lie.
    pub depot: Arc<Depot>,
    /// What signs their addresses.
    pub tickets: Tickets,
}

/// Sizes of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a request body.
    pub http_body_bytes: usize,
    /// Requests a second with the tokens of one user. Backends with a key have no such limit.
    pub user_requests_per_s: u32,
    /// How many of them at once.
    pub user_requests_burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { http_body_bytes: 1_048_576, user_requests_per_s: 1_000, user_requests_burst: 2_000 }
    }
}
