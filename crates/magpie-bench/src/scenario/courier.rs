//! Writes measured messages and books what arrives: what every scenario with messages needs.

use anyhow::{Error, Result, anyhow, bail};

use crate::{
    engine::{
        Net,
        protocol::{Ability, Outgoing, To},
        stamp::{Stamp, TEXT_BYTES, Text},
    },
    verify::Ledger,
};

/// A text to stamp, and the book of all messages.
#[derive(Debug)]
pub(crate) struct Courier {
    /// What became of the messages.
    pub(crate) ledger: Ledger,
    text: Text,
}

impl Courier {
    /// With an empty book.
    pub(crate) fn new() -> Self {
        Self { ledger: Ledger::default(), text: Text::new(TEXT_BYTES) }
    }

    /// Writes a message from a connection to a user.
    pub(crate) fn send(&mut self, net: &mut Net, id: usize, to: u32, due_us: u64) -> Result<()> {
        let number = self.ledger.sent(net.login(id).index, to);
        self.put(net, id, To::User(to), number, due_us)
    }

    /// Writes a message whose number the caller has taken from the book.
    pub(crate) fn put(
        &mut self,
        net: &mut Net,
        id: usize,
        to: To,
        number: u32,
        due_us: u64,
    ) -> Result<()> {
        let from = net.login(id).index;
        let stamp = Stamp { run: net.settings.run, from, number, due_us };
        let text = self.text.with(stamp);
        let message = Outgoing { request: u64::from(number), stamp, to, text };
        let protocol = net.protocol.clone();
        if protocol.send(&message, net.outbox(id)) == Ability::Absent {
            bail!("the protocol {} has no message to {to:?}", protocol.name());
        }
        Ok(())
    }

    /// Books an arrival; `false` for a repeat, and for what an earlier run left in the store.
    pub(crate) fn arrived(&mut self, net: &Net, at: u32, stamp: Stamp) -> bool {
        stamp.run == net.settings.run && self.ledger.delivered(stamp.from, at, stamp.number)
    }

    /// Sent, acknowledged and delivered so far, for a person.
    pub(crate) fn state(&self) -> String {
        let counts = self.ledger.counts();
        format!(
            "{} sent, {} acknowledged, {} delivered",
            counts.sent, counts.acked, counts.delivered
        )
    }
}

/// A refusal ends a run: a load that is not taken is not a fast one.
pub(crate) fn refused(net: &mut Net, id: usize, why: &[u8]) -> Error {
    anyhow!("user {} was refused: {}", net.login(id).index, String::from_utf8_lossy(why))
}

/// An id of a connection or a place in a list as a user's index.
pub(crate) fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
