//! How calls look in native frames.

use bytes::Bytes;
use magpie_core::{
    Refusal,
    call::{Call, Phase, Signal},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::reply;
use crate::{ice::IceServer, ws::frame};

#[derive(Serialize)]
struct Fields<'a> {
    call: &'a str,
    c: String,
    media: &'static str,
    from: &'a str,
    to: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    ts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<u64>,
    conns: [Option<String>; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    ice: Option<&'a [IceServer<'a>]>,
}

impl<'a> Fields<'a> {
    fn of(call: &'a Call, ice: Option<&'a [IceServer<'a>]>) -> Self {
        let (state, why) = match call.phase {
            Phase::Ringing => ("ringing", None),
            Phase::Active => ("active", None),
            Phase::Ended(why) => ("ended", Some(why.as_str())),
        };
        Self {
            call: call.id.as_str(),
            c: call.conversation().to_string(),
            media: call.media.as_str(),
            from: call.from.as_str(),
            to: call.to.as_str(),
            state,
            why,
            ts: call.begun_ms,
            expires: (call.phase == Phase::Ringing).then_some(call.expires_ms),
            answered: call.answered_ms,
            ended: call.ended_ms,
            conns: call.conns.map(|conn| conn.map(|conn| conn.to_string())),
            ice,
        }
    }
}

/// `call` event.
#[must_use]
pub fn event(call: &Call) -> String {
    magpie_proto::server::reply("call", None, &Fields::of(call, None)).unwrap_or_default()
}

/// Reply with a call and the servers that help to connect it.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn answer(r: Option<u64>, call: &Call, ice: &[IceServer<'_>]) -> Result<Bytes, Refusal> {
    reply("call", r, &Fields::of(call, Some(ice)))
}

/// Reply to `call.ice`.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn ice(r: Option<u64>, servers: &[IceServer<'_>], expires_ms: u64) -> Result<Bytes, Refusal> {
    #[derive(Serialize)]
    struct Fields<'a> {
        ice: &'a [IceServer<'a>],
        expires: u64,
    }
    reply("call.ice", r, &Fields { ice: servers, expires: expires_ms })
}

/// `call.signal` event.
#[must_use]
pub fn signal(signal: &Signal) -> Bytes {
    #[derive(Serialize)]
    struct Fields<'a> {
        call: &'a str,
        n: u64,
        data: Option<&'a RawValue>,
    }
    let data = serde_json::from_str(&signal.data).ok();
    let fields = Fields { call: signal.call.as_str(), n: signal.number, data };
    let text = magpie_proto::server::reply("call.signal", None, &fields);
    frame::text(&text.unwrap_or_default())
}
