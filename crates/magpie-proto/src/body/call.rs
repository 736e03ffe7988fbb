//! The record of a call in its conversation: a body that only the server makes.

use serde::Serialize;

use super::Body;
use crate::{CallId, CallMedia, CallWhy};

/// What remains of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// Which call.
    pub id: CallId,
    /// What it was begun with.
    pub media: CallMedia,
    /// How it ended.
    pub why: CallWhy,
    /// How long both were connected; `None` when it was never answered.
    pub talked_ms: Option<u64>,
}

impl Body {
    /// The record of a call.
    #[must_use]
    pub fn call(record: &CallRecord) -> Self {
        #[derive(Serialize)]
        struct Call<'a> {
            id: &'a str,
            media: &'static str,
            why: &'static str,
            ms: u64,
        }
        #[derive(Serialize)]
        struct Fields<'a> {
            k: &'static str,
            x: &'a str,
            call: Call<'a>,
        }
        let call = Call {
            id: record.id.as_str(),
            media: record.media.as_str(),
            why: record.why.as_str(),
            ms: record.talked_ms.unwrap_or_default(),
        };
        Self::from_serialize(&Fields { k: "call", x: &text(record), call })
    }
}

/// What a client shows that does not know the kind.
fn text(record: &CallRecord) -> String {
    let kind = match record.media {
        CallMedia::Audio => "[语音通话]",
        CallMedia::Video => "[视频通话]",
    };
    let outcome = match (record.talked_ms, record.why) {
        (Some(ms), CallWhy::Lost | CallWhy::Failed) => format!("通话中断 {}", clock(ms)),
        (Some(ms), _) => clock(ms),
        (None, CallWhy::Cancelled) => "已取消".to_owned(),
        (None, CallWhy::Rejected) => "已拒绝".to_owned(),
        (None, CallWhy::Missed) => "未接听".to_owned(),
        (None, CallWhy::Busy) => "对方忙".to_owned(),
        (None, CallWhy::Hangup | CallWhy::Failed | CallWhy::Lost) => "未接通".to_owned(),
    };
    format!("{kind} {outcome}")
}

/// `01:23`, or `1:02:03` from an hour on.
fn clock(ms: u64) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    match hours {
        0 => format!("{minutes:02}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn record(media: CallMedia, why: CallWhy, talked_ms: Option<u64>) -> Body {
        Body::call(&CallRecord { id: CallId::parse("c-1").unwrap(), media, why, talked_ms })
    }

    #[test]
    fn a_record_tells_its_outcome_in_words_and_in_fields() {
        let body = record(CallMedia::Video, CallWhy::Hangup, Some(83_400));
        let json = r#"{"k":"call","x":"[视频通话] 01:23","call":{"id":"c-1","media":"video","why":"hangup","ms":83400}}"#;
        assert_eq!(body.as_json(), json);
        assert_eq!(body.links(), Default::default(), "it points at nothing");
        for (why, talked_ms, words) in [
            (CallWhy::Cancelled, None, "[语音通话] 已取消"),
            (CallWhy::Rejected, None, "[语音通话] 已拒绝"),
            (CallWhy::Missed, None, "[语音通话] 未接听"),
            (CallWhy::Busy, None, "[语音通话] 对方忙"),
            (CallWhy::Failed, None, "[语音通话] 未接通"),
            (CallWhy::Lost, Some(3_723_000), "[语音通话] 通话中断 1:02:03"),
        ] {
            let body = record(CallMedia::Audio, why, talked_ms);
            assert_eq!(body.parts().unwrap().x, words);
        }
    }

    #[test]
    fn a_client_cannot_send_one() {
        let body = record(CallMedia::Audio, CallWhy::Hangup, Some(1));
        assert_eq!(Body::parse(body.as_json()), Err(super::super::BodyError::Call));
    }
}
