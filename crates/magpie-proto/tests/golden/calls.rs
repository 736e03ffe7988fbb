//! The frames of calls that clients send.

use magpie_proto::{
    CallId, CallMedia,
    client::{CallOp, ClientOp},
};

use super::user;

/// Every client file about calls with the request that it means.
pub(super) fn requests() -> Vec<(&'static str, Option<u64>, ClientOp)> {
    let call = || CallId::parse("7f3a9c52e1").unwrap();
    let offer = r#"{"sdp":{"type":"offer","sdp":"v=0\r\n..."}}"#;
    let asked: Vec<(&'static str, u64, CallOp)> = vec![
        (
            "call.invite",
            40,
            CallOp::Invite { to: user("翠花"), call: call(), media: CallMedia::Video },
        ),
        ("call.accept", 41, CallOp::Accept { call: call() }),
        ("call.end", 42, CallOp::End { call: call(), failed: false }),
        ("call.end-failed", 42, CallOp::End { call: call(), failed: true }),
        ("call.attach", 43, CallOp::Attach { call: call(), have: 3 }),
        ("call.signal", 44, CallOp::Signal { call: call(), data: offer.into() }),
        ("call.ice", 45, CallOp::Ice),
    ];
    asked.into_iter().map(|(name, r, op)| (name, Some(r), ClientOp::Call(op))).collect()
}
