//! Prints how many durable messages per second the store alone takes, with 64, 256 and 1,024
//! sends in flight. `append_rate [DIR] [CONVERSATIONS] [SECONDS]`; not a test, nothing is judged.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement prints times")]

use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use magpie_core::port::store::{
    Append, CommitSink, Committed, Guard, Op, Origin, Place, Store, UserPatch, Write,
};
use magpie_proto::{Body, MessageId, UserId};
use magpie_store::{OpenOptions, SqliteStore};

struct Counter(SyncSender<(usize, usize)>);

impl CommitSink for Counter {
    fn committed(&self, batch: Vec<Committed>, _position: u64) {
        let bad = batch.iter().filter(|c| c.result.is_err()).count();
        let _ = self.0.send((batch.len(), bad));
    }
}

struct Load {
    users: Vec<UserId>,
    body: Body,
    sent: u64,
}

impl Load {
    /// The next send: pairs in a scrambled order, the sender of each alternates.
    fn next(&mut self) -> Write {
        self.sent += 1;
        let pairs = self.users.len() as u64 / 2;
        let scrambled = self.sent.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let pair = usize::try_from(scrambled % pairs).unwrap_or(0);
        let flip = usize::try_from(self.sent & 1).unwrap_or(0);
        let (sender, peer) = (&self.users[2 * pair + flip], &self.users[2 * pair + 1 - flip]);
        let mut id = [0_u8; 16];
        id[8..].copy_from_slice(&self.sent.to_be_bytes());
        let append = Append {
            place: Place::Direct(peer.clone()),
            sender: sender.clone(),
            client_msg_id: Some(format!("{:016x}", self.sent.wrapping_mul(0x2545_f491)).into()),
            body: self.body.clone(),
            id: MessageId::from_bytes(id),
            sent_ms: 1_700_000_000_000 + self.sent,
            guard: Guard { must_be_member: true, not_blocked: true, ..Guard::default() },
        };
        Write { op: Op::Append(append), origin: Origin::None }
    }
}

fn submit(store: &SqliteStore, write: Write) {
    if let Err(error) = store.submit(write) {
        println!("refused: {error}");
    }
}

fn create_users(store: &SqliteStore, done: &Receiver<(usize, usize)>, users: &[UserId]) {
    for chunk in users.chunks(8_192) {
        for id in chunk {
            let (name, avatar, role, banned) = (None, None, None, None);
            let patch = UserPatch { id: id.clone(), name, avatar, role, banned, now_ms: 1 };
            submit(store, Write { op: Op::PutUser(patch), origin: Origin::None });
        }
        await_answers(done, chunk.len());
    }
}

fn await_answers(done: &Receiver<(usize, usize)>, mut missing: usize) {
    while missing > 0 {
        let Ok((len, bad)) = done.recv() else { return };
        missing -= len.min(missing);
        if bad > 0 {
            println!("{bad} writes were refused");
        }
    }
}

/// CPU time of this process in microseconds.
fn cpu_us() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .filter_map(|field| field.parse().ok())
        .collect();
    fields.iter().skip(10).take(2).sum::<u64>() * 10_000
}

fn measure(
    store: &SqliteStore,
    done: &Receiver<(usize, usize)>,
    load: &mut Load,
    flight: usize,
    time: Duration,
) {
    let (start, cpu) = (Instant::now(), cpu_us());
    let (mut stored, mut commits) = (0, 0);
    for _ in 0..flight {
        submit(store, load.next());
    }
    while start.elapsed() < time {
        let Ok((len, _)) = done.recv() else { return };
        for _ in 0..len {
            submit(store, load.next());
        }
        (stored, commits) = (stored + len, commits + 1);
    }
    let seconds = start.elapsed().as_secs_f64();
    let used = cpu_us() - cpu;
    await_answers(done, flight);
    println!(
        "in flight {flight:>5}: {:>7.0} messages/s, {:>6.1} a commit, {:>5.1} us CPU each",
        stored as f64 / seconds,
        stored as f64 / f64::from(commits),
        used as f64 / stored as f64
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().map_or_else(|| PathBuf::from("append-rate"), PathBuf::from);
    let conversations: usize = arguments.next().map_or(Ok(100_000), |n| n.parse())?;
    let time = Duration::from_secs(arguments.next().map_or(Ok(5), |n| n.parse())?);
    let (sender, done) = sync_channel(65_536);
    let opened = Instant::now();
    let store = SqliteStore::open(OpenOptions::new(dir, 1), Arc::new(Counter(sender)))?;
    println!("opened in {:.1} ms", opened.elapsed().as_secs_f64() * 1e3);
    let users: Vec<UserId> = (0..2 * conversations)
        .map(|n| UserId::parse(&format!("u{n:07}")))
        .collect::<Result<_, _>>()?;
    create_users(&store, &done, &users);
    let body = Body::text(&"一条普通的消息，大约四十个字。".repeat(3));
    let mut load = Load { users, body, sent: store.position() };
    for flight in [64, 256, 1_024] {
        measure(&store, &done, &mut load, flight, time);
    }
    Ok(())
}
