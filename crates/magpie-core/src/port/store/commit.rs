//! A write on its way through the committer: who asked, and who is told once it is durable.

use std::{fmt, sync::Arc};

use super::{Op, WriteResult};
use crate::model::Position;

/// Whoever waits for the answer to a write and sits on a connection.
pub trait ReplyTo: Send + Sync + 'static {
    /// The runtime whose lane answers.
    fn lane(&self) -> usize;

    /// Takes the answer to request `r`. Called on the lane, in commit order.
    fn reply(&self, r: u64, result: &WriteResult);
}

/// Who asked for a write.
#[derive(Clone, Default)]
pub enum Origin {
    /// Nobody waits.
    #[default]
    None,
    /// A connection, with its request number.
    Connection(Arc<dyn ReplyTo>, u64),
    /// A call that awaits the answer.
    Call(CallSlot),
}

/// The waiting end of a call; taken once.
pub type CallSlot = Arc<parking_lot::Mutex<Option<tokio::sync::oneshot::Sender<WriteResult>>>>;

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Connection(..) => "Connection",
            Self::Call(_) => "Call",
        })
    }
}

impl Origin {
    /// A call and the end to await.
    #[must_use]
    pub fn call() -> (Self, tokio::sync::oneshot::Receiver<WriteResult>) {
        let (send, receive) = tokio::sync::oneshot::channel();
        (Self::Call(Arc::new(parking_lot::Mutex::new(Some(send)))), receive)
    }

    /// Answers a call; connections are answered by their lane.
    pub fn answer_call(&self, result: &WriteResult) {
        if let Self::Call(slot) = self
            && let Some(sender) = slot.lock().take()
        {
            // The caller may have gone away; the write stands all the same.
            let _ = sender.send(result.clone());
        }
    }
}

/// A queued write.
#[derive(Debug)]
pub struct Write {
    /// What.
    pub op: Op,
    /// Who asked.
    pub origin: Origin,
}

/// A write that was applied (or rejected) by a commit that is durable now.
#[derive(Debug)]
pub struct Committed {
    /// Who asked.
    pub origin: Origin,
    /// What happened.
    pub result: WriteResult,
    /// Position of this change.
    pub position: Position,
}

/// Receives what was committed, in commit order, on the committer's thread.
pub trait CommitSink: Send + Sync + 'static {
    /// One durable commit. `position` covers all of it.
    fn committed(&self, batch: Vec<Committed>, position: Position);
}
