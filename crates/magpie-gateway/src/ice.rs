//! The servers that help two clients of a call to reach each other: STUN tells a client its own
//! address, TURN carries what finds no direct way. Clients get them with every call.

use magpie_auth::TurnSecret;
use magpie_proto::UserId;
use serde::Serialize;

/// What the owner has.
#[derive(Debug, Clone, Default)]
pub struct Ice {
    /// Addresses of STUN servers.
    pub stun_urls: Vec<String>,
    /// TURN servers.
    pub turn: Option<Turn>,
}

/// TURN servers that share one secret with this server.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Their addresses.
    pub urls: Vec<String>,
    /// The secret.
    pub secret: TurnSecret,
    /// Credentials are good for so long.
    pub ttl_s: u64,
}

/// One entry for a client's `RTCPeerConnection`.
#[derive(Debug, Serialize)]
pub struct IceServer<'a> {
    urls: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
}

impl Ice {
    /// The list for a user, and when its credentials expire, Unix ms (0: never).
    #[must_use]
    pub fn servers(&self, user: &UserId, now_ms: u64) -> (Vec<IceServer<'_>>, u64) {
        let mut servers = Vec::new();
        if !self.stun_urls.is_empty() {
            servers.push(IceServer { urls: &self.stun_urls, username: None, credential: None });
        }
        let Some(turn) = &self.turn else { return (servers, 0) };
        let expires_s = now_ms / 1_000 + turn.ttl_s;
        let made = turn.secret.credentials(user, expires_s);
        let (username, credential) = (Some(made.username), Some(made.credential));
        servers.push(IceServer { urls: &turn.urls, username, credential });
        (servers, expires_s * 1_000)
    }
}
