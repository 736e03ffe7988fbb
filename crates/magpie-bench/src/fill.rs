//! `magpie-bench fill`: makes a store that has been in use for years, in minutes. The same
//! arguments give the same content on every machine; nothing here asks a clock for what it writes.

pub(crate) mod body;
pub(crate) mod dice;
pub(crate) mod town;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use magpie_proto::{Body, MessageId, UserId};
use magpie_store::sqlite::{self, Bulk, BulkConversation, BulkMessage, BulkUser};
use serde_json::{Value, json};

use crate::engine::clock::Clock;
use dice::Dice;
use town::Town;

/// Every store begins at the same moment and ends less than two years later.
const BEGIN_MS: u64 = 1_700_000_000_000;
const SPAN_MS: u64 = 600 * 24 * 3_600_000;

/// What to fill.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Fill {
    /// Data directory; it must not hold a store yet.
    pub(crate) dir: PathBuf,
    /// How many messages.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) messages: u64,
    /// How many direct conversations; each gets a message at least.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) conversations: u64,
    /// Another number gives other content.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// All conversations alike, instead of a few that get most.
    #[arg(long)]
    pub(crate) uniform: bool,
    /// Also look for damage, as `magpie check` does, and tell where the bytes lie.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Fills, and gives the line to print.
pub(crate) fn run(fill: &Fill) -> Result<Value> {
    let clock = Clock::start();
    ensure!(
        fill.conversations > 0 && fill.messages >= fill.conversations,
        "{} messages are not enough for {} conversations: each has one at least",
        fill.messages,
        fill.conversations
    );
    write(fill).with_context(|| format!("cannot fill {}", fill.dir.display()))?;
    let wall_s = clock.now_s();
    let bytes = std::fs::metadata(fill.dir.join(sqlite::DATABASE))?.len();
    let mut line = json!({
        "filled": fill.dir.display().to_string(),
        "messages": fill.messages,
        "conversations": fill.conversations,
        "seed": fill.seed,
        "skewed": !fill.uniform,
        "body_bytes": body::BYTES,
        "wall_s": wall_s,
        "messages_per_s": (fill.messages as f64 / wall_s).round(),
        "bytes_per_message": bytes as f64 / fill.messages as f64,
    });
    if fill.check {
        let report = sqlite::check(&fill.dir)?;
        line["problems"] = report.problems.len().into();
        line["where"] = sizes(&fill.dir, fill.messages)?;
        ensure!(report.problems.is_empty(), "the store is damaged: {:?}", report.problems);
    }
    Ok(line)
}

/// Bytes per message of each table and index.
fn sizes(dir: &Path, messages: u64) -> Result<Value> {
    let each = |bytes: u64| (bytes as f64 / messages as f64 * 100.0).round() / 100.0;
    let sizes = sqlite::sizes(dir)?;
    let rows = sizes.iter().filter(|size| size.entries > 0).map(|size| {
        json!({
            "name": size.name,
            "entries": size.entries,
            "bytes_per_message": each(size.bytes),
            "payload_bytes_per_message": each(size.payload_bytes),
            "unused_bytes_per_message": each(size.unused_bytes),
        })
    });
    Ok(rows.collect())
}

/// A conversation in the making.
struct Pair {
    conversation: BulkConversation,
    users: [BulkUser; 2],
    last: Option<usize>,
}

fn write(fill: &Fill) -> Result<()> {
    let town = Town::new(fill.conversations, fill.messages, fill.uniform);
    let mut bulk = Bulk::create(&fill.dir, fill.seed)?;
    let mut users = Vec::new();
    for number in 0..town.users {
        let id = UserId::parse(&town::user(number))?;
        users.push(bulk.user(id, &body::name(number), BEGIN_MS)?);
    }
    let mut pairs = Vec::new();
    for number in 0..fill.conversations {
        let users = town.pair(number).map(|user| users.get(usize::try_from(user).ok()?).copied());
        let [Some(one), Some(other)] = users else { anyhow::bail!("a pair outside the town") };
        let conversation = bulk.direct(one, other)?;
        pairs.push(Pair { conversation, users: [one, other], last: None });
    }
    let mut dice = Dice::new(fill.seed);
    for number in 0..fill.messages {
        let chosen = town.conversation(number, &mut dice);
        let pair = usize::try_from(chosen).ok().and_then(|chosen| pairs.get_mut(chosen));
        let pair = pair.context("a conversation outside the town")?;
        send(&mut bulk, pair, BEGIN_MS + SPAN_MS / fill.messages * number, &mut dice)?;
    }
    for pair in &pairs {
        // Two thirds of what lies there has been read by those who did not write it.
        if let Some(last) = pair.last
            && dice.below(3) > 0
        {
            bulk.read(pair.conversation, pair.users[1 - last])?;
        }
    }
    bulk.finish()?;
    Ok(())
}

/// Whoever answers has read before.
fn send(bulk: &mut Bulk, pair: &mut Pair, sent_ms: u64, dice: &mut Dice) -> Result<()> {
    let side = usize::from(dice.below(2) == 1);
    if pair.last == Some(1 - side) {
        bulk.read(pair.conversation, pair.users[side])?;
    }
    let message = BulkMessage {
        id: message_id(sent_ms, dice),
        // As long as the keys of the chat page.
        client_msg_id: Some(&format!("{:016x}{:016x}", dice.next(), dice.next())),
        body: &Body::from_stored(body::text(dice).into()),
        sent_ms,
    };
    bulk.message(pair.conversation, pair.users[side], &message)?;
    pair.last = Some(side);
    Ok(())
}

/// A UUID of version 7.
fn message_id(sent_ms: u64, dice: &mut Dice) -> MessageId {
    let high = (sent_ms << 16) | 0x7000 | (dice.next() >> 52);
    let low = (dice.next() >> 2) | 1 << 63;
    MessageId::from_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn fill(folder: &Path, seed: u64) -> Vec<u8> {
        let fill = Fill {
            dir: folder.join(format!("s{seed}")),
            messages: 3_000,
            conversations: 400,
            seed,
            uniform: false,
            check: true,
        };
        let line = run(&fill).unwrap();
        assert_eq!(line["problems"], 0);
        assert_eq!(line["where"][0]["name"], "messages");
        std::fs::read(fill.dir.join(sqlite::DATABASE)).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_store_and_another_seed_another() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = fill(one.path(), 1);
        assert!(first == fill(other.path(), 1), "not a byte differs");
        assert!(first != fill(one.path(), 2));
    }

    #[test]
    fn too_few_messages_are_refused_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("s");
        let fill =
            Fill { dir, messages: 5, conversations: 6, seed: 1, uniform: false, check: false };
        let error = run(&fill).unwrap_err().to_string();
        assert!(error.contains("5 messages are not enough for 6 conversations"), "{error}");
        assert!(!fill.dir.exists());
    }

    #[test]
    fn a_message_id_sorts_by_time_and_says_version_7() {
        let mut dice = Dice::new(1);
        let [one, two] = [1_000, 1_001].map(|ms| message_id(BEGIN_MS + ms, &mut dice).to_bytes());
        assert!(one < two);
        assert_eq!((one[6] >> 4, one[8] >> 6), (7, 2));
    }
}
