//! A protocol over the core: the native one or one of the dialects. A door turns frames into use
//! cases and events into frames; it keeps no state of its own and never touches a store's tables.

use std::sync::Arc;

use magpie_core::{Delivery, Dialect, port::store::WriteResult};

use crate::{
    conn::{Conn, Mark},
    gate::Gate,
};

/// One protocol.
pub trait Door: Send + Sync + 'static {
    /// Name in logs and metrics.
    fn name(&self) -> &'static str {
        self.dialect().map_or("native", Dialect::as_str)
    }

    /// The dialect, unless native.
    fn dialect(&self) -> Option<Dialect>;

    /// The handshake is done and answered; dialect connections are identified by now. Runs on the
    /// connection's runtime before the first frame is read.
    fn opened(&self, gate: &Arc<Gate>, conn: &Arc<Conn>);

    /// A text message came in. Must not wait: longer work goes to a task of its own.
    fn text(&self, gate: &Arc<Gate>, conn: &Arc<Conn>, text: &str);

    /// Whether an event goes to this connection. `siblings` are all connections of the same user,
    /// oldest first.
    fn wants(&self, conn: &Conn, siblings: &[Arc<Conn>], delivery: &Delivery) -> bool;

    /// An event for this connection: encode it and put it into the outbox. `is_origin`: this
    /// connection caused it.
    fn deliver(&self, conn: &Conn, delivery: &Delivery, is_origin: bool);

    /// The answer to a write that this connection asked for. `r` is what `submit` was given.
    fn reply(&self, conn: &Conn, r: u64, result: &WriteResult);

    /// A pong proved that these reached the peer.
    fn proved(&self, gate: &Arc<Gate>, conn: &Arc<Conn>, marks: Vec<Mark>) {
        let _ = (gate, conn, marks);
    }

    /// The socket is over and about to be forgotten: siblings may have to take over.
    fn closing(&self, gate: &Arc<Gate>, conn: &Arc<Conn>) {
        let _ = (gate, conn);
    }

    /// Called by the sweep: leases and the like. `now_ms` is uptime. Gives in how many
    /// milliseconds it wants to be called again; it may be called earlier.
    fn tick(&self, gate: &Gate, conn: &Conn, now_ms: u64) -> u64 {
        let _ = (gate, conn, now_ms);
        u64::MAX
    }
}
