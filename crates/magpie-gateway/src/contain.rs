//! A fault in the code of one connection ends that connection, never its runtime or its lane. Used
//! wherever many connections are served by one task; a connection's own task has its own guard.

use std::panic::{AssertUnwindSafe, catch_unwind};

use magpie_proto::CloseCode;

use crate::conn::Conn;

/// Does `work` for a connection; a panic in it ends the connection, which resumes elsewhere.
pub(crate) fn contained(conn: &Conn, work: impl FnOnce()) {
    // What the work has broken half-way belongs to this connection and ends with it.
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        ended_by_fault(conn);
    }
}

/// Logs a panic and ends the connection that it belongs to.
pub(crate) fn ended_by_fault(conn: &Conn) {
    tracing::error!(conn = conn.id, protocol = conn.door.name(), "a panic ended a connection");
    metrics::counter!("magpie_connection_panics_total").increment(1);
    conn.outbox.end(CloseCode::Overloaded);
}

/// Held by a task that works for a connection: when the task panics, the connection ends instead
/// of waiting for an answer for ever.
pub(crate) struct EndOnPanic<'a>(pub(crate) &'a Conn);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            ended_by_fault(self.0);
        }
    }
}
