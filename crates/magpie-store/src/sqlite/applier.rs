//! The thread that brings SQLite up to the journal, behind everybody's back: the oldest layer of
//! the tail, one small transaction, again. Runs at a lower priority than the path of a message.

use std::{sync::Arc, time::Duration};

use rusqlite::Connection;

use super::{apply::apply, checkpoint::Backlog, error::fault};
use crate::tail::{Tail, Trouble, Wake};

/// How much nicer this thread is than the others (0 to 19): it gives way to whoever wakes up.
const NICENESS: i32 = 5;
/// How often an attempt that failed is made again.
const RETRY_PERIOD: Duration = Duration::from_secs(1);

/// Makes the calling thread give way to the others. Where that is refused, it is refused.
pub(crate) fn give_way() {
    // On Linux this concerns the calling thread alone.
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "a background thread runs at the usual priority");
    }
}

pub(crate) struct Applier {
    pub(crate) conn: Connection,
    pub(crate) tail: Arc<Tail>,
    pub(crate) backlog: Arc<Backlog>,
    /// How long changes gather before they are applied, if nobody asks for them.
    pub(crate) patience: Duration,
}

impl Applier {
    pub(crate) fn run(self) {
        give_way();
        loop {
            let troubled = self.tail.trouble().is_some();
            match self.tail.wait(if troubled { RETRY_PERIOD } else { self.patience }) {
                Wake::Apply => self.catch_up(),
                Wake::End => break,
            }
        }
    }

    /// Applies what is there now.
    fn catch_up(&self) {
        let end = self.tail.durable();
        while self.tail.applied() < end && self.step() {}
    }

    fn step(&self) -> bool {
        let Some(oldest) = self.tail.oldest() else { return false };
        let (applied, len) = {
            let layer = oldest.read();
            (apply(&self.conn, &layer), layer.len())
        };
        match applied {
            Ok(()) => {
                self.tail.applied_oldest();
                if self.backlog.grew(len) {
                    self.shorten_log();
                }
                true
            }
            Err(error) => {
                self.give_up(&error);
                false
            }
        }
    }

    fn give_up(&self, error: &rusqlite::Error) {
        let fault = fault(error);
        let trouble = Trouble { error: fault.error, lasting: fault.lasting };
        if self.tail.trouble().as_ref() == Some(&trouble) {
            tracing::debug!(%error, "still cannot apply the journal");
        } else {
            let lasting = trouble.lasting;
            tracing::error!(%error, lasting, "cannot apply the journal; nothing of it is lost");
        }
        self.tail.failed(trouble);
    }

    /// The background checkpointer cannot finish while this thread keeps appending; here nobody
    /// appends, so SQLite's log can start over.
    fn shorten_log(&self) {
        if let Err(error) = self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!(%error, "cannot move the write-ahead log into the database");
        }
    }
}
