//! The store alone: appends in commits of equal size, on an empty store or on one that was filled
//! before with many messages in many conversations.

use std::{path::Path, sync::Arc, time::Duration};

use magpie_core::port::{
    Ids as _, Store as _,
    store::{Append, CommitSink, Guard, Op, Origin, Place, UserPatch, Write},
};
use magpie_proto::Body;
use magpie_store::{OpenOptions, SqliteStore};

use crate::{
    Fault,
    commit::{Gated, Nobody},
    measured::Rounds,
    ports::{CountingIds, scattered},
    session::PAIRS,
    words,
};

/// Users of a filled store. Each writes to five others.
const FILL_USERS: usize = 2_000;
/// Messages in one commit of a filling.
const FILL_BATCH: u64 = 8_192;

/// A store whose commits are made one at a time.
pub struct Stepped {
    /// The store.
    pub store: Arc<SqliteStore>,
    /// Makes its commits.
    pub gated: Arc<Gated>,
}

impl Drop for Stepped {
    /// A store waits for its committer when it closes.
    fn drop(&mut self) {
        self.gated.open();
    }
}

/// More than a run writes: a segment that fills up would call the applier.
const SEGMENT_BYTES: u64 = 32 << 20;
/// Longer than any run.
const APPLY_PATIENCE: Duration = Duration::from_secs(86_400);

/// Opens a store whose commits are made one at a time.
///
/// # Errors
/// The store's reason.
pub fn open(data: &Path, sink: Arc<dyn CommitSink>) -> Result<Stepped, Fault> {
    let gated = Arc::new(Gated::new(sink));
    let mut options = OpenOptions::new(data, 7);
    // What is learned in the background would change the price of an append in mid-count.
    options.learn_keys = false;
    options.batch_len_max = usize::try_from(FILL_BATCH)?;
    // The database gets nothing while a message is counted: when the applier runs is chance, and
    // what it has written changes the price of the next look-up.
    options.apply_patience = APPLY_PATIENCE;
    options.segment_bytes_first = SEGMENT_BYTES;
    let store = Arc::new(SqliteStore::open(options, gated.clone())?);
    Ok(Stepped { store, gated })
}

/// Makes the first `count` users, one commit for the first (which is how the committer comes into
/// the gate) and one for the others.
///
/// # Errors
/// The store's reason.
pub fn make_users(stepped: &Stepped, count: usize) -> Result<(), Fault> {
    for (from, to) in [(0, 1), (1, count)] {
        for number in from..to {
            let id = words::user(number)?;
            let (name, avatar, role, banned) = (None, None, None, None);
            let patch = UserPatch { id, name, avatar, role, banned, now_ms: 1 };
            stepped.store.submit(Write { op: Op::PutUser(patch), origin: Origin::None })?;
        }
        stepped.gated.commit((to - from) as u64);
    }
    Ok(())
}

/// Appends one message to each of the same conversations per round; gives how many were refused.
///
/// # Errors
/// The store's reason.
pub fn run(data: &Path, rounds: Rounds) -> Result<u64, Fault> {
    let stepped = open(data, Arc::new(Nobody))?;
    make_users(&stepped, 2 * PAIRS)?;
    let Stepped { store, gated } = &stepped;
    let (ids, body) = (CountingIds::default(), words::body());
    let mut number = store.position();
    let all = (rounds.warm_up + rounds.short + rounds.long) * PAIRS as u64;
    let writes: Result<Vec<Write>, Fault> = (0..all)
        .map(|_| {
            number += 1;
            let pair = usize::try_from(number)? % PAIRS;
            append(number, (2 * pair, 2 * pair + 1), &body, &ids)
        })
        .collect();
    let mut writes = writes?.into_iter();
    rounds.run(|count| {
        for _ in 0..count {
            writes.by_ref().take(PAIRS).try_for_each(|write| store.submit(write))?;
            gated.commit(PAIRS as u64);
        }
        Ok(())
    })?;
    Ok(gated.refused())
}

/// Fills a store with so many messages, scattered over ten thousand conversations.
///
/// # Errors
/// The store's reason.
pub fn fill(data: &Path, messages: u64) -> Result<(), Fault> {
    let stepped = open(data, Arc::new(Nobody))?;
    make_users(&stepped, FILL_USERS)?;
    let Stepped { store, gated } = &stepped;
    let (ids, body) = (CountingIds::default(), words::body());
    let mut number = 0;
    while number < messages {
        let count = FILL_BATCH.min(messages - number);
        for _ in 0..count {
            number += 1;
            let roll = usize::try_from(scattered(number) >> 16)?;
            let sender = roll % FILL_USERS;
            let peer = (sender + 1 + roll / FILL_USERS % 5) % FILL_USERS;
            store.submit(append(number, (sender, peer), &body, &ids)?)?;
        }
        gated.commit(count);
    }
    if gated.refused() > 0 {
        return Err(format!("the store refused {} of the messages", gated.refused()).into());
    }
    gated.open();
    store.close();
    Ok(())
}

fn append(
    number: u64,
    (sender, peer): (usize, usize),
    body: &Body,
    ids: &CountingIds,
) -> Result<Write, Fault> {
    let sent_ms = 1_800_000_000_000 + number / PAIRS as u64;
    let append = Append {
        place: Place::Direct(words::user(peer)?),
        sender: words::user(sender)?,
        client_msg_id: Some(words::key(number)),
        body: body.clone(),
        id: ids.message_id(sent_ms),
        sent_ms,
        guard: Guard { must_be_member: true, not_blocked: true, ..Guard::default() },
    };
    Ok(Write { op: Op::Append(append), origin: Origin::None })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn appends_to_a_filled_store_are_all_taken() {
        let data = tempfile::tempdir().unwrap();
        fill(data.path(), 1_000).unwrap();
        assert_eq!(run(data.path(), Rounds { warm_up: 1, short: 2, long: 3 }).unwrap(), 0);
    }
}
