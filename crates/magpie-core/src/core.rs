//! The core as one value: the ports and the policy, shared by every door. Use cases are functions
//! that take it; it has no logic of its own beyond queueing writes and awaiting answers.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::{
    call::Book as Calls,
    conversation::directory::Directory,
    policy::Policy,
    port::{
        Bus, Clock, Ids, Presence, Store,
        store::{Op, Origin, Outcome, Rejection, StoreError, Write, WriteResult},
    },
    push::Waiters,
    receipt::Book,
    refusal::Refusal,
};

/// Everything a use case needs.
pub struct Core {
    /// Persistence.
    pub store: Arc<dyn Store>,
    /// Delivery.
    pub bus: Arc<dyn Bus>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn Ids>,
    /// Who is connected.
    pub presence: Arc<dyn Presence>,
    /// The owner's rules.
    pub policy: Policy,
    /// Delivery marks that are not stored yet.
    pub receipts: Book,
    /// Members and heads of conversations in use.
    pub directory: Arc<Directory>,
    /// Calls that ring or are active.
    pub calls: Calls,
    /// Callers that wait for a channel value.
    pub waiters: Arc<Waiters>,
}

impl Core {
    /// Queues a write. The answer goes to `origin` after the commit.
    ///
    /// # Errors
    /// The store's reason when it takes none.
    pub fn submit(&self, op: Op, origin: Origin) -> Result<(), Refusal> {
        self.store.submit(Write { op, origin }).map_err(Refusal::from)
    }

    /// Queues a write and gives the end to wait at: writes that are all begun before the first is
    /// awaited share their commits.
    ///
    /// # Errors
    /// The store's reason when it takes none.
    pub fn begin(&self, op: Op) -> Result<Begun, Refusal> {
        let (origin, answer) = Origin::call();
        self.submit(op, origin)?;
        Ok(Begun(answer))
    }

    /// Queues a write and waits until it is durable.
    ///
    /// # Errors
    /// The store's reason when it takes none, or why this operation was rejected.
    pub async fn write(&self, op: Op) -> Result<Outcome, Refusal> {
        self.begin(op)?.outcome().await
    }

    /// Wall time, Unix ms.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }
}

/// A write that is queued.
#[must_use]
#[derive(Debug)]
pub struct Begun(oneshot::Receiver<WriteResult>);

impl Begun {
    /// What became of it, if that is decided; asked at most once after that.
    pub fn poll(&mut self) -> Option<WriteResult> {
        match self.0.try_recv() {
            Ok(result) => Some(result),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => {
                let gone = StoreError::Unavailable("the writer is gone".to_owned());
                Some(Err(Rejection::Store(gone)))
            }
        }
    }

    /// Waits until the write is durable.
    ///
    /// # Errors
    /// Why this operation was rejected.
    pub async fn outcome(self) -> Result<Outcome, Refusal> {
        match self.0.await {
            Ok(result) => result.map_err(|rejection| Refusal::from(&rejection)),
            // The writer went away with our slot: the server is shutting down.
            Err(_) => {
                Err(Refusal::new(magpie_proto::ErrorCode::Draining, "the server is going down"))
            }
        }
    }
}
