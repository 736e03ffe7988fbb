//! Dialect market: being written.

use std::sync::Arc;

use magpie_core::{Delivery, Dialect, port::store::WriteResult};

use crate::{
    conn::Conn,
    dialects::{DialectDoor, Spot},
    door::Door,
    gate::Gate,
};

/// The dialect.
pub struct Market;

/// The one door of it.
pub static MARKET: Market = Market;

impl Door for Market {
    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Market)
    }

    fn opened(&self, _gate: &Arc<Gate>, _conn: &Arc<Conn>) {}

    fn text(&self, _gate: &Arc<Gate>, _conn: &Arc<Conn>, _text: &str) {}

    fn wants(&self, _conn: &Conn, _siblings: &[Arc<Conn>], _delivery: &Delivery) -> bool {
        true
    }

    fn deliver(&self, _conn: &Conn, _delivery: &Delivery, _is_origin: bool) {}

    fn reply(&self, conn: &Conn, _r: u64, _result: &WriteResult) {
        conn.finish(0);
    }
}

impl DialectDoor for Market {
    fn spot(&self, parts: &[String]) -> Option<Spot> {
        Some(Spot { user: parts.first().cloned(), peer: parts.get(1).cloned(), channel: None })
    }
}
