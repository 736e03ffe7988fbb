//! The node's index: user -> connections. Lanes ask it whom an event reaches; registering applies
//! the device policy. Sharded by user; a lock is held for a look-up, never over I/O.

use std::{
    hash::{BuildHasher, RandomState},
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
    conn::{Conn, ConnId},
    limiter::Bucket,
};

const SHARDS: usize = 64;

/// Connections of one user, oldest first.
pub type Conns = SmallVec<[Arc<Conn>; 1]>;

/// Buckets of a shard that are kept though their users are gone, before they are looked through.
const SPARE_BUCKETS_MAX: usize = 1_024;

#[derive(Default)]
struct Shard {
    users: AHashMap<UserId, Conns>,
    /// Rates of users, kept for a while after the last connection: a new socket is no new rate.
    buckets: AHashMap<UserId, Arc<Bucket>>,
    /// Followers of a user's presence.
    watchers: AHashMap<UserId, Conns>,
}

/// The index.
pub struct Hub {
    shards: Box<[RwLock<Shard>]>,
    hasher: RandomState,
    /// Connected agents: they hear every desk conversation.
    agents: RwLock<AHashMap<ConnId, Arc<Conn>>>,
    /// Connections by protocol: native first, then the dialects in their order.
    counts: [AtomicU64; 6],
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            hasher: RandomState::new(),
            agents: RwLock::default(),
            counts: Default::default(),
        }
    }
}

impl Hub {
    fn shard(&self, user: &UserId) -> &RwLock<Shard> {
        let hash = self.hasher.hash_one(user.as_str());
        &self.shards[usize::try_from(hash % SHARDS as u64).unwrap_or_default()]
    }

    /// The bucket that all connections of a user share.
    #[must_use]
    pub fn bucket(&self, user: &UserId) -> Arc<Bucket> {
        if let Some(bucket) = self.shard(user).read().buckets.get(user) {
            return bucket.clone();
        }
        let mut shard = self.shard(user).write();
        let shard = &mut *shard;
        if shard.buckets.len() >= shard.users.len() + SPARE_BUCKETS_MAX {
            shard.buckets.retain(|_, bucket| Arc::strong_count(bucket) > 1);
        }
        shard.buckets.entry(user.clone()).or_default().clone()
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
        let mut shard = self.shard(&identity.caller.user).write();
        let conns = shard.users.entry(identity.caller.user.clone()).or_default();
        if conn.dialect().is_none() {
            make_room(conns, conn, native_max);
        }
        conns.push(conn.clone());
        let first = conns.len() == 1;
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
        let mut shard = self.shard(&identity.caller.user).write();
        let Some(conns) = shard.users.get_mut(&identity.caller.user) else { return false };
        let before = conns.len();
        conns.retain(|other| other.id != conn.id);
        let removed = conns.len() < before;
        let last = removed && conns.is_empty();
        if last {
            shard.users.remove(&identity.caller.user);
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
        self.shard(user).read().users.get(user).cloned().unwrap_or_default()
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

/// The device policy of native connections.
fn make_room(conns: &Conns, new: &Arc<Conn>, native_max: usize) {
    let place = |conn: &Conn| conn.identity().map(|identity| identity.place.clone());
    let new_place = place(new).unwrap_or_default();
    let same_page = |conn: &Arc<Conn>| {
        !new_place.device.is_empty()
            && !new_place.instance.is_empty()
            && place(conn)
                .is_some_and(|p| p.device == new_place.device && p.instance == new_place.instance)
    };
    let mut others: SmallVec<[&Arc<Conn>; 8]> = SmallVec::new();
    for conn in conns.iter().filter(|c| c.dialect().is_none() && c.outbox.ending().is_none()) {
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
            .min_by_key(|(_, conn)| conn.heard_ms.load(Ordering::Relaxed))
            .map_or(0, |(index, _)| index);
        others.remove(quietest).outbox.end(CloseCode::DeviceLimit);
    }
}

fn count_index(dialect: Option<Dialect>) -> usize {
    dialect.and_then(|d| Dialect::ALL.iter().position(|other| *other == d)).map_or(0, |i| i + 1)
}

impl Presence for Hub {
    fn connections(&self, user: &UserId) -> u32 {
        let shard = self.shard(user).read();
        shard.users.get(user).map_or(0, |conns| u32::try_from(conns.len()).unwrap_or(u32::MAX))
    }

    fn reach(&self, user: &UserId, channel: &str) -> u32 {
        let reached = |conn: &&Arc<Conn>| match conn.dialect() {
            None => true,
            Some(Dialect::Carwash) => conn
                .identity()
                .is_some_and(|identity| identity.place.channel.as_deref() == Some(channel)),
            Some(_) => false,
        };
        u32::try_from(self.of(user).iter().filter(reached).count()).unwrap_or(u32::MAX)
    }

    fn count(&self, dialect: Option<Dialect>) -> u64 {
        match dialect {
            Some(_) => self.counts[count_index(dialect)].load(Ordering::Relaxed),
            None => self.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum(),
        }
    }

    fn online(&self, after: Option<&UserId>, limit: usize) -> Vec<Online> {
        let mut online = Vec::new();
        for shard in &self.shards {
            for (user, conns) in &shard.read().users {
                if after.is_none_or(|after| user > after) {
                    let connections = u32::try_from(conns.len()).unwrap_or(u32::MAX);
                    online.push(Online { user: user.clone(), connections });
                }
            }
        }
        online.sort_by(|a, b| a.user.cmp(&b.user));
        online.truncate(limit);
        online
    }
}
