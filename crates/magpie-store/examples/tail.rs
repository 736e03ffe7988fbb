//! Leaves a store as a crash does: `tail DIR [MIB]` appends until so much (120 MiB) waits in the
//! journal that SQLite does not have, then dies. For measurements of a start that has to replay.
#![allow(clippy::print_stdout, reason = "a tool says what it left")]

use std::{
    error::Error,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
    time::Duration,
};

use magpie_core::port::store::{
    Append, CommitSink, Committed, Guard, Op, Origin, Place, Store as _, UserPatch, Write,
};
use magpie_proto::{Body, MessageId, UserId};
use magpie_store::{OpenOptions, SqliteStore};

const USERS: u64 = 2_000;
const BATCH_LEN: u64 = 1_000;

/// Tells how many writes each commit held.
struct Told(SyncSender<usize>);

impl CommitSink for Told {
    fn committed(&self, batch: Vec<Committed>, _position: u64) {
        // Nobody listens any more when the process is about to die.
        let _ = self.0.send(batch.iter().filter(|done| done.result.is_ok()).count());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: tail DIR [MIB]")?);
    let mib: usize = arguments.next().map_or(Ok(120), |text| text.parse())?;
    let (told, commits) = sync_channel(1_024);
    let options = OpenOptions {
        apply_patience: Duration::from_secs(3_600),
        tail_bytes_max: usize::MAX,
        ..OpenOptions::new(&folder, 7)
    };
    let store = SqliteStore::open(options, Arc::new(Told(told)))?;
    for number in 0..USERS {
        submit(&store, user(number)?)?;
    }
    let (mut sent, mut done) = (0, 0);
    while store.tail_bytes() < mib << 20 {
        for _ in 0..BATCH_LEN {
            submit(&store, message(sent)?)?;
            sent += 1;
        }
        while done + 4 * BATCH_LEN < sent {
            done += commits.recv()? as u64;
        }
    }
    println!("{sent} messages, {} MiB in the tail", store.tail_bytes() >> 20);
    std::process::abort()
}

fn submit(store: &SqliteStore, op: Op) -> Result<(), Box<dyn Error>> {
    Ok(store.submit(Write { op, origin: Origin::None })?)
}

fn user_id(number: u64) -> Result<UserId, Box<dyn Error>> {
    Ok(UserId::parse(&format!("tail{number}"))?)
}

fn user(number: u64) -> Result<Op, Box<dyn Error>> {
    let (name, avatar, role, banned) = (None, None, None, None);
    Ok(Op::PutUser(UserPatch { id: user_id(number)?, name, avatar, role, banned, now_ms: 1 }))
}

fn message(number: u64) -> Result<Op, Box<dyn Error>> {
    let sender = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    Ok(Op::Append(Append {
        place: Place::Direct(user_id((sender + 1 + sender / USERS % 5) % USERS)?),
        sender: user_id(sender % USERS)?,
        client_msg_id: Some(format!("tail {number:016x}").into()),
        body: Body::text("鹊桥:消息先落盘,再确认;断线之后一次补齐,不多也不少,先后也不乱。"),
        id: MessageId::from_bytes((u128::from(number) << 64).to_be_bytes()),
        sent_ms: 1_800_000_000_000 + number,
        guard: Guard::default(),
    }))
}
