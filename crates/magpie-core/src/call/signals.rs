//! The signals of one direction of a call: numbered without gaps, the newest kept for a client
//! that comes back. Bounded in number and bytes; the oldest go first.

use std::{collections::VecDeque, sync::Arc};

use super::{SIGNALS_KEPT_BYTES_MAX, SIGNALS_KEPT_MAX};

#[derive(Debug, Default)]
pub(super) struct Signals {
    last: u64,
    kept: VecDeque<(u64, Arc<str>)>,
    bytes: usize,
    /// Found no room on the receiver's connection, and all after it wait.
    pub(super) behind: Option<u64>,
}

impl Signals {
    /// Keeps one; gives its number.
    pub(super) fn push(&mut self, data: Arc<str>) -> u64 {
        self.last += 1;
        self.bytes += data.len();
        self.kept.push_back((self.last, data));
        while self.kept.len() > SIGNALS_KEPT_MAX || self.bytes > SIGNALS_KEPT_BYTES_MAX {
            let Some((_, oldest)) = self.kept.pop_front() else { break };
            self.bytes -= oldest.len();
        }
        self.last
    }

    /// Those above a number, oldest first.
    pub(super) fn after(&self, have: u64) -> impl Iterator<Item = (u64, Arc<str>)> {
        let above = self.kept.iter().filter(move |(number, _)| *number > have);
        above.map(|(number, data)| (*number, data.clone()))
    }

    /// Bytes kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_in_number_and_in_bytes_and_numbers_never_start_again() {
        let mut signals = Signals::default();
        for _ in 0..300 {
            signals.push("{}".into());
        }
        let kept: Vec<u64> = signals.after(0).map(|(number, _)| number).collect();
        assert_eq!(kept, (45..=300).collect::<Vec<_>>());
        let large: Arc<str> = "x".repeat(65_536).into();
        for _ in 0..5 {
            signals.push(large.clone());
        }
        let kept: Vec<u64> = signals.after(0).map(|(number, _)| number).collect();
        assert_eq!(kept, [302, 303, 304, 305]);
        assert_eq!(signals.bytes(), 4 * 65_536);
        assert_eq!(signals.after(304).count(), 1);
    }
}
