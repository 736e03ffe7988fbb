//! Fresh ids and randomness for the core.

use magpie_proto::MessageId;

/// The ids port.
pub trait Ids: Send + Sync + 'static {
    /// A new message id: UUID v7 for this time.
    fn message_id(&self, now_ms: u64) -> MessageId;

    /// Random bits for jitter, epochs and ids that nobody may guess.
    fn random(&self) -> u64;
}
