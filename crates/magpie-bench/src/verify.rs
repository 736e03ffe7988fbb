//! What became of every message: sent, acknowledged, delivered, lost, doubled, out of order.
//! Each sender numbers what it writes to each receiver; this book compares.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

/// Counts of a run; part of every result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// Messages written.
    pub(crate) sent: u64,
    /// Sends that were answered as stored.
    pub(crate) acked: u64,
    /// Messages that arrived, each counted once for each of its receivers.
    pub(crate) delivered: u64,
    /// Messages that should have arrived and did not.
    pub(crate) lost: u64,
    /// Messages that arrived again.
    pub(crate) duplicated: u64,
    /// Messages that arrived after a later one.
    pub(crate) reordered: u64,
}

impl std::ops::Add for Verdict {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            acked: self.acked + other.acked,
            delivered: self.delivered + other.delivered,
            lost: self.lost + other.lost,
            duplicated: self.duplicated + other.duplicated,
            reordered: self.reordered + other.reordered,
        }
    }
}

impl Verdict {
    /// Whether every message arrived once and in order.
    pub(crate) fn is_clean(&self) -> bool {
        self.lost == 0 && self.duplicated == 0 && self.reordered == 0
    }
}

/// One sender's messages to one receiver.
#[derive(Debug, Default)]
struct Flow {
    sent: u64,
    /// The next number that is in order.
    next: u64,
    /// Numbers below `next` that have not arrived.
    missing: BTreeSet<u64>,
}

/// The book of all flows.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    flows: Vec<Flow>,
    index: HashMap<(u32, u32), usize, std::hash::BuildHasherDefault<PairHasher>>,
    verdict: Verdict,
}

impl Ledger {
    /// The number of the next message of this sender to this receiver, and that it is sent.
    pub(crate) fn sent(&mut self, from: u32, to: u32) -> u32 {
        self.verdict.sent += 1;
        self.due(from, to)
    }

    /// A message of `from` will also reach `to`: for messages with many receivers, of which
    /// [`Ledger::wrote`] counts the writing once.
    pub(crate) fn due(&mut self, from: u32, to: u32) -> u32 {
        let flow = self.flow(from, to);
        flow.sent += 1;
        u32::try_from(flow.sent - 1).unwrap_or(u32::MAX)
    }

    /// Counts one message that was written.
    pub(crate) fn wrote(&mut self) {
        self.verdict.sent += 1;
    }

    /// A send was answered as stored.
    pub(crate) fn acked(&mut self) {
        self.verdict.acked += 1;
    }

    /// A message arrived. Says whether it arrived for the first time.
    pub(crate) fn delivered(&mut self, from: u32, to: u32, number: u32) -> bool {
        let number = u64::from(number);
        let flow = self.flow(from, to);
        let is_late = number < flow.next;
        if is_late && !flow.missing.remove(&number) {
            self.verdict.duplicated += 1;
            return false;
        }
        if !is_late {
            let skipped = flow.next..number;
            flow.missing.extend(skipped);
            flow.next = number + 1;
        }
        self.verdict.reordered += u64::from(is_late);
        self.verdict.delivered += 1;
        true
    }

    /// Counts so far. Everything written and not arrived counts as lost, so ask at the end.
    pub(crate) fn verdict(&self) -> Verdict {
        let missing = |flow: &Flow| flow.sent.saturating_sub(flow.next) + flow.missing.len() as u64;
        Verdict { lost: self.flows.iter().map(missing).sum(), ..self.verdict }
    }

    /// Messages sent and delivered so far, cheaply.
    pub(crate) fn counts(&self) -> Verdict {
        self.verdict
    }

    fn flow(&mut self, from: u32, to: u32) -> &mut Flow {
        let flows = &mut self.flows;
        let index = *self.index.entry((from, to)).or_insert_with(|| {
            flows.push(Flow::default());
            flows.len() - 1
        });
        &mut self.flows[index]
    }
}

/// Multiplies: the keys are small numbers that nobody chooses against us.
#[derive(Debug, Default)]
struct PairHasher(u64);

impl std::hash::Hasher for PairHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = (self.0.rotate_left(32) ^ u64::from(value)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends five from 1 to 2 and delivers these.
    fn after(numbers: &[u32]) -> Verdict {
        let mut ledger = Ledger::default();
        for wanted in 0..5 {
            assert_eq!(ledger.sent(1, 2), wanted);
            ledger.acked();
        }
        for number in numbers {
            ledger.delivered(1, 2, *number);
        }
        ledger.verdict()
    }

    fn verdict(delivered: u64, lost: u64, duplicated: u64, reordered: u64) -> Verdict {
        Verdict { sent: 5, acked: 5, delivered, lost, duplicated, reordered }
    }

    #[test]
    fn all_in_order_is_clean() {
        assert_eq!(after(&[0, 1, 2, 3, 4]), verdict(5, 0, 0, 0));
        assert!(after(&[0, 1, 2, 3, 4]).is_clean());
    }

    #[test]
    fn a_dropped_delivery_is_lost_wherever_it_stood() {
        assert_eq!(after(&[1, 2, 3, 4]), verdict(4, 1, 0, 0));
        assert_eq!(after(&[0, 1, 3, 4]), verdict(4, 1, 0, 0));
        assert_eq!(after(&[0, 1, 2, 3]), verdict(4, 1, 0, 0));
        assert_eq!(after(&[]), verdict(0, 5, 0, 0));
        assert!(!after(&[0, 1, 2, 3]).is_clean());
    }

    #[test]
    fn a_repeat_is_counted_and_is_no_delivery() {
        assert_eq!(after(&[0, 0, 1, 2, 3, 4, 2]), verdict(5, 0, 2, 0));
        assert!(!after(&[0, 0, 1, 2, 3, 4]).is_clean());
    }

    #[test]
    fn one_that_comes_after_a_later_one_is_reordered_and_not_lost() {
        assert_eq!(after(&[0, 2, 1, 3, 4]), verdict(5, 0, 0, 1));
        assert_eq!(after(&[4, 0, 1, 2, 3]), verdict(5, 0, 0, 4));
        assert!(!after(&[0, 2, 1, 3, 4]).is_clean());
    }

    #[test]
    fn flows_do_not_mix() {
        let mut ledger = Ledger::default();
        assert_eq!((ledger.sent(1, 2), ledger.sent(2, 1), ledger.sent(1, 2)), (0, 0, 1));
        assert!(ledger.delivered(1, 2, 0) && ledger.delivered(2, 1, 0));
        assert_eq!(ledger.verdict().lost, 1);
    }

    #[test]
    fn a_message_with_many_receivers_is_written_once_and_owed_to_each() {
        let mut ledger = Ledger::default();
        ledger.wrote();
        assert_eq!((ledger.due(1, 2), ledger.due(1, 3)), (0, 0));
        ledger.delivered(1, 3, 0);
        assert_eq!(
            ledger.verdict(),
            Verdict { sent: 1, delivered: 1, lost: 1, ..Verdict::default() }
        );
    }
}
