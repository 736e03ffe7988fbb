//! Requests about what passes: pings, receipts, typing, presence, broadcasts.

use std::sync::Arc;

use bytes::Bytes;
use magpie_core::{Caller, Refusal, port::store::Origin, presence, push::publish, receipt};
use magpie_proto::{
    Body, ConversationId, ErrorCode, UserId,
    client::{Receipts, Target},
    server,
};

use super::{answer, done, rate::charge_receipts};
use crate::{
    conn::Conn,
    gate::Gate,
    native::{self, NO_REPLY},
    resume,
    view::pages,
    ws::frame,
};

pub(super) fn ping(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    caller: Caller,
    r: Option<u64>,
    receipts: Receipts,
) {
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

pub(super) fn receipts(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    caller: Caller,
    r: Option<u64>,
    receipts: Receipts,
) {
    let origin = Origin::Connection(conn.clone(), NO_REPLY);
    done(gate, conn, r, async move |gate| {
        receipt::take(&gate.core, &caller, &receipts, &origin).await
    });
}

pub(super) fn typing(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    caller: Caller,
    r: Option<u64>,
    target: Target,
) {
    let conversation = match target {
        Target::Conversation(id) => id,
        Target::User(peer) => ConversationId::direct(&caller.user, &peer),
        Target::Desk => ConversationId::desk(&caller.user),
    };
    let origin = Origin::Connection(conn.clone(), NO_REPLY);
    done(gate, conn, r, async move |gate| {
        presence::typing(&gate.core, &caller, conversation, origin).await
    });
}

pub(super) fn watch(gate: &Arc<Gate>, conn: &Arc<Conn>, r: Option<u64>, users: Vec<UserId>) {
    // Followed before it is read: a change between the two is told as an event.
    conn.watch(users.clone());
    answer(gate, conn, r, async move |gate| {
        let states = presence::query(&gate.core, &users).await?;
        pages::presence(r, &states)
    });
}

pub(super) fn broadcast(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    caller: Caller,
    r: Option<u64>,
    body: Body,
) {
    if !caller.broadcast {
        let message = "your token lacks the permission \"broadcast\"";
        native::refuse(conn, r, &Refusal::new(ErrorCode::Forbidden, message));
        return;
    }
    let connections = publish::broadcast(&gate.core, Some(caller.user), body, None);
    answer(gate, conn, r, async move |_| pages::reached(r, connections));
}
