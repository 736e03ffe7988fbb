//! Random ids behind the core's port. The only place that asks the system for randomness at run
//! time; secrets are made by `magpie-auth`.

use std::cell::RefCell;

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

/// Random bytes fetched at once: one system call for some hundred message ids instead of two each.
const POOL_BYTES: usize = 4_096;

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL_BYTES], used: POOL_BYTES }) };
}

struct Pool {
    bytes: [u8; POOL_BYTES],
    used: usize,
}

impl Pool {
    /// Fresh random bytes; each is given out once.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        if self.used + N > POOL_BYTES {
            fill(&mut self.bytes);
            self.used = 0;
        }
        let mut taken = [0; N];
        taken.copy_from_slice(&self.bytes[self.used..self.used + N]);
        self.used += N;
        taken
    }
}

/// The system's generator cannot fail once it has worked; if it does all the same, an id that
/// repeats would lose a message, so the process ends, which loses nothing.
#[allow(clippy::disallowed_methods, reason = "this is where the ids port gets its randomness")]
fn fill(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        tracing::error!(%error, "the system's random generator failed: stopping");
        std::process::abort()
    }
}

fn random_bytes<const N: usize>() -> [u8; N] {
    POOL.with_borrow_mut(Pool::take)
}

impl Ids for RandomIds {
    fn message_id(&self, now_ms: u64) -> MessageId {
        let bytes = random_bytes();
        MessageId::from_bytes(
            uuid::Builder::from_unix_timestamp_millis(now_ms, &bytes).into_uuid().into_bytes(),
        )
    }

    fn random(&self) -> u64 {
        u64::from_be_bytes(random_bytes())
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
