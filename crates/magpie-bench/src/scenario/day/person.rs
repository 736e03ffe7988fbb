//! What the client of one person remembers: what it has shown, what it waits for.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::engine::protocol::Place;

/// How far apart friends live.
const STEPS: [usize; 4] = [1, 2, 3, 5];

/// One person's client.
#[derive(Debug, Default)]
pub(super) struct Person {
    /// When it signed in.
    pub(super) signed_in_us: u64,
    /// Each send without an answer: when it was due, and to whom.
    pub(super) unanswered: VecDeque<(u64, usize)>,
    /// Friends with whom it has a conversation for certain: nobody types without one.
    pub(super) talks_to: HashSet<usize>,
    /// The newest place that it has not told to be read.
    pub(super) unread: Option<Place>,
    /// The newest place of each conversation that it has shown.
    shown: HashMap<[u8; 16], u64>,
}

impl Person {
    /// Notes a message. `false`: it was shown before, as after a resume.
    pub(super) fn sees(&mut self, place: Option<Place>) -> bool {
        let Some(place) = place else { return true };
        let shown = self.shown.entry(place.conversation).or_default();
        if place.seq <= *shown {
            return false;
        }
        *shown = place.seq;
        self.unread = Some(place);
        true
    }

    /// Whether a message of that time came live, not by a resume.
    pub(super) fn is_live(&self, due_us: u64) -> bool {
        due_us > self.signed_in_us
    }

    /// A conversation to look back in.
    pub(super) fn newest_conversation(&self) -> Option<[u8; 16]> {
        let unread = self.unread.map(|place| place.conversation);
        unread.or_else(|| self.shown.keys().next().copied())
    }
}

/// One of the eight friends of a person; friendship is mutual.
pub(super) fn friend(id: usize, luck: u64, people: usize) -> usize {
    let step = STEPS[usize::try_from(luck % 4).unwrap_or_default()];
    if luck & 4 == 0 { (id + step) % people } else { (id + people - step) % people }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn friendship_is_mutual_and_nobody_is_his_own_friend() {
        for id in 0..20 {
            for luck in 0..8 {
                let other = friend(id, luck, 20);
                assert_ne!(other, id);
                assert!((0..8).any(|luck| friend(other, luck, 20) == id));
            }
        }
    }

    #[test]
    fn a_message_is_shown_once_however_often_it_comes() {
        let place = |c: u8, seq| Some(Place { conversation: [c; 16], seq });
        let mut person = Person::default();
        assert!(person.sees(place(1, 1)) && person.sees(place(1, 2)) && person.sees(place(2, 1)));
        assert!(!person.sees(place(1, 2)) && !person.sees(place(1, 1)));
        assert!(person.sees(place(1, 3)));
        assert_eq!(person.unread, place(1, 3));
        assert_eq!(person.newest_conversation(), Some([1; 16]));
    }
}
