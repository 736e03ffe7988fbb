//! The node's index: user -> connections. Lanes ask it whom an event reaches; registering applies
//! the device policy. Sharded by user; a lock is held for a look-up, never over I/O.

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use ahash::AHashMap;
use magpie_core::{
    Audience, Dialect,
    port::presence::{Online, Presence},
};
use magpie_proto::{CloseCode, UserId};
use parking_lot::RwLock;
use smallvec::SmallVec;

use crate::{
    conn::{Conn, ConnId, Place},
    limiter::Bucket,
};

const SHARDS: usize = 64;

/// Connections of one user, oldest first.
pub type Conns = SmallVec<[Arc<Conn>; 1]>;

/// Buckets of a shard that are kept though their users are gone, before they are looked through.
const SPARE_BUCKETS_MAX: usize = 1_024;
/// Room that a shard's table keeps however few entries are left.
const ROOM_MIN: usize = 64;

/// By the hash of a user's id, which is made with a secret: the id itself stands in his
/// connections, and a second copy here would cost more than the entry.
type ByHash<V> = HashMap<u64, V, BuildHasherDefault<Hashed>>;

/// Takes what is a hash already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        // Keys are `u64`, which come by `write_u64`; this is for completeness.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Default)]
struct Shard {
    /// Two users with one hash share an entry: whoever reads it looks at the connections' users.
    users: ByHash<Conns>,
    /// Rates of users, kept until they are full again: a new socket is no new rate. Two users
    /// with one hash share a rate; with 64 bits that is not worth a copy of every id.
    buckets: ByHash<Arc<Bucket>>,
    /// Followers of a user's presence.
    watchers: AHashMap<UserId, Conns>,
}

/// Gives room back when most of a table is empty.
fn shrink<V>(table: &mut ByHash<V>) {
    if table.len() < table.capacity() / 4 {
        table.shrink_to(ROOM_MIN.max(table.len() * 2));
    }
}

/// The index.
pub struct Hub {
    shards: Box<[RwLock<Shard>]>,
    hasher: RandomState,
    /// Connected agents: they hear every desk conversation.
    agents: RwLock<AHashMap<ConnId, Arc<Conn>>>,
    /// Kicks that a lane has seen: whoever signs in meanwhile looks again.
    kicks: AtomicU64,
    /// Connections by protocol: native first, then the dialects in their order.
    counts: [AtomicU64; 6],
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            hasher: RandomState::new(),
            agents: RwLock::default(),
            kicks: AtomicU64::new(0),
            counts: Default::default(),
        }
    }
}

impl Hub {
    fn hash(&self, user: &UserId) -> u64 {
        self.hasher.hash_one(user.as_str())
    }

    /// The shard is chosen by the hash's middle: a table uses its ends.
    fn shard_of(&self, hash: u64) -> &RwLock<Shard> {
        &self.shards[usize::try_from((hash >> 32) % SHARDS as u64).unwrap_or_default()]
    }

    fn shard(&self, user: &UserId) -> &RwLock<Shard> {
        self.shard_of(self.hash(user))
    }

    /// How many kicks went by. A sign-in that sees the same number before its first look at the
    /// user and after it is registered was not overtaken by a ban: a later kick finds it here.
    #[must_use]
    pub fn kicks(&self) -> u64 {
        self.kicks.load(Ordering::SeqCst)
    }

    /// Counts a kick; before its receivers are looked up.
    pub fn count_kick(&self) {
        self.kicks.fetch_add(1, Ordering::SeqCst);
    }

    /// The bucket that all connections of a user share.
    #[must_use]
    pub fn bucket(&self, user: &UserId) -> Arc<Bucket> {
        let hash = self.hash(user);
        if let Some(bucket) = self.shard_of(hash).read().buckets.get(&hash) {
            return bucket.clone();
        }
        let mut shard = self.shard_of(hash).write();
        let shard = &mut *shard;
        if shard.buckets.len() >= shard.users.len() + SPARE_BUCKETS_MAX {
            shard.buckets.retain(|_, bucket| Arc::strong_count(bucket) > 1);
        }
        shard.buckets.entry(hash).or_default().clone()
    }

    /// Rates that are remembered: those of connected users, and a bounded number of others.
    #[must_use]
    pub fn buckets_len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().buckets.len()).sum()
    }

    /// Adds an identified connection. A native one replaces the same page of the same device and,
    /// beyond `native_max`, the oldest idle one. Gives whether it is the user's first.
    pub fn add(&self, conn: &Arc<Conn>, native_max: usize) -> bool {
        let Some(identity) = conn.identity() else { return false };
        let user = &identity.caller.user;
        let hash = self.hash(user);
        let mut shard = self.shard_of(hash).write();
        let conns = shard.users.entry(hash).or_default();
        let first = !conns.iter().any(|other| other.user() == Some(user));
        if conn.dialect().is_none() {
            make_room(conns, conn, native_max);
        }
        conns.push(conn.clone());
        drop(shard);
        if identity.caller.is_agent() {
            self.agents.write().insert(conn.id, conn.clone());
        }
        self.counts[count_index(conn.dialect())].fetch_add(1, Ordering::Relaxed);
        first
    }

    /// Removes a connection; gives whether it was the user's last.
    pub fn remove(&self, conn: &Arc<Conn>) -> bool {
        let Some(identity) = conn.identity() else { return false };
        let user = &identity.caller.user;
        let hash = self.hash(user);
        let mut shard = self.shard_of(hash).write();
        let Some(conns) = shard.users.get_mut(&hash) else { return false };
        let before = conns.len();
        conns.retain(|other| other.id != conn.id);
        let removed = conns.len() < before;
        let last = removed && !conns.iter().any(|other| other.user() == Some(user));
        if conns.is_empty() {
            shard.users.remove(&hash);
            shrink(&mut shard.users);
        }
        if last {
            forget_full_bucket(&mut shard.buckets, hash, conn);
        }
        drop(shard);
        if removed {
            self.agents.write().remove(&conn.id);
            self.counts[count_index(conn.dialect())].fetch_sub(1, Ordering::Relaxed);
        }
        last
    }

    /// The connections of a user, oldest first.
    #[must_use]
    pub fn of(&self, user: &UserId) -> Conns {
        let hash = self.hash(user);
        let mut conns = self.shard_of(hash).read().users.get(&hash).cloned().unwrap_or_default();
        conns.retain(|conn| conn.user() == Some(user));
        conns
    }

    /// `conn` follows the presence of `users` from now on, in place of `before`.
    pub fn watch(&self, conn: &Arc<Conn>, users: &[UserId], before: &[UserId]) {
        for user in before {
            let mut shard = self.shard(user).write();
            if let Some(watchers) = shard.watchers.get_mut(user) {
                watchers.retain(|other| other.id != conn.id);
                if watchers.is_empty() {
                    shard.watchers.remove(user);
                }
            }
        }
        for user in users {
            let mut shard = self.shard(user).write();
            let watchers = shard.watchers.entry(user.clone()).or_default();
            // Named twice in one list: the newest entry is his own.
            if watchers.last().is_none_or(|last| last.id != conn.id) {
                watchers.push(conn.clone());
            }
        }
    }

    /// Calls `found` with each group of connections that an audience names: all of one user, or
    /// single ones.
    pub fn receivers(&self, audience: &Audience, mut found: impl FnMut(&[Arc<Conn>])) {
        match audience {
            Audience::Users(users) => {
                for user in users {
                    self.user(user, &mut found);
                }
            }
            Audience::Desk { visitor } => {
                self.user(visitor, &mut found);
                let agents: Vec<_> = self.agents.read().values().cloned().collect();
                for agent in agents {
                    found(std::slice::from_ref(&agent));
                }
            }
            Audience::Watchers(user) => {
                let watchers = self.shard(user).read().watchers.get(user).cloned();
                for watcher in watchers.into_iter().flatten() {
                    found(std::slice::from_ref(&watcher));
                }
            }
            Audience::Dialect(dialect) => self.each(|conns| {
                for conn in conns.iter().filter(|conn| conn.dialect() == Some(*dialect)) {
                    found(std::slice::from_ref(conn));
                }
            }),
            Audience::Everyone => self.each(|conns| {
                for conn in conns {
                    found(std::slice::from_ref(conn));
                }
            }),
            Audience::Nobody => {}
        }
    }

    fn count_of(&self, user: &UserId, wanted: impl Fn(&Conn) -> bool) -> u32 {
        let hash = self.hash(user);
        let shard = self.shard_of(hash).read();
        let conns = shard.users.get(&hash).into_iter().flatten();
        let conns = conns.filter(|conn| conn.user() == Some(user) && wanted(conn));
        u32::try_from(conns.count()).unwrap_or(u32::MAX)
    }

    fn user(&self, user: &UserId, found: &mut impl FnMut(&[Arc<Conn>])) {
        // Clones one or two pointers instead of holding the lock while frames are encoded.
        let conns = self.of(user);
        if !conns.is_empty() {
            found(&conns);
        }
    }

    /// Every user's connections, shard by shard.
    pub fn each(&self, mut found: impl FnMut(&[Arc<Conn>])) {
        for shard in &self.shards {
            let conns: Vec<Conns> = shard.read().users.values().cloned().collect();
            for conns in &conns {
                found(conns);
            }
        }
    }
}

/// A full bucket is as good as a new one. The other users of it are the table and `conn`; a third
/// is a sign-in that has asked for it just now.
fn forget_full_bucket(buckets: &mut ByHash<Arc<Bucket>>, hash: u64, conn: &Conn) {
    let now_ms = conn.gate().core.clock.uptime_ms();
    let forgotten = |bucket: &Arc<Bucket>| Arc::strong_count(bucket) <= 2 && bucket.is_full(now_ms);
    if buckets.get(&hash).is_some_and(forgotten) {
        buckets.remove(&hash);
        shrink(buckets);
    }
}

/// The device policy of native connections.
fn make_room(conns: &Conns, new: &Arc<Conn>, native_max: usize) {
    let Some(identity) = new.identity() else { return };
    let (user, page) = (&identity.caller.user, &identity.place);
    let named = !page.device().is_empty() && !page.instance().is_empty();
    let same_page = |conn: &Arc<Conn>| {
        let place = conn.identity().map(|identity| &identity.place);
        let same = |p: &Place| p.device() == page.device() && p.instance() == page.instance();
        named && place.is_some_and(same)
    };
    let mine = conns.iter().filter(|conn| conn.user() == Some(user));
    let now_ms = new.gate().core.clock.uptime_ms();
    let mut others: SmallVec<[&Arc<Conn>; 8]> = SmallVec::new();
    for conn in mine.filter(|c| c.dialect().is_none() && !c.outbox.is_ending()) {
        if same_page(conn) && conn.id > new.id {
            // The page has gone on: this is its earlier socket, whose sign-in took longer. To end
            // the later one would leave the page without any, and told not to come back.
            new.outbox.end(CloseCode::Replaced);
            return;
        } else if same_page(conn) {
            conn.outbox.end(CloseCode::Replaced);
        } else {
            others.push(conn);
        }
    }
    while others.len() >= native_max.max(1) {
        let quietest = others
            .iter()
            .enumerate()
            .min_by_key(|(_, conn)| std::cmp::Reverse(conn.heard.age_ms(now_ms)))
            .map_or(0, |(index, _)| index);
        others.remove(quietest).outbox.end(CloseCode::DeviceLimit);
    }
}

fn count_index(dialect: Option<Dialect>) -> usize {
    dialect.and_then(|d| Dialect::ALL.iter().position(|other| *other == d)).map_or(0, |i| i + 1)
}

impl Presence for Hub {
    fn connections(&self, user: &UserId) -> u32 {
        self.count_of(user, |_| true)
    }

    fn reach(&self, user: &UserId, channel: &str) -> u32 {
        self.count_of(user, |conn| match conn.dialect() {
            None => true,
            Some(Dialect::Carwash) => {
                conn.identity().is_some_and(|identity| identity.place.channel() == Some(channel))
            }
            Some(_) => false,
        })
    }

    fn count(&self, dialect: Option<Dialect>) -> u64 {
        match dialect {
            Some(_) => self.counts[count_index(dialect)].load(Ordering::Relaxed),
            None => self.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum(),
        }
    }

    fn online(&self, after: Option<&UserId>, limit: usize) -> Vec<Online> {
        let mut counts: AHashMap<UserId, u32> = AHashMap::new();
        for shard in &self.shards {
            for conn in shard.read().users.values().flatten() {
                if let Some(user) = conn.user().filter(|user| after.is_none_or(|a| *user > a)) {
                    *counts.entry(user.clone()).or_default() += 1;
                }
            }
        }
        let online = |(user, connections)| Online { user, connections };
        let mut online: Vec<_> = counts.into_iter().map(online).collect();
        online.sort_by(|a, b| a.user.cmp(&b.user));
        online.truncate(limit);
        online
    }
}
