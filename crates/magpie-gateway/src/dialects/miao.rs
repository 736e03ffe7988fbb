//! Post 001: web chat 喵喵号 at `/ws/{userId}/{target}`. Bare text in and out; nothing but chat text
//! and one Chinese sentence ever reaches these pages, because they print every frame.

use std::sync::Arc;

use bytes::Bytes;
use magpie_core::{Delivery, Dialect, Event, Message, port::store::WriteResult};
use magpie_proto::{Body, CloseCode, client::Target};

use crate::{
    conn::{Conn, Mark},
    dialects::{
        DialectDoor, Spot,
        inbound::{self, text_of},
        replay::{self, Source},
    },
    door::Door,
    gate::Gate,
    native,
    ws::frame,
};

/// The receiver has no connection of any kind.
const OFFLINE: &str = "对方不在线";

/// The dialect.
pub struct Miao;

/// The one door of it.
pub static MIAO: Miao = Miao;

impl Door for Miao {
    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Miao)
    }

    fn opened(&self, gate: &Arc<Gate>, conn: &Arc<Conn>) {
        gate.register(conn);
        let source = replay::own(conn).map_or(Source::Nothing, Source::One);
        replay::start(gate, conn, source, encode);
    }

    fn text(&self, gate: &Arc<Gate>, conn: &Arc<Conn>, text: &str) {
        let Some(identity) = conn.identity() else { return };
        inbound::charge(gate, conn, identity);
        if !inbound::fits(gate, conn, text) {
            return;
        }
        let user = &identity.caller.user;
        match identity.place.peer() {
            // "-1" is nobody here.
            None => {
                conn.outbox.push(frame::text(OFFLINE));
            }
            // Talking to oneself: the post gives it back, and there is nothing to keep.
            Some(peer) if peer == user => {
                for own in gate.hub.of(user).iter().filter(|own| is_page_of(own, conn)) {
                    own.outbox.push(frame::text(text));
                }
            }
            Some(peer) => {
                let target = Target::User(peer.clone());
                let body = Body::text(text);
                if inbound::submit(gate, conn, identity, target, peer.as_str(), body).is_err() {
                    conn.outbox.end(CloseCode::TryAgainLater);
                }
            }
        }
    }

    fn wants(&self, conn: &Conn, _siblings: &[Arc<Conn>], delivery: &Delivery) -> bool {
        match &delivery.event {
            Some(Event::Message(m)) => {
                conn.user() != Some(&m.sender) && replay::own(conn) == Some(m.conversation)
            }
            Some(Event::Kick { .. }) => true,
            _ => false,
        }
    }

    fn deliver(&self, conn: &Conn, delivery: &Delivery, _is_origin: bool) {
        match &delivery.event {
            Some(Event::Message(m)) => {
                replay::live(conn.gate(), conn, m, delivery.position, encode);
            }
            Some(Event::Kick { device, code, .. }) => {
                native::end_if_kicked(conn, device.as_deref(), *code);
            }
            _ => {}
        }
    }

    fn reply(&self, conn: &Conn, r: u64, result: &WriteResult) {
        match inbound::answered(conn, r, result) {
            Some((_, Ok(_))) => {
                let core = &conn.gate().core;
                if conn.peer().is_some_and(|peer| core.presence.connections(peer) == 0) {
                    conn.outbox.push(frame::text(OFFLINE));
                }
            }
            Some((_, Err(_))) => conn.outbox.end(CloseCode::TryAgainLater),
            None => {}
        }
    }

    fn proved(&self, gate: &Arc<Gate>, conn: &Arc<Conn>, marks: Vec<Mark>) {
        replay::proved(gate, conn, marks);
    }

    fn closing(&self, _gate: &Arc<Gate>, conn: &Arc<Conn>) {
        conn.progress(|progress| progress.tell_settled());
    }
}

impl DialectDoor for Miao {
    fn spot(&self, parts: &[String]) -> Option<Spot> {
        Some(Spot { user: parts.first().cloned(), peer: parts.get(1).cloned(), channel: None })
    }
}

fn is_page_of(other: &Conn, conn: &Conn) -> bool {
    other.dialect() == Some(Dialect::Miao) && other.peer() == conn.peer()
}

fn encode(_gate: &Gate, _conn: &Conn, m: &Message) -> Option<Bytes> {
    Some(frame::text(&text_of(&m.body)))
}
