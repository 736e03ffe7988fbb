//! Fresh ids and randomness for the core.

use magpie_proto::{MediaId, MessageId};

/// The ids port.
pub trait Ids: Send + Sync + 'static {
    /// A new message id: UUID v7 for this time.
    fn message_id(&self, now_ms: u64) -> MessageId;

    /// A new id of an upload: 128 random bits.
    fn media_id(&self) -> MediaId {
        let bits = u128::from(self.random()) << 64 | u128::from(self.random());
        MediaId::from_bytes(bits.to_be_bytes())
    }

    /// Random bits for jitter, epochs and ids that nobody may guess.
    fn random(&self) -> u64;
}
