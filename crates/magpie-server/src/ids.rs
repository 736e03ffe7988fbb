//! Random ids behind the core's port. The only place that asks the system for randomness at run
//! time; secrets are made by `magpie-auth`.

use magpie_core::port::Ids;
use magpie_proto::MessageId;

/// Ids from the system's random generator.
#[derive(Debug, Clone, Copy)]
pub struct RandomIds(());

impl RandomIds {
    /// Makes sure that the system gives random bytes.
    ///
    /// # Errors
    /// What the system says.
    pub fn new() -> anyhow::Result<Self> {
        getrandom::u64()
            .map(|_| Self(()))
            .map_err(|error| anyhow::anyhow!("the system's random generator failed: {error}"))
    }
}

/// Random bits. The system's generator cannot fail once it has worked; if it does all the same,
/// an id that repeats would lose a message, so the process ends, which loses nothing.
fn random_bits() -> u64 {
    match getrandom::u64() {
        Ok(bits) => bits,
        Err(error) => {
            tracing::error!(%error, "the system's random generator failed: stopping");
            std::process::abort()
        }
    }
}

impl Ids for RandomIds {
    fn message_id(&self, now_ms: u64) -> MessageId {
        let mut bytes = [0; 10];
        let (head, tail) = bytes.split_at_mut(8);
        head.copy_from_slice(&random_bits().to_be_bytes());
        tail.copy_from_slice(&random_bits().to_be_bytes()[..2]);
        MessageId::from_bytes(
            uuid::Builder::from_unix_timestamp_millis(now_ms, &bytes).into_uuid().into_bytes(),
        )
    }

    fn random(&self) -> u64 {
        random_bits()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_version_7_carry_their_time_and_never_repeat() {
        let ids = RandomIds::new().unwrap();
        let made: BTreeSet<_> =
            (0..10_000).map(|_| ids.message_id(1_700_000_000_000).to_string()).collect();
        assert_eq!(made.len(), 10_000);
        let id = uuid::Uuid::parse_str(made.first().unwrap()).unwrap();
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_timestamp().unwrap().to_unix().0, 1_700_000_000);
        assert!(ids.message_id(1_700_000_000_001).to_string() > *made.last().unwrap());
    }
}
