//! One native request to one use case: a single exhaustive match. Sends are queued right here, in
//! the order in which they came; whatever has to wait runs in a task of its own, bounded by the
//! connection's requests in flight.

use std::{future::Future, sync::Arc};

use bytes::Bytes;
use magpie_core::{
    Caller, Refusal,
    conversation::{directory, settings},
    message::send,
    port::store::Origin,
    presence,
    push::publish,
    receipt,
};
use magpie_proto::{
    Body, ConversationId, ErrorCode, Retry, UserId,
    client::{self, ClientOp, Receipts, Target},
    server,
};

use crate::{
    conn::{Conn, Identity},
    contain::EndOnPanic,
    gate::Gate,
    limiter::Rate,
    native::{self, NO_REPLY},
    resume,
    view::{self, pages},
    ws::frame,
};

/// Does what a signed-in client asks.
pub fn dispatch(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    identity: &Identity,
    r: Option<u64>,
    op: ClientOp,
) {
    if let Err(refusal) = admit(gate, identity, &op) {
        native::refuse(conn, r, &refusal);
        return;
    }
    let caller = identity.caller.clone();
    match op {
        ClientOp::Send(request) => queue_send(gate, conn, &caller, r, request),
        ClientOp::Ping { receipts } => ping(gate, conn, caller, r, receipts),
        ClientOp::Receipts(receipts) => {
            let origin = Origin::Connection(conn.clone(), NO_REPLY);
            answer(gate, conn, r, async move |gate| {
                receipt::take(&gate.core, &caller, &receipts, &origin).await?;
                view::reply("ok", r, &serde_json::json!({}))
            });
        }
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
            let entry = settings::open(&gate.core, &caller, to).await?;
            view::reply("conv", r, &view::EntryView::of(&entry, caller.user.as_str()))
        }),
        ClientOp::Set { conversation, change } => answer(gate, conn, r, async move |gate| {
            let entry = settings::set(&gate.core, &caller, conversation, change).await?;
            view::reply("conv", r, &view::EntryView::of(&entry, caller.user.as_str()))
        }),
        ClientOp::HideMessage { conversation, seq } => answer(gate, conn, r, async move |gate| {
            settings::hide_message(&gate.core, &caller, conversation, seq).await?;
            view::reply("ok", r, &serde_json::json!({}))
        }),
        ClientOp::Unread { conversation } => {
            answer(gate, conn, r, async move |gate| unread(&gate, &caller, r, conversation).await)
        }
        ClientOp::Block { user, on } => answer(gate, conn, r, async move |gate| {
            settings::block(&gate.core, &caller, user, on).await?;
            view::reply("ok", r, &serde_json::json!({}))
        }),
        ClientOp::Channel { channel } => answer(gate, conn, r, async move |gate| {
            last_value(&gate, &caller.user, r, &channel).await
        }),
        ClientOp::Broadcast { body } => broadcast(gate, conn, caller, r, body),
        ClientOp::Hello(_) => {}
    }
}

/// The size limit of this server and the user's rate, shared by all his connections.
fn admit(gate: &Gate, identity: &Identity, op: &ClientOp) -> Result<(), Refusal> {
    let limits = &gate.settings.limits;
    if let ClientOp::Send(client::Send { body, .. }) | ClientOp::Broadcast { body } = op
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
        _ => (limits.messages, 1),
    };
    charge(gate, identity, rate, cost)
}

/// Each mark is told to the others of its conversation, so each one counts, not each frame.
fn charge_receipts(gate: &Gate, identity: &Identity, receipts: &Receipts) -> Result<(), Refusal> {
    let marks = receipts.delivered.len() + receipts.read.len();
    let cost = u32::try_from(marks).unwrap_or(u32::MAX);
    charge(gate, identity, gate.settings.limits.ephemeral, cost)
}

fn charge(gate: &Gate, identity: &Identity, rate: Rate, cost: u32) -> Result<(), Refusal> {
    let now_ms = gate.core.clock.uptime_ms();
    identity.bucket.take_many(rate, cost, now_ms).map_err(|wait_ms| Refusal {
        code: ErrorCode::RateLimited,
        retry: Retry::AfterMs(wait_ms),
        message: format!("at most {} requests a second", rate.per_second),
    })
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

fn ping(gate: &Arc<Gate>, conn: &Arc<Conn>, caller: Caller, r: Option<u64>, receipts: Receipts) {
    let charged = conn.identity().map(|identity| charge_receipts(gate, identity, &receipts));
    if receipts.delivered.is_empty() && receipts.read.is_empty() {
        // The usual case: nothing but a sign of life.
    } else if let Some(Err(refusal)) = charged {
        native::refuse(conn, None, &refusal);
    } else {
        let origin = Origin::Connection(conn.clone(), NO_REPLY);
        answer(gate, conn, None, async move |gate| {
            receipt::take(&gate.core, &caller, &receipts, &origin).await?;
            Ok(Bytes::new())
        });
    }
    // Count and cursor are read in this order: what comes between makes the cursor older, never
    // newer, than what the client can check with the count.
    let cursor = resume::pong_cursor(gate, conn);
    let pong = server::pong(r, cursor.as_deref(), conn.outbox.durable_count(), gate.core.now_ms());
    conn.outbox.push(frame::text(&pong));
    native::slow_down(gate, conn);
}

fn typing(gate: &Arc<Gate>, conn: &Arc<Conn>, caller: Caller, r: Option<u64>, target: Target) {
    let conversation = match target {
        Target::Conversation(id) => id,
        Target::User(peer) => ConversationId::direct(&caller.user, &peer),
        Target::Desk => ConversationId::desk(&caller.user),
    };
    let origin = Origin::Connection(conn.clone(), NO_REPLY);
    answer(gate, conn, r, async move |gate| {
        presence::typing(&gate.core, &caller, conversation, origin).await?;
        view::reply("ok", r, &serde_json::json!({}))
    });
}

/// A new token for the same user on a live socket.
fn renew(gate: &Arc<Gate>, conn: &Arc<Conn>, caller: &Caller, r: Option<u64>, token: &str) {
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

fn watch(gate: &Arc<Gate>, conn: &Arc<Conn>, r: Option<u64>, users: Vec<UserId>) {
    // Followed before it is read: a change between the two is told as an event.
    conn.watch(users.clone());
    answer(gate, conn, r, async move |gate| {
        let states = presence::query(&gate.core, &users).await?;
        pages::presence(r, &states)
    });
}

fn broadcast(gate: &Arc<Gate>, conn: &Arc<Conn>, caller: Caller, r: Option<u64>, body: Body) {
    if !caller.broadcast {
        let message = "your token lacks the permission \"broadcast\"";
        native::refuse(conn, r, &Refusal::new(ErrorCode::Forbidden, message));
        return;
    }
    let connections = publish::broadcast(&gate.core, Some(caller.user), body, None);
    answer(gate, conn, r, async move |_| pages::reached(r, connections));
}

async fn history(
    gate: &Gate,
    caller: &Caller,
    r: Option<u64>,
    request: &client::History,
) -> Result<Bytes, Refusal> {
    let client::History { conversation, edge, limit } = *request;
    let page = gate
        .core
        .store
        .history(caller.user.clone(), caller.is_agent(), conversation, edge, limit)
        .await?
        .ok_or_else(Refusal::unknown_conversation)?;
    pages::history(r, conversation, &page, caller.user.as_str())
}

async fn inbox(
    gate: &Gate,
    caller: &Caller,
    r: Option<u64>,
    before: Option<&str>,
    limit: u32,
) -> Result<Bytes, Refusal> {
    let after = before.map(pages::parse_mark).transpose()?;
    let page = gate.core.store.inbox(caller.user.clone(), caller.is_agent(), after, limit).await?;
    pages::inbox(r, &page, caller.user.as_str())
}

async fn unread(
    gate: &Gate,
    caller: &Caller,
    r: Option<u64>,
    conversation: ConversationId,
) -> Result<Bytes, Refusal> {
    directory::known(&gate.core, conversation, &caller.user, caller.is_agent()).await?;
    let unread = gate
        .core
        .store
        .unread(caller.user.clone(), caller.is_agent(), conversation)
        .await?
        .ok_or_else(Refusal::unknown_conversation)?;
    view::reply("unread", r, &view::unread(conversation, &unread))
}

async fn last_value(
    gate: &Gate,
    user: &UserId,
    r: Option<u64>,
    channel: &str,
) -> Result<Bytes, Refusal> {
    let values = publish::held(&gate.core, user, Some(channel)).await?;
    pages::channel(r, channel, values.first())
}
