//! What the gateway is told by the configuration: limits, times, how dialects let people in.

use magpie_core::Dialect;

use crate::{handshakes::ClientAddress, ice::Ice, limiter::Rate};

/// Settings of the gateway.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name and version, for `ready` and the server header.
    pub server_name: String,
    /// Limits of what one peer may cost.
    pub limits: Limits,
    /// Time of heartbeats and deadlines.
    pub times: Times,
    /// How dialect routes let people in.
    pub dialects: Dialects,
    /// Whose request it is, behind proxies.
    pub client_address: ClientAddress,
    /// Create users that a native token names for the first time.
    pub create_token_users: bool,
    /// Largest upload, told to clients; 0: this server takes none.
    pub media_bytes_max: u64,
    /// Calls are connected.
    pub calls: bool,
    /// What helps the clients of a call to reach each other.
    pub ice: Ice,
}

/// What one peer may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most sockets at once; at the limit the accept loop waits.
    pub connections_max: usize,
    /// Most native connections of one user; the oldest idle one goes first.
    pub connections_per_user: usize,
    /// Handshakes of one address (loopback exempt).
    pub handshakes: Rate,
    /// Messages of one user.
    pub messages: Rate,
    /// Typing, receipts and other passing frames of one user.
    pub ephemeral: Rate,
    /// Unanswered requests of one connection.
    pub in_flight_max: usize,
    /// Bytes of unanswered sends of one connection.
    pub in_flight_bytes_max: usize,
    /// Bytes waiting in one outbox.
    pub outbox_bytes_max: usize,
    /// Bytes of one message body.
    pub body_bytes_max: usize,
}

/// Times, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// How often a client is asked to ping, and a quiet one is pinged.
    pub heartbeat_interval_ms: u64,
    /// Quiet for so long: gone.
    pub heartbeat_timeout_ms: u64,
    /// A native connection says hello within this time.
    pub hello_timeout_ms: u64,
    /// Request heads arrive within this time.
    pub header_timeout_ms: u64,
    /// Sockets get this long to end on SIGTERM.
    pub drain_ms: u64,
}

/// How a dialect route knows who is calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `?token=` with a token of audience `dialect`.
    Token,
    /// A path signature in the query.
    Signed,
    /// Whoever the path says: development only.
    Open,
}

/// Settings of the dialects.
#[derive(Debug, Clone)]
pub struct Dialects {
    /// How callers are known.
    pub mode: Mode,
    /// Which routes exist.
    pub enabled: Vec<Dialect>,
    /// Put before the path's user ids, per dialect; empty: none.
    pub id_prefixes: Vec<(Dialect, String)>,
    /// Anybody may send to everybody on miniapp.
    pub miniapp_broadcast: bool,
    /// A miniapp sender gets his own object back.
    pub miniapp_echo: bool,
    /// Every helpdesk message goes to everybody, as in the post.
    pub helpdesk_broadcast: bool,
    /// A helpdesk connection ends so long after its last message.
    pub helpdesk_lease_ms: u64,
    /// Minutes east of UTC in which helpdesk times are shown.
    pub helpdesk_utc_offset_min: i32,
    /// What helpdesk pages call the agent.
    pub helpdesk_agent_name: String,
    /// The agent's picture on helpdesk pages.
    pub helpdesk_agent_avatar: String,
    /// User behind `-1` on helpdesk in mode `open`.
    pub helpdesk_open_agent: String,
}

impl Dialects {
    /// The prefix of a dialect's user ids.
    #[must_use]
    pub fn id_prefix(&self, dialect: Dialect) -> &str {
        self.id_prefixes.iter().find(|(d, _)| *d == dialect).map_or("", |(_, prefix)| prefix)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            server_name: concat!("magpie ", env!("CARGO_PKG_VERSION")).to_owned(),
            limits: Limits::default(),
            times: Times::default(),
            dialects: Dialects::default(),
            client_address: ClientAddress::default(),
            create_token_users: true,
            media_bytes_max: 0,
            calls: false,
            ice: Ice::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 19_000,
            connections_per_user: 5,
            handshakes: Rate { per_second: 100, burst: 200 },
            messages: Rate { per_second: 1_000, burst: 2_000 },
            ephemeral: Rate { per_second: 2_000, burst: 4_000 },
            in_flight_max: 64,
            in_flight_bytes_max: 256 * 1024,
            outbox_bytes_max: 256 * 1024,
            body_bytes_max: magpie_proto::BODY_BYTES_MAX,
        }
    }
}

impl Default for Times {
    fn default() -> Self {
        Self {
            heartbeat_interval_ms: 30_000,
            heartbeat_timeout_ms: 75_000,
            hello_timeout_ms: 10_000,
            header_timeout_ms: 10_000,
            drain_ms: 10_000,
        }
    }
}

impl Default for Dialects {
    fn default() -> Self {
        Self {
            mode: Mode::Token,
            enabled: Dialect::ALL.to_vec(),
            id_prefixes: Vec::new(),
            miniapp_broadcast: false,
            miniapp_echo: false,
            helpdesk_broadcast: false,
            helpdesk_lease_ms: 7_200_000,
            helpdesk_utc_offset_min: 480,
            helpdesk_agent_name: "人工客服".to_owned(),
            helpdesk_agent_avatar: String::new(),
            helpdesk_open_agent: "desk-agent".to_owned(),
        }
    }
}
