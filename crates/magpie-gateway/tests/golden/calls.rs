//! The frames of calls that the server sends, on the path that a running server takes.

use bytes::Bytes;
use magpie_auth::TurnSecret;
use magpie_core::call::{Call, Phase, Signal};
use magpie_gateway::{
    ice::{Ice, Turn},
    view::call,
};
use magpie_proto::{CallId, CallMedia, CallWhy};

use super::frames::{NOW_MS, payload, user};

pub(super) fn ringing() -> Call {
    Call {
        id: CallId::parse("7f3a9c52e1").unwrap(),
        media: CallMedia::Video,
        from: user("小明"),
        to: user("翠花"),
        phase: Phase::Ringing,
        begun_ms: NOW_MS,
        expires_ms: NOW_MS + 45_000,
        answered_ms: None,
        ended_ms: None,
        conns: [Some(42), None],
    }
}

fn active() -> Call {
    let answered_ms = Some(NOW_MS + 4_000);
    Call { phase: Phase::Active, answered_ms, conns: [Some(42), Some(57)], ..ringing() }
}

fn ended(call: Call, why: CallWhy, after_ms: u64) -> Call {
    Call { phase: Phase::Ended(why), ended_ms: Some(NOW_MS + after_ms), ..call }
}

pub(super) fn signal() -> Signal {
    let data = r#"{"sdp":{"type":"answer","sdp":"v=0\r\n..."}}"#.into();
    Signal { call: ringing().id, user: user("小明"), conn: 42, number: 4, data }
}

/// Servers of an owner who runs coturn, for 小明.
fn ice() -> Ice {
    let secret =
        TurnSecret::from_text("it", "the secret of the golden frames 1".replace(' ', "-").as_str());
    Ice {
        stun_urls: vec!["stun:turn.example.com:3478".to_owned()],
        turn: Some(Turn {
            urls: vec!["turn:turn.example.com:3478".to_owned()],
            secret: secret.unwrap(),
            ttl_s: 3_600,
        }),
    }
}

/// Every file about calls with the frame that the code makes.
pub(super) fn frames() -> Vec<(&'static str, String)> {
    let ice = ice();
    let (mine, expires_ms) = ice.servers(&user("小明"), NOW_MS);
    let (theirs, _) = ice.servers(&user("翠花"), NOW_MS + 4_000);
    let moved = Call { conns: [Some(42), Some(63)], ..active() };
    let busy = ended(ringing(), CallWhy::Busy, 0);
    let replies: Vec<(&'static str, Bytes)> = vec![
        ("call-invited", call::answer(Some(40), &ringing(), &mine).unwrap()),
        ("call-busy", call::answer(Some(40), &busy, &mine).unwrap()),
        ("call-accepted", call::answer(Some(41), &active(), &theirs).unwrap()),
        ("call-attached", call::answer(Some(43), &moved, &theirs).unwrap()),
        ("call.ice", call::ice(Some(45), &mine, expires_ms).unwrap()),
        ("call.ice-none", call::ice(Some(45), &[], 0).unwrap()),
    ];
    let mut frames = vec![
        ("call", call::event(&ringing())),
        ("call-active", call::event(&active())),
        ("call-moved", call::event(&moved)),
        ("call-ended", call::event(&ended(active(), CallWhy::Hangup, 87_400))),
        ("call-missed", call::event(&ended(ringing(), CallWhy::Missed, 45_000))),
        ("call.signal", payload(&call::signal(&signal()))),
    ];
    frames.extend(replies.into_iter().map(|(name, frame)| (name, payload(&frame))));
    frames
}
