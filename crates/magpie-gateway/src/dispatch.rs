//! One native request to one use case: a single exhaustive match. Sends are queued right here, in
//! the order in which they came; whatever has to wait runs in a task of its own, bounded by the
//! connection's requests in flight.

mod account;
mod call;
mod lists;
mod messages;
mod passing;
mod rate;

use std::{future::Future, sync::Arc};

use bytes::Bytes;
use magpie_core::{
    Caller, Refusal, conversation::settings, device, message::send, port::store::Origin,
};
use magpie_proto::client::{self, ClientOp};

use crate::{
    conn::{Conn, Identity},
    contain::EndOnPanic,
    gate::Gate,
    native::{self, NO_REPLY},
    view,
};

use account::{devices, renew, set_profile};
use lists::{changes, history, inbox, last_value, unread};
use messages::{forward, keep_draft, revise};
use passing::{broadcast, ping, receipts, typing, watch};

/// Does what a signed-in client asks.
pub fn dispatch(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    identity: &Identity,
    r: Option<u64>,
    op: ClientOp,
) {
    if let Err(refusal) = rate::admit(gate, identity, &op) {
        native::refuse(conn, r, &refusal);
        return;
    }
    let caller = identity.caller.clone();
    match op {
        ClientOp::Send(request) => queue_send(gate, conn, &caller, r, request),
        ClientOp::Ping { receipts } => ping(gate, conn, caller, r, receipts),
        ClientOp::Receipts(marks) => receipts(gate, conn, caller, r, marks),
        ClientOp::Typing { target } => typing(gate, conn, caller, r, target),
        ClientOp::Auth { token } => renew(gate, conn, &caller, r, &token),
        ClientOp::PresenceWatch { users } => watch(gate, conn, r, users),
        ClientOp::History(request) => {
            answer(gate, conn, r, async move |gate| history(&gate, &caller, r, &request).await)
        }
        ClientOp::Inbox { before, limit } => answer(gate, conn, r, async move |gate| {
            inbox(&gate, &caller, r, before.as_deref(), limit.unwrap_or(50)).await
        }),
        ClientOp::Open { to } => answer(gate, conn, r, async move |gate| {
            view::conversation(r, &settings::open(&gate.core, &caller, to).await?, &caller.user)
        }),
        ClientOp::Set { conversation, change } => answer(gate, conn, r, async move |gate| {
            let entry = settings::set(&gate.core, &caller, conversation, change).await?;
            view::conversation(r, &entry, &caller.user)
        }),
        ClientOp::HideMessage { conversation, seq } => done(gate, conn, r, async move |gate| {
            settings::hide_message(&gate.core, &caller, conversation, seq).await
        }),
        ClientOp::Unread { conversation } => {
            answer(gate, conn, r, async move |gate| unread(&gate, &caller, r, conversation).await)
        }
        ClientOp::Block { user, on } => done(gate, conn, r, async move |gate| {
            settings::block(&gate.core, &caller, user, on).await
        }),
        ClientOp::Blocks => answer(gate, conn, r, async move |gate| {
            view::pages::blocks(r, &settings::blocks(&gate.core, &caller.user).await?)
        }),
        ClientOp::Channel { channel } => answer(gate, conn, r, async move |gate| {
            last_value(&gate, &caller.user, r, &channel).await
        }),
        ClientOp::Revise(request) => {
            done(gate, conn, r, async move |gate| revise(&gate, &caller, request).await)
        }
        ClientOp::Forward(request) => forward(gate, conn, caller, r, request),
        ClientOp::Changes(request) => {
            answer(gate, conn, r, async move |gate| changes(&gate, &caller, r, request).await)
        }
        ClientOp::Draft(draft) => keep_draft(gate, conn, &caller, r, &draft),
        ClientOp::Devices => {
            let place = identity.place.clone();
            answer(gate, conn, r, async move |gate| devices(&gate, &caller, &place, r).await)
        }
        ClientOp::SignOutDevice { device } => done(gate, conn, r, async move |gate| {
            device::sign_out(&gate.core, &caller.user, &device).await
        }),
        ClientOp::SetProfile(change) => set_profile(gate, conn, caller, r, change),
        ClientOp::Call(op) => call::call(gate, conn, caller, r, op),
        ClientOp::Broadcast { body } => broadcast(gate, conn, caller, r, body),
        ClientOp::Hello(_) => {}
    }
}

fn queue_send(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    caller: &Caller,
    r: Option<u64>,
    request: client::Send,
) {
    let origin = Origin::Connection(conn.clone(), r.unwrap_or(NO_REPLY));
    let client::Send { target, client_msg_id, body } = request;
    let bytes = body.as_bytes().len();
    conn.begin(bytes);
    let queued = send::send(&gate.core, caller, send::Send { target, client_msg_id, body }, origin);
    if let Err(refusal) = queued {
        conn.finish(bytes);
        native::refuse(conn, r, &refusal);
    }
}

/// The same for a request that is answered by `ok`.
fn done<F, Fut>(gate: &Arc<Gate>, conn: &Arc<Conn>, r: Option<u64>, work: F)
where
    F: FnOnce(Arc<Gate>) -> Fut,
    Fut: Future<Output = Result<(), Refusal>> + Send + 'static,
{
    answer(gate, conn, r, |gate| {
        let work = work(gate);
        async move {
            work.await?;
            view::reply("ok", r, &serde_json::json!({}))
        }
    });
}

/// Runs a request that has to wait and sends its answer, or the error.
fn answer<F, Fut>(gate: &Arc<Gate>, conn: &Arc<Conn>, r: Option<u64>, work: F)
where
    F: FnOnce(Arc<Gate>) -> Fut,
    Fut: Future<Output = Result<Bytes, Refusal>> + Send + 'static,
{
    conn.begin(0);
    let work = work(gate.clone());
    let conn = conn.clone();
    tokio::spawn(async move {
        let _guard = EndOnPanic(&conn);
        match work.await {
            Ok(frame) if r.is_some() => {
                conn.outbox.push(frame);
            }
            Ok(_) => {}
            Err(refusal) => native::refuse(&conn, r, &refusal),
        }
        conn.finish(0);
    });
}
