//! Gives freed memory back to the system after sockets have come or gone. The allocator keeps
//! what was freed for a while and looks at it again only when it is asked for more; without this
//! a server whose clients have left would stay as large as it was.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
};

use crate::gate::Gate;

/// Fewer comings and goings than this are not worth a look.
const MOVES_MIN: u64 = 256;
/// The allocator keeps memory for a second after it was freed; then it is looked at, twice,
/// because what other threads hold back may be freed by the first look.
const LOOKS: u32 = 2;

/// Watches how many sockets come and go.
pub(crate) struct Slack {
    gate: Arc<Gate>,
    /// Comings and goings when the last look was planned.
    planned: u64,
    /// Comings and goings at the last round.
    seen: u64,
    looks: u32,
    last: Option<JoinHandle<()>>,
}

impl Slack {
    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self { gate, planned: 0, seen: 0, looks: 0, last: None }
    }

    /// Called every two seconds: looks when many sockets have moved and none does any more.
    pub(crate) fn round(&mut self) {
        let moves = self.gate.moves();
        let quiet = moves - self.seen < MOVES_MIN;
        self.seen = moves;
        if moves - self.planned >= MOVES_MIN {
            (self.planned, self.looks) = (moves, LOOKS);
        }
        if quiet && self.looks > 0 {
            self.looks -= 1;
            self.look();
        }
    }

    /// The end of a thread is when the allocator looks through what it holds: there is no safe
    /// call for it.
    fn look(&mut self) {
        if self.last.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        let spawned = thread::Builder::new().name("slack".to_owned()).spawn(|| {
            // A thread that has allocated nothing has nothing to tidy up.
            drop(std::hint::black_box(Box::new([0_u8; 64])));
        });
        self.last = spawned.ok();
    }
}
