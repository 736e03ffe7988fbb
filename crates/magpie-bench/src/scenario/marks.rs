//! Delivery marks of receivers: collected and sent at most every 200 ms by each, as the protocol
//! asks of clients, spread over that time.

use anyhow::{Result, bail};

use crate::engine::{
    Net,
    protocol::{Ability, Place},
};

const PERIOD_US: u64 = 200_000;
/// The receivers take their turns in this many groups.
const GROUPS: u64 = 20;

/// What each connection has to mark.
#[derive(Debug)]
pub(crate) struct Marks {
    is_on: bool,
    newest: Vec<Option<Place>>,
    group: u64,
    next_us: u64,
}

impl Marks {
    /// Nothing to mark; stays so when it is off.
    pub(crate) fn new(is_on: bool) -> Self {
        Self { is_on, newest: Vec::new(), group: 0, next_us: 0 }
    }

    /// A message arrived on a connection.
    pub(crate) fn arrived(&mut self, id: usize, place: Option<Place>) {
        if !self.is_on {
            return;
        }
        if self.newest.len() <= id {
            self.newest.resize(id + 1, None);
        }
        self.newest[id] = place;
    }

    /// Sends the marks of the connections whose turn it is; gives when to ask again.
    pub(crate) fn turn(&mut self, net: &mut Net, now_us: u64) -> Result<u64> {
        if !self.is_on {
            return Ok(u64::MAX);
        }
        if now_us < self.next_us {
            return Ok(self.next_us);
        }
        self.next_us = now_us + PERIOD_US / GROUPS;
        self.group = (self.group + 1) % GROUPS;
        let groups = usize::try_from(GROUPS)?;
        let protocol = net.protocol.clone();
        for id in (usize::try_from(self.group)?..self.newest.len()).step_by(groups) {
            let Some(place) = self.newest[id].take() else { continue };
            if protocol.receipt(&[place], net.outbox(id)) == Ability::Absent {
                bail!("{} has no delivery marks: run without --receipts", protocol.name());
            }
        }
        Ok(self.next_us)
    }
}
