//! Calls: the signalling that a WebRTC stack needs. Ask for the feature `calls`
//! ([`crate::Options::features`]); media is its user's business.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{Client, ClientError};

/// How a call stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CallEvent {
    /// Its id.
    pub call: String,
    /// The conversation that its record goes to.
    pub c: String,
    /// `audio` or `video`.
    pub media: String,
    /// The caller.
    pub from: String,
    /// The callee.
    pub to: String,
    /// `ringing`, `active` or `ended`.
    pub state: String,
    /// Why it ended.
    #[serde(default)]
    pub why: Option<String>,
    /// When it began to ring, Unix ms.
    pub ts: u64,
    /// When it stops to ring, Unix ms.
    #[serde(default)]
    pub expires: Option<u64>,
    /// When it was answered, Unix ms.
    #[serde(default)]
    pub answered: Option<u64>,
    /// When it ended, Unix ms.
    #[serde(default)]
    pub ended: Option<u64>,
    /// The caller's and the callee's connection, as in `ready`.
    pub conns: [Option<String>; 2],
    /// Servers that help to connect it; in replies only.
    #[serde(default)]
    pub ice: Vec<IceServer>,
}

/// A server that helps two clients to reach each other.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IceServer {
    /// Its addresses.
    pub urls: Vec<String>,
    /// Name for a TURN server.
    #[serde(default)]
    pub username: Option<String>,
    /// Password for it.
    #[serde(default)]
    pub credential: Option<String>,
}

/// Reply to `call.ice`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IceServers {
    /// The servers.
    pub ice: Vec<IceServer>,
    /// When the passwords expire, Unix ms; 0: there are none.
    pub expires: u64,
}

/// Something from the other side of a call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SignalEvent {
    /// Which call.
    pub call: String,
    /// 1, 2, 3, ...: what was seen is dropped, a hole is filled with [`Client::attach_call`].
    pub n: u64,
    /// What the other side has sent.
    pub data: Map<String, Value>,
}

impl Client {
    /// Rings someone; `call` is an id made here, `media` is `audio` or `video`. A callee who is in
    /// another call comes back as `ended`, `busy`.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn invite(
        &self,
        to: &str,
        call: &str,
        media: &str,
    ) -> Result<CallEvent, ClientError> {
        self.ask("call.invite", json!({ "to": to, "call": call, "media": media })).await
    }

    /// Answers a ringing call here.
    ///
    /// # Errors
    /// The server's refusal (`call_taken`: another device was first), or the connection is over.
    pub async fn accept_call(&self, call: &str) -> Result<CallEvent, ClientError> {
        self.ask("call.accept", json!({ "call": call })).await
    }

    /// Cancels, rejects or hangs up.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn end_call(&self, call: &str) -> Result<(), ClientError> {
        self.request("call.end", json!({ "call": call })).await.map(drop)
    }

    /// Takes this device's former place in a call; signals above `have` follow.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn attach_call(&self, call: &str, have: u64) -> Result<CallEvent, ClientError> {
        self.ask("call.attach", json!({ "call": call, "have": have })).await
    }

    /// Sends something to the other side.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn signal(&self, call: &str, data: &Value) -> Result<(), ClientError> {
        self.request("call.signal", json!({ "call": call, "data": data })).await.map(drop)
    }

    /// Servers that help clients to reach each other.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn ice_servers(&self) -> Result<IceServers, ClientError> {
        self.ask("call.ice", json!({})).await
    }
}
