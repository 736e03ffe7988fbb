//! Frames about calls.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{CallId, CallMedia, ErrorCode, UserId, call::SIGNAL_BYTES_MAX};

use super::{
    Head,
    fields::{Fault, bad, required_user},
};

/// What a client asks about calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOp {
    /// Ring someone.
    Invite {
        /// Whom.
        to: UserId,
        /// The id of the call, made by the client.
        call: CallId,
        /// What it is begun with.
        media: CallMedia,
    },
    /// Answer a ringing call on this connection.
    Accept {
        /// Which.
        call: CallId,
    },
    /// Cancel, reject or hang up.
    End {
        /// Which.
        call: CallId,
        /// It could not be set up.
        failed: bool,
    },
    /// Take the place of this device's former connection in a call.
    Attach {
        /// Which.
        call: CallId,
        /// Highest number of the other side's signals that the client has.
        have: u64,
    },
    /// Something for the other side's connection.
    Signal {
        /// Which call.
        call: CallId,
        /// JSON text of an object.
        data: Box<str>,
    },
    /// Servers that help two clients to reach each other.
    Ice,
}

#[derive(Deserialize)]
struct Fields<'a> {
    call: Option<String>,
    media: Option<String>,
    why: Option<String>,
    have: Option<u64>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// Reads a frame whose type begins with `call.`; `None` for a type that is not known.
pub(super) fn call(head: &Head<'_>, text: &str) -> Result<Option<CallOp>, Fault> {
    let fields = || serde_json::from_str::<Fields<'_>>(text).map_err(|e| bad(e.to_string()));
    Ok(Some(match head.t {
        "call.invite" => {
            let fields = fields()?;
            let media = fields.media.as_deref().and_then(CallMedia::parse);
            CallOp::Invite {
                to: required_user(head.to.as_deref(), "to")?,
                call: id(&fields)?,
                media: media.ok_or_else(|| bad("\"media\" is \"audio\" or \"video\""))?,
            }
        }
        "call.accept" => CallOp::Accept { call: id(&fields()?)? },
        "call.end" => {
            let fields = fields()?;
            let failed = match fields.why.as_deref() {
                None => false,
                Some("failed") => true,
                Some(_) => return Err(bad("\"why\" is \"failed\" or absent")),
            };
            CallOp::End { call: id(&fields)?, failed }
        }
        "call.attach" => {
            let fields = fields()?;
            CallOp::Attach { call: id(&fields)?, have: fields.have.unwrap_or_default() }
        }
        "call.signal" => {
            let fields = fields()?;
            CallOp::Signal { call: id(&fields)?, data: data(fields.data)? }
        }
        "call.ice" => CallOp::Ice,
        _ => return Ok(None),
    }))
}

fn id(fields: &Fields<'_>) -> Result<CallId, Fault> {
    let text = fields.call.as_deref().ok_or_else(|| bad("\"call\" (its id) is missing"))?;
    CallId::parse(text).map_err(|e| bad(format!("\"call\": {e}")))
}

fn data(raw: Option<&RawValue>) -> Result<Box<str>, Fault> {
    let json = raw.map(RawValue::get).filter(|json| json.starts_with('{'));
    let json = json.ok_or_else(|| bad("\"data\" (an object) is missing"))?;
    if json.len() > SIGNAL_BYTES_MAX {
        let message =
            format!("\"data\" has at most {SIGNAL_BYTES_MAX} bytes, this one has {}", json.len());
        return Err((ErrorCode::TooLarge, message));
    }
    Ok(json.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::{ClientOp, decode};
    use crate::{ErrorCode, call::SIGNAL_BYTES_MAX};

    #[test]
    fn a_signal_is_an_object_of_bounded_size() {
        let code = |data: &str| {
            let frame = format!(r#"{{"t":"call.signal","r":7,"call":"c","data":{data}}}"#);
            decode(&frame).map_err(|refused| (refused.r, refused.code))
        };
        let padded = |len: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(len - 8));
        assert!(matches!(code(&padded(SIGNAL_BYTES_MAX)).unwrap().op, ClientOp::Call(_)));
        assert_eq!(code(&padded(SIGNAL_BYTES_MAX + 1)), Err((Some(7), ErrorCode::TooLarge)));
        for wrong in ["[]", "1", "null", "\"x\""] {
            assert_eq!(code(wrong), Err((Some(7), ErrorCode::BadRequest)), "{wrong}");
        }
    }

    #[test]
    fn frames_about_calls_name_what_is_missing() {
        for (frame, named) in [
            (r#"{"t":"call.invite","call":"c","media":"audio"}"#, "\"to\""),
            (r#"{"t":"call.invite","to":"b","media":"audio"}"#, "\"call\""),
            (r#"{"t":"call.invite","to":"b","call":"","media":"audio"}"#, "\"call\""),
            (r#"{"t":"call.invite","to":"b","call":"c","media":"smell"}"#, "\"media\""),
            (r#"{"t":"call.end","call":"c","why":"bored"}"#, "\"why\""),
        ] {
            let message = decode(frame).unwrap_err().message;
            assert!(message.contains(named), "{message}");
        }
        assert_eq!(decode(r#"{"t":"call.later"}"#).unwrap_err().code, ErrorCode::UnknownType);
    }
}
