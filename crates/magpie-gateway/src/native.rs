//! The native door: protocol v1. The first frame is `hello`; after it frames go to dispatch and
//! events come out as JSON that all receivers share.

use std::sync::Arc;

use bytes::Bytes;
use magpie_auth::{Audience as TokenAudience, Identity as Token};
use magpie_core::{
    Caller, Delivery, Dialect, Event, Message, Refusal, User,
    call::{self, Signal},
    device::{self, Presented},
    model::{ChannelValue, Replay},
    port::store::{Outcome, WriteResult},
    push::publish,
    user::{self, Profile},
};
use magpie_proto::{
    CloseCode, Cursor, ErrorCode,
    client::{self, ClientOp, Hello},
    server,
};

use crate::{
    conn::{Conn, Identity, Mark, Place},
    contain::EndOnPanic,
    dispatch,
    door::Door,
    features::Features,
    gate::Gate,
    outbox::LatestKey,
    resume,
    view::{self, pages},
    ws::frame,
};

/// Request number of writes whose answer nobody asked for.
pub(crate) const NO_REPLY: u64 = u64::MAX;

/// Before its hello a connection gets an answer so often.
const STRANGER_PAUSE_MS: u32 = 50;

/// The native protocol.
pub struct Native;

/// The one native door.
pub static NATIVE: Native = Native;

impl Door for Native {
    fn dialect(&self) -> Option<Dialect> {
        None
    }

    fn opened(&self, _gate: &Arc<Gate>, _conn: &Arc<Conn>) {}

    fn text(&self, gate: &Arc<Gate>, conn: &Arc<Conn>, text: &str) {
        let request = match client::decode(text) {
            Ok(request) => request,
            Err(refused) => {
                let retry = refused.code.retry();
                let error = server::error(refused.r, refused.code, retry, &refused.message);
                conn.outbox.push(frame::text(&error));
                slow_down(gate, conn);
                return;
            }
        };
        match (conn.identity(), request.op) {
            (None, ClientOp::Hello(hello)) => sign_in(gate, conn, request.r, hello),
            (None, _) => {
                refuse(conn, request.r, &Refusal::new(ErrorCode::HelloRequired, "say hello first"));
                slow_down(gate, conn);
            }
            (Some(_), ClientOp::Hello(_)) => refuse(
                conn,
                request.r,
                &Refusal::new(ErrorCode::BadRequest, "hello was said; open a new socket instead"),
            ),
            (Some(identity), op) => {
                dispatch::dispatch(gate, conn, identity, request.r, op);
            }
        }
    }

    fn wants(&self, _conn: &Conn, _siblings: &[Arc<Conn>], _delivery: &Delivery) -> bool {
        true
    }

    fn deliver(&self, conn: &Conn, delivery: &Delivery, is_origin: bool) {
        let Some(event) = &delivery.event else { return };
        // Whoever asked gets the reply instead of the event; a push mark of his own is no news.
        if is_origin && !matches!(event, Event::Broadcast { .. }) {
            return;
        }
        deliver(conn, delivery, event);
    }

    fn proved(&self, gate: &Arc<Gate>, conn: &Arc<Conn>, marks: Vec<Mark>) {
        let Some(user) = conn.user() else { return };
        for mark in marks {
            if let Mark::Channel(channel, version) = mark {
                publish::delivered(&gate.core, user, &channel, version);
            }
        }
    }

    fn reply(&self, conn: &Conn, r: u64, result: &WriteResult) {
        let text = match result {
            Ok(Outcome::Stored { message: m, .. }) => {
                conn.finish(m.body.as_bytes().len());
                server::ack(r, m.conversation, m.id, m.seq, m.sent_ms, false)
            }
            Ok(Outcome::Duplicate { conversation, id, seq, sent_ms }) => {
                conn.finish(0);
                server::ack(r, *conversation, *id, *seq, *sent_ms, true)
            }
            Ok(_) => {
                conn.finish(0);
                server::ok(r)
            }
            Err(rejection) => {
                conn.finish(0);
                let refusal = Refusal::from(rejection);
                server::error(Some(r), refusal.code, refusal.retry, &refusal.message)
            }
        };
        if r != NO_REPLY {
            conn.outbox.push(frame::text(&text));
        }
    }
}

/// Counts what has no rate of its own (pings, frames that are no requests) against the second
/// rate. Over it nothing is refused: the connection is read more slowly.
pub(crate) fn slow_down(gate: &Gate, conn: &Conn) {
    let rate = gate.settings.limits.ephemeral;
    let wait_ms = match conn.identity() {
        Some(identity) => identity.bucket.take(rate, gate.core.clock.uptime_ms()).err(),
        None => Some(STRANGER_PAUSE_MS),
    };
    if let Some(wait_ms) = wait_ms {
        conn.pause(wait_ms);
    }
}

/// Sends an error reply.
pub(crate) fn refuse(conn: &Conn, r: Option<u64>, refusal: &Refusal) {
    let error = server::error(r, refusal.code, refusal.retry, &refusal.message);
    conn.outbox.push(frame::text(&error));
}

/// Judges a hello away from the socket's task, which reads nothing meanwhile.
fn sign_in(gate: &Arc<Gate>, conn: &Arc<Conn>, r: Option<u64>, hello: Hello) {
    conn.hold();
    let (gate, conn) = (gate.clone(), conn.clone());
    tokio::spawn(async move {
        let _guard = EndOnPanic(&conn);
        match welcome(&gate, &conn, r, &hello).await {
            Ok(cursor) => {
                conn.release();
                resume::run(&gate, &conn, cursor, &hello.channels).await;
            }
            Err(refusal) => {
                refuse(&conn, r, &refusal);
                conn.outbox.end(match refusal.code {
                    ErrorCode::TokenExpired => CloseCode::TokenExpired,
                    ErrorCode::Unauthorized | ErrorCode::UnknownUser => CloseCode::Unauthorized,
                    ErrorCode::SignedOut => CloseCode::SignedOut,
                    ErrorCode::Forbidden => CloseCode::Banned,
                    _ => CloseCode::Overloaded,
                });
                conn.release();
            }
        }
    });
}

/// Proves who this is, makes the connection reachable and answers `ready`.
async fn welcome(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    r: Option<u64>,
    hello: &Hello,
) -> Result<Option<resume::Asked>, Refusal> {
    let early = conn.take_early_token();
    let token = hello.token.as_deref().or(early.as_deref());
    let token = token.ok_or_else(|| {
        Refusal::new(ErrorCode::Unauthorized, "no token: send one as \"token\" in hello")
    })?;
    let proved = verify(gate, token)?;
    if proved.device.as_ref().is_some_and(|device| *device != hello.device) {
        return Err(Refusal::new(ErrorCode::Unauthorized, "this token belongs to another device"));
    }
    let create = gate.settings.create_token_users;
    let kicks = gate.hub.kicks();
    let presented = Presented { id: &hello.device, name: &hello.name, issued_ms: proved.issued_ms };
    let profile = profile(&proved);
    let user = user::sign_in_on(&gate.core, &proved.user, profile, create, presented).await?;
    let caller = Caller {
        user: user.id.clone(),
        role: user.role,
        broadcast: proved.may("broadcast"),
        dialect: None,
    };
    let place = Place::native(&hello.device, &hello.instance);
    let bucket = gate.hub.bucket(&user.id);
    conn.set_expiry(proved.expires_ms);
    conn.set_features(Features::asked(hello, &gate.settings).fixed_by(&proved));
    conn.identify(Identity { caller, place, bucket, seat: None });
    gate.register(conn);
    if gate.hub.kicks() != kicks {
        // Somebody was kicked since the first look, when there was no connection to end.
        let still = gate.core.store.user(user.id.clone()).await?;
        if still.is_some_and(|user| user.banned) {
            return Err(Refusal::new(ErrorCode::Forbidden, "this user is banned"));
        }
        device::judge(&gate.core, &user.id, presented).await?;
    }
    conn.outbox.push(ready(gate, conn, r, &user, proved.expires_ms)?);
    Ok(hello.cursor.as_deref().map(|text| resume::Asked { cursor: Cursor::decode(text) }))
}

/// Judges a token for the native protocol.
pub(crate) fn verify(gate: &Gate, token: &str) -> Result<Token, Refusal> {
    gate.auth
        .verify_user(token, TokenAudience::Native, gate.core.now_ms())
        .map_err(|error| Refusal::new(error.code(), error.to_string()))
}

fn profile(proved: &Token) -> Profile {
    Profile {
        name: proved.name.clone(),
        avatar: proved.avatar.clone(),
        role: view::token_role(proved.role),
    }
}

fn ready(
    gate: &Gate,
    conn: &Conn,
    r: Option<u64>,
    user: &User,
    expires_ms: u64,
) -> Result<Bytes, Refusal> {
    let fields = pages::Ready {
        user,
        epoch: gate.core.store.epoch(),
        conn: conn.id,
        now_ms: gate.core.now_ms(),
        expires_ms,
        features: conn.features(),
        policy: &gate.core.policy,
    };
    pages::ready(r, &gate.settings, &fields)
}

fn deliver(conn: &Conn, delivery: &Delivery, event: &Event) {
    let shared =
        |make: &dyn Fn() -> String| delivery.frame.get_or_init(|| frame::text(&make())).clone();
    let position = delivery.position;
    match event {
        Event::Message(m) => put_message(conn, delivery, m),
        Event::Membership { conversation, membership, unread, .. } => {
            let text = || view::membership(*conversation, membership, *unread);
            conn.outbox.push_durable(|| shared(&text), position);
        }
        Event::Hidden { conversation, seq, .. } => {
            let text = || view::hidden(*conversation, *seq);
            conn.outbox.push_durable(|| shared(&text), position);
        }
        Event::Revised(revised) => {
            // Who did not ask for it would not count it.
            if conn.features().has(Features::CHANGES) {
                let text = || view::change(revised);
                conn.outbox.push_durable(|| shared(&text), position);
            }
        }
        Event::Draft { conversation, draft, at_ms, .. } => {
            // A page of a resume that was read before must not come after it.
            if !conn.outbox.note(position) {
                let text = || view::draft(*conversation, draft.as_deref(), *at_ms);
                conn.outbox.push_latest(LatestKey::Draft(*conversation), shared(&text));
            }
        }
        Event::Receipt { conversation, user, delivered, read } => {
            // A slot each: a delivery mark must not wipe out a read mark that is not written yet.
            let key = match read {
                0 => LatestKey::Delivered(*conversation, user.clone()),
                _ => LatestKey::Read(*conversation, user.clone()),
            };
            let text = || server::receipt(*conversation, user, *delivered, *read);
            conn.outbox.push_latest(key, shared(&text));
        }
        Event::Typing { conversation, user } => {
            let key = LatestKey::Typing(*conversation, user.clone());
            conn.outbox.push_latest(key, shared(&|| server::typing(*conversation, user)));
        }
        Event::Presence { user, online, last_seen_ms } => {
            let text = || server::presence(user, *online, *last_seen_ms);
            conn.outbox.push_latest(LatestKey::Presence(user.clone()), shared(&text));
        }
        Event::Push { value, stored: true } => {
            put_value(conn, value, shared(&|| view::push(value, 0)));
        }
        Event::Push { value, stored: false } => {
            pass(conn, delivery, |dropped| view::push(value, dropped));
        }
        Event::Broadcast { from, body } => {
            let text = |dropped| server::broadcast(from.as_ref(), body.as_json(), dropped);
            pass(conn, delivery, text);
        }
        Event::Call(call) => {
            if conn.features().has(Features::CALLS) {
                // In line, not in a slot behind everything: a signal must not come before it.
                conn.outbox.push(shared(&|| view::call::event(call)));
            }
        }
        Event::CallSignal(signal) => put_signal(conn, signal),
        Event::Kick { device, code, .. } => end_if_kicked(conn, device.as_deref(), *code),
    }
}

/// A message: those of the sender's own devices carry his key.
fn put_message(conn: &Conn, delivery: &Delivery, m: &Message) {
    let own = conn.user() == Some(&m.sender);
    let frame = || {
        let (slot, cid) = if own {
            (&delivery.own_frame, m.client_msg_id.as_deref())
        } else {
            (&delivery.frame, None)
        };
        slot.get_or_init(|| frame::text(&server::message(&view::fields(m), cid))).clone()
    };
    conn.outbox.push_durable(frame, delivery.position);
}

/// An ephemeral event; `text` is told how many were lost before it.
fn pass(conn: &Conn, delivery: &Delivery, text: impl Fn(u64) -> String) {
    conn.outbox.push_ephemeral(|dropped| match dropped {
        0 => delivery.frame.get_or_init(|| frame::text(&text(0))).clone(),
        _ => frame::text(&text(dropped)),
    });
}

/// A signal of a call, for the connection that is in it.
fn put_signal(conn: &Conn, signal: &Signal) {
    let core = &conn.gate().core;
    if conn.id == signal.conn
        && call::in_order(core, signal)
        && !conn.outbox.push_if_room(|| view::call::signal(signal))
    {
        call::found_no_room(core, signal);
    }
}

/// A held value that comes live: a newer one takes its place while it waits, unless its arrival
/// has to be proved.
fn put_value(conn: &Conn, value: &ChannelValue, frame: Bytes) {
    match value.replay {
        Replay::Always => {
            conn.outbox.push_latest(LatestKey::Channel(value.channel.clone()), frame);
        }
        Replay::UntilDelivered => {
            conn.outbox.push(frame);
            prove_value(conn, value);
        }
    }
}

/// Asks for the proof that a value has arrived which is replayed only until somebody has it: a
/// ping behind its frame, which must stand in the queue for that.
pub(crate) fn prove_value(conn: &Conn, value: &ChannelValue) {
    if value.replay == Replay::UntilDelivered {
        conn.prove(Mark::Channel(value.channel.clone(), value.version));
    }
}

/// Ends a connection that a kick names.
pub(crate) fn end_if_kicked(conn: &Conn, device: Option<&str>, code: CloseCode) {
    let this = conn.identity().map(|identity| identity.place.device());
    if device.is_none_or(|device| this == Some(device)) {
        conn.outbox.end(code);
    }
}
