//! Requests about the user himself and how he is signed in.

use std::sync::Arc;

use magpie_core::{Caller, Refusal};
use magpie_proto::ErrorCode;

use crate::{conn::Conn, gate::Gate, native, view::pages};

/// A new token for the same user on a live socket.
pub(super) fn renew(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    caller: &Caller,
    r: Option<u64>,
    token: &str,
) {
    let renewed = native::verify(gate, token).and_then(|proved| {
        if proved.user != caller.user {
            let message = "this token is for another user; open a new socket for him";
            return Err(Refusal::new(ErrorCode::Forbidden, message));
        }
        let device = conn.identity().map(|identity| identity.place.device());
        if proved.device.is_some() && proved.device.as_deref() != device {
            let message = "this token belongs to another device";
            return Err(Refusal::new(ErrorCode::Unauthorized, message));
        }
        if caller.broadcast && !proved.may("broadcast") {
            let message = "this token has fewer permissions; open a new socket with it";
            return Err(Refusal::new(ErrorCode::Forbidden, message));
        }
        conn.set_expiry(proved.expires_ms);
        pages::renewed(r, proved.expires_ms)
    });
    match renewed {
        Ok(frame) => {
            conn.outbox.push(frame);
        }
        Err(refusal) => native::refuse(conn, r, &refusal),
    }
}
