//! Ids and randomness that come out the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use magpie_core::port::Ids;
use magpie_proto::MessageId;

/// Counting ids; well-formed UUIDs of version 7.
#[derive(Debug, Default)]
pub struct SeqIds {
    messages: AtomicU64,
    rolls: AtomicU64,
}

impl SeqIds {
    /// Starts the random numbers elsewhere.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { messages: AtomicU64::new(0), rolls: AtomicU64::new(seed) }
    }
}

impl Ids for SeqIds {
    fn message_id(&self, now_ms: u64) -> MessageId {
        let number = self.messages.fetch_add(1, Ordering::SeqCst) + 1;
        let mut bytes = [0_u8; 16];
        bytes[..6].copy_from_slice(&now_ms.to_be_bytes()[2..]);
        bytes[6] = 0x70;
        bytes[8..].copy_from_slice(&number.to_be_bytes());
        bytes[8] = 0x80;
        MessageId::from_bytes(bytes)
    }

    fn random(&self) -> u64 {
        // SplitMix64.
        let mut z = self
            .rolls
            .fetch_add(1, Ordering::SeqCst)
            .wrapping_add(1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
