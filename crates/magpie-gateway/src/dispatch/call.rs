//! Requests about calls. All but the invitation are done at once, in the order in which they came:
//! signals must not overtake each other.

use std::sync::Arc;

use bytes::Bytes;
use magpie_core::{
    Caller, Refusal,
    call::{self, Call, CallConn, Invite},
    port::store::Origin,
};
use magpie_proto::{ErrorCode, client::CallOp};

use crate::{
    conn::Conn,
    features::Features,
    gate::Gate,
    native::{self, NO_REPLY},
    view::{self, call as shown},
};

use super::answer;

/// Does what a client asks about a call.
pub(super) fn call(gate: &Arc<Gate>, conn: &Arc<Conn>, caller: Caller, r: Option<u64>, op: CallOp) {
    if let Err(refusal) = admit(gate, conn) {
        native::refuse(conn, r, &refusal);
        return;
    }
    if let CallOp::Invite { to, call, media } = op {
        let conn_of = conn.clone();
        let invite = Invite { call, to, media };
        answer(gate, conn, r, async move |gate| {
            let (mine, origin) = (this(&conn_of), origin(&conn_of));
            let call = call::invite(&gate.core, &caller, mine, invite, origin).await;
            joined(&gate, &conn_of, &caller, r, call)
        });
        return;
    }
    match now(gate, conn, &caller, r, op) {
        Ok(frame) if r.is_some() => {
            conn.outbox.push(frame);
        }
        Ok(_) => {}
        Err(refusal) => native::refuse(conn, r, &refusal),
    }
}

fn admit(gate: &Gate, conn: &Conn) -> Result<(), Refusal> {
    if !gate.settings.calls {
        let message = "calls are switched off on this server (calls.enabled)";
        return Err(Refusal::new(ErrorCode::Forbidden, message));
    }
    if !conn.features().has(Features::CALLS) {
        let message = "name \"calls\" among the \"features\" of your hello: you would not be told how the call goes on";
        return Err(Refusal::new(ErrorCode::BadRequest, message));
    }
    Ok(())
}

fn now(
    gate: &Gate,
    conn: &Arc<Conn>,
    caller: &Caller,
    r: Option<u64>,
    op: CallOp,
) -> Result<Bytes, Refusal> {
    let core = &gate.core;
    match op {
        CallOp::Accept { call } => {
            let call = call::accept(core, caller, this(conn), &call, origin(conn));
            joined(gate, conn, caller, r, call)
        }
        CallOp::Attach { call, have } => {
            let call = call::attach(core, caller, this(conn), &call, have, origin(conn));
            joined(gate, conn, caller, r, call)
        }
        CallOp::End { call, failed } => {
            call::end(core, caller, &this(conn), &call, failed)?;
            view::reply("ok", r, &serde_json::json!({}))
        }
        CallOp::Signal { call, data } => {
            call::signal(core, caller, &this(conn), &call, data)?;
            view::reply("ok", r, &serde_json::json!({}))
        }
        CallOp::Ice => {
            let (servers, expires_ms) = gate.settings.ice.servers(&caller.user, core.now_ms());
            shown::ice(r, &servers, expires_ms)
        }
        // Handled before, because it waits for the store.
        CallOp::Invite { .. } => Err(Refusal::new(ErrorCode::Internal, "an invitation waits")),
    }
}

/// The answer to whoever is in the call now.
fn joined(
    gate: &Gate,
    conn: &Conn,
    caller: &Caller,
    r: Option<u64>,
    call: Result<Call, Refusal>,
) -> Result<Bytes, Refusal> {
    let call = call?;
    if conn.outbox.is_ending() {
        // Its end may have been told before it was in the call.
        call::left(&gate.core, &caller.user, conn.id);
    }
    let (servers, _) = gate.settings.ice.servers(&caller.user, gate.core.now_ms());
    shown::answer(r, &call, &servers)
}

fn this(conn: &Conn) -> CallConn {
    let device = conn.identity().map(|identity| identity.place.device()).unwrap_or_default();
    CallConn { id: conn.id, device: device.into() }
}

/// Answered directly: the event is for the others.
fn origin(conn: &Arc<Conn>) -> Origin {
    Origin::Connection(conn.clone(), NO_REPLY)
}
