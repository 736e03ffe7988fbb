//! One timer per runtime in place of one per connection: every second it looks at its runtime's
//! connections and asks quiet ones for a sign of life, ends silent, unnamed and expired ones, and
//! lets doors end their leases.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use magpie_core::receipt;
use magpie_proto::CloseCode;

use crate::{conn::Conn, contain::contained, gate::Gate, ws::frame};

const PERIOD: Duration = Duration::from_secs(1);
/// Every so many rounds runtime 0 stores the folded delivery marks.
const FLUSH_ROUNDS: u32 = 2;
/// Connections looked at before other tasks get their turn.
const CONNS_PER_TURN: usize = 1_024;

/// Sweeps the connections of one runtime until the gate has drained.
pub async fn run(gate: Arc<Gate>, lane: usize) {
    let mut timer = tokio::time::interval(PERIOD);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut round = 0_u32;
    loop {
        timer.tick().await;
        round = round.wrapping_add(1);
        if lane == 0 && round.is_multiple_of(FLUSH_ROUNDS) {
            flush_receipts(&gate);
        }
        let now_ms = gate.core.clock.uptime_ms();
        for (index, conn) in gate.roster(lane).iter().enumerate() {
            contained(conn, || look_at(&gate, conn, now_ms));
            if index % CONNS_PER_TURN == CONNS_PER_TURN - 1 {
                tokio::task::yield_now().await;
            }
        }
    }
}

/// Stores delivery marks that wait in memory.
pub fn flush_receipts(gate: &Gate) {
    if let Err(refusal) = receipt::flush(&gate.core) {
        tracing::warn!(code = refusal.code.as_str(), "delivery marks not stored");
    }
}

fn look_at(gate: &Gate, conn: &Arc<Conn>, now_ms: u64) {
    let times = &gate.settings.times;
    if conn.identity().is_none() {
        if now_ms.saturating_sub(conn.opened_ms) > times.hello_timeout_ms {
            conn.outbox.end(CloseCode::HelloTimeout);
        }
        return;
    }
    let expires_ms = conn.expires_ms.load(Ordering::Relaxed);
    if expires_ms != 0 && gate.core.now_ms() >= expires_ms {
        conn.outbox.end(CloseCode::TokenExpired);
        return;
    }
    conn.door.tick(gate, conn, now_ms);
    conn.ask_for_proof();
    // A connection that we do not read ourselves is not silent by its own fault.
    if !conn.may_read() {
        conn.heard_ms.store(now_ms, Ordering::Relaxed);
        return;
    }
    let quiet_ms = now_ms.saturating_sub(conn.heard_ms.load(Ordering::Relaxed));
    if quiet_ms > times.heartbeat_timeout_ms {
        conn.outbox.end(CloseCode::HeartbeatLost);
    } else if quiet_ms >= times.heartbeat_interval_ms && conn.may_ping(now_ms) {
        conn.outbox.push(frame::ping(b""));
    }
}
