//! Bringing a native connection up to date: reads what changed since the client's cursor, page by
//! page as the outbox drains, and switches to live once the read covers all that happened
//! meanwhile. Durable events are only noted until then, so that nothing is sent twice or lost.

use std::{future::poll_fn, sync::Arc, task::Poll};

use magpie_core::{
    Refusal, call,
    model::{Replay, ResumePage},
    port::store::ResumeQuery,
    push::publish,
};
use magpie_proto::{CloseCode, Cursor};

use crate::{
    conn::Conn,
    contain::EndOnPanic,
    features::Features,
    gate::Gate,
    native,
    outbox::Mode,
    view::{self, pages},
    ws::frame,
};

/// Bytes of message bodies in one page.
const PAGE_BYTES: usize = 256 * 1024;

/// A cursor that a client handed back: `None` when it is not one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The decoded cursor.
    pub cursor: Option<Cursor>,
}

/// Runs the resume of a connection that said hello.
pub async fn run(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    asked: Option<Asked>,
    channels: &[(String, u64)],
) {
    let _guard = EndOnPanic(conn);
    let (since, gap) = starting_point(gate, asked);
    if let Err(refusal) = catch_up(gate, conn, since, gap).await {
        fail(conn, &refusal);
        return;
    }
    ring(gate, conn);
    if let Err(refusal) = replay_channels(gate, conn, channels).await {
        fail(conn, &refusal);
    }
}

/// The call that rings at the user or that he is in, for a device that has come meanwhile.
fn ring(gate: &Gate, conn: &Conn) {
    let Some(user) = conn.user().filter(|_| conn.features().has(Features::CALLS)) else { return };
    if let Some(call) = call::current(&gate.core, user) {
        conn.outbox.push(frame::text(&view::call::event(&call)));
    }
}

/// A resume that cannot be read must not leave a half-fed client behind: it connects again.
fn fail(conn: &Conn, refusal: &Refusal) {
    native::refuse(conn, None, refusal);
    conn.outbox.end(CloseCode::Overloaded);
}

/// Where to start, and whether the client has to drop its cache.
fn starting_point(gate: &Gate, asked: Option<Asked>) -> (Option<u64>, bool) {
    let Some(asked) = asked else { return (None, false) };
    let usable = asked.cursor.filter(|cursor| {
        cursor.epoch == gate.core.store.epoch() && cursor.position <= gate.core.store.position()
    });
    match usable {
        Some(cursor) => (Some(cursor.position), false),
        None => (None, true),
    }
}

async fn catch_up(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    since: Option<u64>,
    gap: bool,
) -> Result<(), Refusal> {
    let Some(identity) = conn.identity() else { return Ok(()) };
    let (user, agent) = (identity.caller.user.clone(), identity.caller.is_agent());
    let mut query = ResumeQuery { user, agent, since, mark: None, budget_bytes: PAGE_BYTES };
    // The first page's position counts: what changes while later pages are read may lie behind
    // their mark, and is read again from there.
    let mut covered = None;
    let mut gap = gap;
    loop {
        drained(conn).await;
        if conn.outbox.ending().is_some() {
            return Ok(());
        }
        let page = gate.core.store.resume(query.clone()).await?;
        let position = *covered.get_or_insert(page.position);
        query.mark = page.next;
        let last = page.next.is_none();
        let live = last && conn.outbox.go_live(position).is_ok();
        let cursor = live.then(|| gate.cursor(position));
        send_page(conn, &page, std::mem::take(&mut gap), cursor)?;
        if live {
            conn.outbox.release_held();
            return Ok(());
        }
        if last {
            conn.outbox.start_holding();
            query.since = Some(position);
            covered = None;
        }
    }
}

fn send_page(
    conn: &Conn,
    page: &ResumePage,
    gap: bool,
    cursor: Option<String>,
) -> Result<(), Refusal> {
    let viewer = conn.user().map_or("", |user| user.as_str());
    conn.outbox.push(pages::sync(page, viewer, gap, cursor.as_deref())?);
    Ok(())
}

/// Waits until everything before was written.
async fn drained(conn: &Conn) {
    poll_fn(
        |cx| if conn.outbox.poll_drained(cx.waker()) { Poll::Ready(()) } else { Poll::Pending },
    )
    .await;
}

/// Channel values that this device has not got.
async fn replay_channels(
    gate: &Gate,
    conn: &Conn,
    channels: &[(String, u64)],
) -> Result<(), Refusal> {
    let Some(user) = conn.user() else { return Ok(()) };
    for value in publish::held(&gate.core, user, None).await? {
        let known = channels.iter().find(|(name, _)| **name == *value.channel);
        let seen = known.is_some_and(|(_, version)| *version >= value.version);
        let taken =
            value.replay == Replay::UntilDelivered && value.delivered_version >= value.version;
        if !seen && !taken {
            // One after the other: together they may be larger than the room.
            drained(conn).await;
            conn.outbox.push(frame::text(&view::push(&value, 0)));
            native::prove_value(conn, &value);
        }
    }
    Ok(())
}

/// The cursor of a pong: everything up to it was put on this connection before it. `None` while
/// a resume is running.
#[must_use]
pub fn pong_cursor(gate: &Gate, conn: &Conn) -> Option<String> {
    match conn.outbox.mode() {
        Mode::CatchingUp { .. } => None,
        Mode::Live { since } => Some(gate.cursor(since.max(gate.lanes[conn.lane].position()))),
    }
}
