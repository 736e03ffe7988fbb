//! Frames about the connection itself: the hello, and receipts of what arrived and was read.

use serde::Deserialize;

use crate::{ConversationId, Seq, ids};

use super::{
    INTEGER_MAX, LIST_MAX, Rest,
    fields::{Fault, bad, parse_conversation},
};

/// The first frame.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Hello {
    /// User token, unless the handshake carried it.
    #[serde(default)]
    pub token: Option<String>,
    /// Stable id of this installation.
    #[serde(default)]
    pub device: String,
    /// Random id of this page load.
    #[serde(default)]
    pub instance: String,
    /// What the device calls itself, for the user's list of devices.
    #[serde(default)]
    pub name: String,
    /// Where to resume.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Optional abilities of the client; unknown ones are ignored.
    #[serde(default)]
    pub features: Vec<String>,
    /// Last version this device has of each channel: `[["pay", 3], ...]`.
    #[serde(default)]
    pub channels: Vec<(String, u64)>,
}

/// Cumulative receipts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipts {
    /// Received up to.
    pub delivered: Vec<(ConversationId, Seq)>,
    /// Read up to.
    pub read: Vec<(ConversationId, Seq)>,
}

pub(super) fn hello(text: &str) -> Result<Hello, Fault> {
    let hello: Hello = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
    for (name, value) in
        [("device", &hello.device), ("instance", &hello.instance), ("name", &hello.name)]
    {
        if !value.is_empty() {
            ids::check_text(value, 64).map_err(|e| bad(format!("\"{name}\": {e}")))?;
        }
    }
    if hello.features.len() > LIST_MAX || hello.channels.len() > LIST_MAX {
        return Err(bad(format!("lists in hello have at most {LIST_MAX} entries")));
    }
    Ok(hello)
}

pub(super) fn receipts(rest: &Rest) -> Result<Receipts, Fault> {
    Ok(Receipts { delivered: marks(&rest.delivered)?, read: marks(&rest.read)? })
}

pub(super) fn marks(list: &[(String, u64)]) -> Result<Vec<(ConversationId, Seq)>, Fault> {
    if list.len() > LIST_MAX {
        return Err(bad(format!("receipts have at most {LIST_MAX} entries")));
    }
    list.iter()
        .map(|(c, seq)| {
            if *seq > INTEGER_MAX {
                return Err(bad("a seq must be below 2^53"));
            }
            Ok((parse_conversation(c)?, *seq))
        })
        .collect()
}
