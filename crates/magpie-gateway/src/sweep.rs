//! One timer per runtime in place of one per connection: every second it looks at those of its
//! runtime's connections that are due, and asks quiet ones for a sign of life, ends silent, unnamed and expired ones, and
//! lets doors end their leases.

use std::{sync::Arc, time::Duration};

use magpie_core::{call, receipt};
use magpie_proto::CloseCode;

use crate::{conn::Conn, contain::contained, gate::Gate, settings::Times, slack::Slack, ws::frame};

const PERIOD: Duration = Duration::from_secs(1);
/// Every so many rounds runtime 0 stores the folded delivery marks and gives memory back.
const FLUSH_ROUNDS: u32 = 2;
/// Due connections looked at before other tasks get their turn.
const CONNS_PER_TURN: usize = 1_024;

/// Sweeps the connections of one runtime until the gate has drained.
pub async fn run(gate: Arc<Gate>, lane: usize) {
    let mut timer = tokio::time::interval(PERIOD);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut round = 0_u32;
    let mut slack = Slack::new(gate.clone());
    loop {
        timer.tick().await;
        round = round.wrapping_add(1);
        if lane == 0 && round.is_multiple_of(FLUSH_ROUNDS) {
            flush_receipts(&gate);
            slack.round();
        }
        if lane == 0 {
            call::sweep(&gate.core);
        }
        let now_ms = gate.core.clock.uptime_ms();
        for (index, conn) in gate.roster(lane).take_due(now_ms).iter().enumerate() {
            contained(conn, || {
                let wait_ms = look_at(&gate, conn, now_ms);
                gate.roster(lane).look_at(conn, now_ms.saturating_add(wait_ms));
            });
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

/// Looks at a connection and says in how many milliseconds to look again. Whatever brings that
/// moment nearer says so itself ([`Gate::look_soon`]): a sign-in, another token, a proof that waits.
fn look_at(gate: &Gate, conn: &Arc<Conn>, now_ms: u64) -> u64 {
    let times = &gate.settings.times;
    if conn.identity().is_none() {
        let age_ms = conn.opened.age_ms(now_ms);
        if age_ms > times.hello_timeout_ms {
            conn.outbox.end(CloseCode::HelloTimeout);
        }
        return times.hello_timeout_ms.saturating_sub(age_ms);
    }
    let left_ms = match conn.expires_ms() {
        0 => u64::MAX,
        expires_ms => expires_ms.saturating_sub(gate.core.now_ms()),
    };
    if left_ms == 0 {
        conn.outbox.end(CloseCode::TokenExpired);
        return 0;
    }
    let tick_ms = conn.door.tick(gate, conn, now_ms);
    conn.ask_for_proof();
    // A connection that we do not read ourselves is not silent by its own fault.
    if !conn.may_read() {
        conn.heard.set(now_ms);
        return 0;
    }
    left_ms.min(tick_ms).min(listen(conn, times, now_ms))
}

/// Asks a quiet connection for a sign of life and ends a silent one; gives when to listen again.
fn listen(conn: &Conn, times: &Times, now_ms: u64) -> u64 {
    let quiet_ms = conn.heard.age_ms(now_ms);
    if quiet_ms > times.heartbeat_timeout_ms {
        conn.outbox.end(CloseCode::HeartbeatLost);
    } else if quiet_ms < times.heartbeat_interval_ms {
        return (times.heartbeat_interval_ms - quiet_ms).min(times.heartbeat_timeout_ms);
    } else if conn.may_ping(now_ms) {
        conn.outbox.push(frame::ping(b""));
    }
    conn.ping_spacing_ms()
        .min(times.heartbeat_timeout_ms - quiet_ms.min(times.heartbeat_timeout_ms))
}
