//! The sockets of one runtime in a dense array, and beside it the second at which each is to be
//! looked at: a sweep reads four bytes per socket and touches only those that are due.

use std::sync::{Arc, atomic::Ordering};

use parking_lot::Mutex;

use crate::conn::Conn;

/// The place of a connection that is in no roster.
pub(crate) const NOWHERE: u32 = u32::MAX;
/// Not due until somebody says so.
const NEVER_S: u32 = u32::MAX;
/// Room that is kept however few sockets are left.
const ROOM_MIN: usize = 1_024;

/// Sockets of one runtime.
#[derive(Default)]
pub struct Roster {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    conns: Vec<Arc<Conn>>,
    /// Second of uptime at which the socket of the same index is due.
    due_s: Vec<u32>,
}

impl Inner {
    /// Where the connection stands. Its own note of that is read and written under the lock only.
    fn index(&self, conn: &Conn) -> Option<usize> {
        let place = conn.place_in_roster.load(Ordering::Relaxed);
        let index = usize::try_from(place).ok()?;
        self.conns.get(index).filter(|found| found.id == conn.id).map(|_| index)
    }
}

impl Roster {
    /// Adds a connection, due at once.
    pub(crate) fn add(&self, conn: &Arc<Conn>) {
        let mut inner = self.inner.lock();
        let place = u32::try_from(inner.conns.len()).unwrap_or(NOWHERE);
        conn.place_in_roster.store(place, Ordering::Relaxed);
        inner.conns.push(conn.clone());
        inner.due_s.push(0);
    }

    /// Removes a connection; false when it was not here (any more).
    pub(crate) fn remove(&self, conn: &Conn) -> bool {
        let mut inner = self.inner.lock();
        let Some(index) = inner.index(conn) else { return false };
        let gone = inner.conns.swap_remove(index);
        inner.due_s.swap_remove(index);
        gone.place_in_roster.store(NOWHERE, Ordering::Relaxed);
        if let Some(moved) = inner.conns.get(index) {
            moved.place_in_roster.store(u32::try_from(index).unwrap_or(NOWHERE), Ordering::Relaxed);
        }
        if inner.conns.len() < inner.conns.capacity() / 4 {
            let room = ROOM_MIN.max(inner.conns.len() * 2);
            inner.conns.shrink_to(room);
            inner.due_s.shrink_to(room);
        }
        true
    }

    /// Whether the connection is here.
    pub(crate) fn holds(&self, conn: &Conn) -> bool {
        self.inner.lock().index(conn).is_some()
    }

    /// Those that are due. Each is due again when [`Self::look_at`] says so.
    pub(crate) fn take_due(&self, now_ms: u64) -> Vec<Arc<Conn>> {
        let now_s = second(now_ms);
        let mut inner = self.inner.lock();
        let Inner { conns, due_s } = &mut *inner;
        let due = due_s.iter_mut().zip(conns).filter(|(due_s, _)| **due_s <= now_s);
        due.map(|(due_s, conn)| {
            *due_s = NEVER_S;
            conn.clone()
        })
        .collect()
    }

    /// The connection is to be looked at by then, or earlier if that was said before.
    pub(crate) fn look_at(&self, conn: &Conn, at_ms: u64) {
        let mut inner = self.inner.lock();
        if let Some(index) = inner.index(conn) {
            inner.due_s[index] = inner.due_s[index].min(second(at_ms));
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Conn>> {
        self.inner.lock().conns.clone()
    }
}

/// Rounded down: a look that comes early is cheap, one that comes late is late.
fn second(at_ms: u64) -> u32 {
    u32::try_from(at_ms / 1_000).unwrap_or(NEVER_S - 1)
}
