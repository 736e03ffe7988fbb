//! What the reading scenarios share: a filled store opened in this process, its users, and a
//! closed loop of requests over sockets whose answers have to hold what the store said.

use std::{
    collections::{HashMap, VecDeque},
    path::Path,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use anyhow::{Context as _, Result, bail, ensure};
use magpie_core::{
    model::{Entry, Position},
    port::store::{CommitSink, Committed, ReadFuture, Store as _},
};
use magpie_proto::UserId;
use magpie_store::{OpenOptions, SqliteStore, sqlite::DATABASE};

use super::{Arrival, Bench, Target};
use crate::{
    engine::{
        Actor, Engine, Net, Standstill, Turn, frame,
        latency::Latency,
        protocol::{Incoming, Login},
    },
    server_process::Grant,
    verify::Verdict,
};

/// Most users that are looked at.
const USERS_MAX: usize = 20_000;
const PAGE: u32 = 500;

/// Nobody writes here.
struct Nobody;

impl CommitSink for Nobody {
    fn committed(&self, _batch: Vec<Committed>, _position: Position) {}
}

/// A filled store, opened here. Dropped before a server may open it.
pub(super) struct Shelf {
    /// The store.
    pub(super) store: SqliteStore,
    /// Users that a socket can sign in as: their index in `u0`, `u1`, ... and their id.
    pub(super) users: Vec<(u32, UserId)>,
    /// About how big it is: runs on stores of one size may be compared.
    pub(super) size_mib: u64,
}

/// What serving leaves behind does not make it another store.
const SIZE_STEP_MIB: u64 = 64;

impl Shelf {
    /// Opens the store of `--data`.
    pub(super) fn open(bench: &Bench) -> Result<Self> {
        let Some(dir) = &bench.common.data else {
            bail!("name a filled store with --data DIR: magpie-bench fill DIR makes one");
        };
        Self::of(dir)
    }

    fn of(dir: &Path) -> Result<Self> {
        let store = SqliteStore::open(OpenOptions::new(dir, 1), Arc::new(Nobody))?;
        let mut users = Vec::new();
        let mut after = None;
        while users.len() < USERS_MAX {
            let page = wait(store.users(after, PAGE))?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            let index = |id: &UserId| id.as_str().strip_prefix('u')?.parse().ok();
            users.extend(page.into_iter().filter_map(|user| Some((index(&user.id)?, user.id))));
        }
        ensure!(!users.is_empty(), "{} has no users named u0, u1, ...: fill it", dir.display());
        users.sort_unstable_by_key(|(index, _)| *index);
        let bytes = std::fs::metadata(dir.join(DATABASE))?.len();
        let size_mib = ((bytes >> 20) / SIZE_STEP_MIB + 1) * SIZE_STEP_MIB;
        Ok(Self { store, users, size_mib })
    }

    /// A page of a user's list, and whether there is more.
    pub(super) fn list(&self, user: &UserId, limit: u32) -> Result<(Vec<Entry>, bool)> {
        let page = wait(self.store.inbox(user.clone(), false, None, limit))?;
        Ok((page.entries, page.next.is_some()))
    }
}

/// Waits for a read of the store.
pub(super) fn wait<T>(read: ReadFuture<T>) -> Result<T> {
    struct Parked(Thread);
    impl Wake for Parked {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut read = pin!(read);
    loop {
        match read.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done.context("the store refused a read"),
            Poll::Pending => thread::park(),
        }
    }
}

/// One request over a socket.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    /// Who asks.
    pub(super) user: u32,
    /// The request without its number: `"t":"inbox","limit":200`.
    pub(super) request: String,
    /// What the answer has to hold, and how often.
    pub(super) wanted: (&'static str, usize),
}

/// Asks everything in order, a few at a time.
pub(super) struct Asker {
    /// With the connection of who asks.
    queue: VecDeque<(usize, Ask)>,
    /// By the number of the request.
    under_way: HashMap<u64, (Ask, u64)>,
    open: usize,
    at_once: usize,
    /// How long answers took.
    pub(super) latency: Latency,
    /// Requests, answers, right answers.
    pub(super) verdict: Verdict,
}

impl Asker {
    /// Signs in whoever has something to ask, then asks, so many at once.
    pub(super) fn run(
        bench: &Bench,
        target: &Target,
        asks: Vec<Ask>,
        at_once: usize,
    ) -> Result<Self> {
        let mut users: Vec<u32> = asks.iter().map(|ask| ask.user).collect();
        users.sort_unstable();
        users.dedup();
        let mut logins: Vec<Login> = Vec::new();
        for user in &users {
            logins.extend(bench.logins(target, *user, 1, Grant::default())?);
        }
        let mut engine: Engine = bench.engine(target)?;
        Arrival::of(&mut engine, logins)?;
        let place = |ask: &Ask| users.binary_search(&ask.user).unwrap_or_default();
        let mut asker = Self {
            queue: asks.into_iter().map(|ask| (place(&ask), ask)).collect(),
            under_way: HashMap::new(),
            open: 0,
            at_once: at_once.max(1),
            latency: Latency::new()?,
            verdict: Verdict::default(),
        };
        engine.run(&mut asker)?;
        asker.verdict.lost = asker.verdict.sent - asker.verdict.delivered;
        Ok(asker)
    }

    fn next(&mut self, net: &mut Net) {
        let Some((id, ask)) = self.queue.pop_front() else { return };
        frame::push_with(net.outbox(id), |out| {
            out.extend_from_slice(br#"{"r":"#);
            frame::push_decimal(out, self.verdict.sent);
            out.push(b',');
            out.extend_from_slice(ask.request.as_bytes());
            out.push(b'}');
        });
        self.under_way.insert(self.verdict.sent, (ask, net.now_us()));
        self.verdict.sent += 1;
        self.open += 1;
    }
}

impl Actor for Asker {
    fn incoming(
        &mut self,
        net: &mut Net,
        _id: usize,
        what: Incoming<'_>,
        now_us: u64,
    ) -> Result<()> {
        match what {
            Incoming::Reply { request, payload } => {
                let Some((ask, asked_us)) = self.under_way.remove(&request) else { return Ok(()) };
                self.latency.record(now_us.saturating_sub(asked_us));
                let (needle, times) = ask.wanted;
                let found = memchr::memmem::find_iter(payload, needle).count();
                self.verdict.acked += 1;
                self.verdict.delivered += u64::from(found == times);
                self.open -= 1;
                self.next(net);
                Ok(())
            }
            Incoming::Refused(why) => bail!("refused: {}", String::from_utf8_lossy(why)),
            _ => Ok(()),
        }
    }

    fn turn(&mut self, net: &mut Net, _now_us: u64) -> Result<Turn> {
        while self.open < self.at_once && !self.queue.is_empty() {
            self.next(net);
        }
        Ok(if self.open == 0 { Turn::Done } else { Turn::Until(u64::MAX) })
    }

    fn standstill(&mut self, _: &Net) -> Standstill {
        Standstill::Fail(format!("{} requests have no answer", self.open))
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::fill::{self, Fill};

    /// A small filled store.
    pub(in crate::scenario) fn filled(folder: &Path) -> Shelf {
        let dir = folder.join("store");
        let (messages, conversations) = (5_000, 500);
        let fill = Fill {
            dir: dir.clone(),
            messages,
            conversations,
            seed: 1,
            uniform: false,
            check: false,
        };
        fill::run(&fill).unwrap();
        Shelf::of(&dir).unwrap()
    }

    #[test]
    fn a_filled_store_has_users_with_lists() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = filled(folder.path());
        assert_eq!(shelf.users.len(), 200);
        assert_eq!(shelf.users[7].1.as_str(), "u7");
        let (entries, more) = shelf.list(&shelf.users[0].1, 50).unwrap();
        assert!(more && entries.len() == 50);
    }
}
