//! Seats: how many sockets of one user a dialect has let in. Taken before the handshake is
//! answered and given back when the connection is forgotten, so that a burst cannot overshoot.

use std::sync::Arc;

use ahash::AHashMap;
use magpie_proto::UserId;
use parking_lot::Mutex;

/// Taken seats by user.
#[derive(Debug, Default)]
pub struct Seats {
    taken: Mutex<AHashMap<UserId, usize>>,
}

/// One taken seat; given back when dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    user: UserId,
}

impl Seats {
    /// A seat for `user`, unless `max` are taken.
    pub fn take(self: &Arc<Self>, user: &UserId, max: usize) -> Option<Arc<Seat>> {
        let mut taken = self.taken.lock();
        let count = taken.entry(user.clone()).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(Arc::new(Seat { seats: self.clone(), user: user.clone() }))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        if let Some(count) = taken.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_full_house_has_room_again_when_someone_leaves() {
        let seats = Arc::new(Seats::default());
        let user = UserId::parse("B").unwrap();
        let mut held: Vec<_> = (0..32).map(|_| seats.take(&user, 32).unwrap()).collect();
        assert!(seats.take(&user, 32).is_none());
        held.pop();
        assert!(seats.take(&user, 32).is_some());
        drop(held);
        assert!(seats.taken.lock().is_empty());
    }
}
