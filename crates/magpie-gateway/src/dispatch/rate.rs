//! What a request costs its user: the size limit of this server, and the rates that all his
//! connections share.

use magpie_core::Refusal;
use magpie_proto::{
    ErrorCode, Retry,
    client::{Alter, CallOp, ClientOp, Receipts, Revise, Send},
};

use crate::{conn::Identity, gate::Gate, limiter::Rate};

/// The size limit of this server and the user's rate, shared by all his connections.
pub(super) fn admit(gate: &Gate, identity: &Identity, op: &ClientOp) -> Result<(), Refusal> {
    let limits = &gate.settings.limits;
    if let ClientOp::Send(Send { body, .. })
    | ClientOp::Broadcast { body }
    | ClientOp::Revise(Revise { alter: Alter::Edit(body), .. }) = op
        && body.as_bytes().len() > limits.body_bytes_max
    {
        let message = format!("\"b\": a body has at most {} bytes here", limits.body_bytes_max);
        return Err(Refusal::new(ErrorCode::TooLarge, message));
    }
    let (rate, cost) = match op {
        // Its receipts are charged when they are taken: the pong comes in any case.
        ClientOp::Ping { .. } => return Ok(()),
        ClientOp::Receipts(receipts) => return charge_receipts(gate, identity, receipts),
        ClientOp::Typing { .. } => (limits.ephemeral, 1),
        // Large ones count for more: they go out at once, past the bound of what is in flight.
        ClientOp::Call(CallOp::Signal { data, .. }) => {
            (limits.ephemeral, 1 + u32::try_from(data.len() / 1_024).unwrap_or(u32::MAX - 1))
        }
        _ => (limits.messages, 1),
    };
    charge(gate, identity, rate, cost)
}

/// Each mark is told to the others of its conversation, so each one counts, not each frame.
pub(super) fn charge_receipts(
    gate: &Gate,
    identity: &Identity,
    receipts: &Receipts,
) -> Result<(), Refusal> {
    let marks = receipts.delivered.len() + receipts.read.len();
    let cost = u32::try_from(marks).unwrap_or(u32::MAX);
    charge(gate, identity, gate.settings.limits.ephemeral, cost)
}

pub(super) fn charge(
    gate: &Gate,
    identity: &Identity,
    rate: Rate,
    cost: u32,
) -> Result<(), Refusal> {
    let now_ms = gate.core.clock.uptime_ms();
    identity.bucket.take_many(rate, cost, now_ms).map_err(|wait_ms| Refusal {
        code: ErrorCode::RateLimited,
        retry: Retry::AfterMs(wait_ms),
        message: format!("at most {} requests a second", rate.per_second),
    })
}
