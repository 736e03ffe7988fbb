//! Which idempotency keys may have been used: a filter in memory that says "never" for nearly all
//! fresh ones, so that an append need not ask SQLite, however much is stored. A Bloom filter of
//! blocks: wrong only in saying "perhaps", which costs the look-up that it saves elsewhere. Says
//! nothing until it has read the keys of the messages that were there before.

use std::sync::atomic::{AtomicBool, Ordering};

use ahash::RandomState;
use magpie_proto::ConversationId;
use parking_lot::Mutex;
use rusqlite::{Connection, Result, params};

use crate::effect::UserNo;

/// Words of a block: one line of the processor's cache.
const BLOCK_WORDS: usize = 8;
/// Bits that a key sets in its block.
const PROBES: u32 = 4;
/// At ten bits a key fewer than one fresh key in twenty is looked up in vain.
const BITS_PER_KEY: u64 = 10;
/// Room for new keys beside those that are stored. Untouched memory costs nothing.
const NEW_KEYS: u64 = 4 << 20;
/// Room for so many keys at most: 160 MiB. Beyond, more are looked up in vain.
const KEYS_MAX: u64 = 128 << 20;
/// Keys read at once: short reads keep SQLite's log from growing.
const KEYS_PER_READ: u32 = 10_000;

pub(crate) struct Keys {
    hasher: RandomState,
    words: Mutex<Vec<u64>>,
    blocks: u64,
    /// Every key that was stored before is in here.
    complete: AtomicBool,
    stop: AtomicBool,
}

impl Keys {
    /// A filter for a store with about so many messages.
    pub(crate) fn new(stored: u64) -> Self {
        Self::with_room(stored, stored.saturating_add(NEW_KEYS).min(KEYS_MAX))
    }

    fn with_room(stored: u64, keys: u64) -> Self {
        let blocks = (keys * BITS_PER_KEY).div_ceil(BLOCK_WORDS as u64 * 64);
        let words = usize::try_from(blocks).unwrap_or(1) * BLOCK_WORDS;
        Self {
            hasher: RandomState::new(),
            // Asked for as zeros, so that memory is taken only where a bit is set.
            words: Mutex::new(vec![0; words]),
            blocks,
            complete: AtomicBool::new(stored == 0),
            stop: AtomicBool::new(false),
        }
    }

    /// Where a key's block begins, and the bits of its probes.
    fn place(&self, id: ConversationId, sender: UserNo, key: &str) -> (usize, u64) {
        let hash = self.hasher.hash_one((id, sender, key));
        // The upper half chooses the block without a division, the lower half the bits.
        let block = ((hash >> 32) * self.blocks) >> 32;
        (usize::try_from(block).unwrap_or(0) * BLOCK_WORDS, hash)
    }

    /// The words and masks of the probes: nine bits of the hash each.
    fn probes(start: usize, hash: u64) -> impl Iterator<Item = (usize, u64)> {
        (0..PROBES).map(move |probe| {
            let bits = (hash >> (probe * 8)) & 0x1ff;
            (start + usize::try_from(bits >> 6).unwrap_or(0), 1_u64 << (bits & 63))
        })
    }

    /// The key is used from here on.
    pub(crate) fn add(&self, id: ConversationId, sender: UserNo, key: &str) {
        let (start, hash) = self.place(id, sender, key);
        let mut words = self.words.lock();
        for (word, mask) in Self::probes(start, hash) {
            words[word] |= mask;
        }
    }

    /// Whether the key may have been used.
    pub(crate) fn may_hold(&self, id: ConversationId, sender: UserNo, key: &str) -> bool {
        if !self.complete.load(Ordering::Acquire) {
            return true;
        }
        let (start, hash) = self.place(id, sender, key);
        let words = self.words.lock();
        Self::probes(start, hash).all(|(word, mask)| words[word] & mask != 0)
    }

    /// Learns the keys that SQLite has. What is stored from the start of this process on is added
    /// by the writer, so the two may overlap but never leave a gap.
    pub(crate) fn learn(&self, conn: &Connection) -> Result<()> {
        let mut after = (i64::MIN, 0, String::new());
        while !self.stop.load(Ordering::Relaxed) {
            let Some(last) = self.learn_some(conn, &after)? else {
                self.complete.store(true, Ordering::Release);
                return Ok(());
            };
            after = last;
        }
        Ok(())
    }

    /// Reads on in the order of the index; gives the last key, if there was one.
    fn learn_some(
        &self,
        conn: &Connection,
        after: &(i64, UserNo, String),
    ) -> Result<Option<(i64, UserNo, String)>> {
        let mut statement = conn.prepare_cached(
            "SELECT conversation, sender, client_msg_id FROM messages INDEXED BY messages_by_key
             WHERE client_msg_id IS NOT NULL AND (conversation, sender, client_msg_id) > (?1, ?2, ?3)
             ORDER BY conversation, sender, client_msg_id LIMIT ?4",
        )?;
        let mut rows = statement.query(params![after.0, after.1, after.2, KEYS_PER_READ])?;
        let mut last = (0, 0, String::new());
        let mut some = false;
        while let Some(row) = rows.next()? {
            let key = row.get_ref(2)?.as_str()?;
            (last.0, last.1, some) = (row.get(0)?, row.get(1)?, true);
            last.2.clear();
            last.2.push_str(key);
            self.add(ConversationId::from_i64(last.0), last.1, key);
        }
        Ok(some.then_some(last))
    }

    /// Ends [`Self::learn`] early.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn id(number: i64) -> ConversationId {
        ConversationId::from_i64(number)
    }

    #[test]
    fn a_used_key_is_never_denied_and_of_a_full_filter_few_fresh_ones_are_suspected() {
        let keys = Keys::with_room(0, 100_000);
        for number in 0..100_000 {
            keys.add(id(number % 97), number % 5, &number.to_string());
        }
        assert!((0..100_000).all(|n| keys.may_hold(id(n % 97), n % 5, &n.to_string())));
        let suspected = (100_000..200_000_i64)
            .filter(|n| keys.may_hold(id(n % 97), n % 5, &n.to_string()))
            .count();
        assert!(suspected < 5_000, "{suspected} of 100,000");
    }

    #[test]
    fn it_says_nothing_before_it_knows_what_is_stored() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(include_str!("../../migrations/0001_init.sql")).unwrap();
        let mut insert = conn
            .prepare(
                "INSERT INTO messages (conversation, seq, ver, sender, sent_ms, id, client_msg_id,
                 body) VALUES (?1, ?2, ?2, ?3, 0, x'00', ?4, x'7b7d')",
            )
            .unwrap();
        let count = i64::from(KEYS_PER_READ) * 2 + 7;
        for number in 0..count {
            let key = (number % 3 > 0).then(|| number.to_string());
            insert.execute(params![number % 50, number, number % 7, key]).unwrap();
        }
        let keys = Keys::new(1);
        assert!(keys.may_hold(id(1), 1, "never used"), "not known yet");
        keys.learn(&conn).unwrap();
        assert!(!keys.may_hold(id(1), 1, "never used"));
        for number in (0..count).filter(|number| number % 3 > 0) {
            assert!(keys.may_hold(id(number % 50), number % 7, &number.to_string()), "{number}");
        }
    }
}
