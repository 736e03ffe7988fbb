//! Who writes to whom, and how much: a few users with hundreds of conversations, one conversation
//! that never ends, a tenth that gets half of what is written. A function of its numbers alone.

use super::dice::Dice;

/// Conversations of a user with many: more than a page of the list.
const MANY: u64 = 400;
/// Messages of the longest conversation, unless the store is small.
const LONGEST: u64 = 210_000;
/// Shares are told in these.
const PARTS: u64 = 1 << 20;

/// The shape of a store.
#[derive(Debug, Clone)]
pub(crate) struct Town {
    /// How many users there are.
    pub(crate) users: u64,
    conversations: u64,
    /// The first users have many conversations each.
    busy_users: u64,
    busy_each: u64,
    uniform: bool,
    longest_parts: u64,
}

/// The id of a user.
pub(crate) fn user(number: u64) -> String {
    format!("u{number}")
}

impl Town {
    /// Ten conversations for each user, as far as there are enough users to talk to.
    pub(crate) fn new(conversations: u64, messages: u64, uniform: bool) -> Self {
        let users = (conversations / 10).max(200);
        let busy_users = users / 200;
        // A fifth of all conversations at most.
        let busy_each = MANY.min(conversations / 5 / busy_users).min(users - busy_users);
        let longest = LONGEST.min(messages / 5);
        let longest_parts = longest * PARTS / messages.max(1);
        Self { users, conversations, busy_users, busy_each, uniform, longest_parts }
    }

    /// The two users of a conversation; no two conversations have the same.
    pub(crate) fn pair(&self, number: u64) -> [u64; 2] {
        let others = self.users - self.busy_users;
        let busy = self.busy_users * self.busy_each;
        if number < busy {
            return [number / self.busy_each, self.busy_users + number % others];
        }
        let (from, step) = ((number - busy) % others, (number - busy) / others + 1);
        [self.busy_users + from, self.busy_users + (from + step) % others]
    }

    /// The conversation of a message: first each gets one, then it is a matter of luck.
    pub(crate) fn conversation(&self, message: u64, dice: &mut Dice) -> u64 {
        if message < self.conversations {
            return message;
        }
        if self.uniform {
            return dice.below(self.conversations);
        }
        let lot = dice.below(PARTS);
        if lot < self.longest_parts {
            0
        } else if lot < self.longest_parts + PARTS / 10 {
            // One in a thousand.
            dice.below(self.conversations.div_ceil(1_000)) * 1_000 % self.conversations
        } else if lot < self.longest_parts + PARTS * 6 / 10 {
            // One in ten.
            dice.below(self.conversations.div_ceil(10)) * 10 % self.conversations
        } else {
            dice.below(self.conversations)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn no_two_conversations_have_the_same_two_users() {
        for conversations in [1, 7, 1_000, 30_000, 100_000] {
            let town = Town::new(conversations, conversations * 10, false);
            let mut seen = BTreeSet::new();
            for number in 0..conversations {
                let [a, b] = town.pair(number);
                assert!(a != b && a < town.users && b < town.users, "{conversations}: {a} {b}");
                assert!(seen.insert((a.min(b), a.max(b))), "{conversations}: {a} {b} again");
            }
        }
    }

    #[test]
    fn the_busiest_user_has_more_than_two_pages_of_conversations() {
        let town = Town::new(100_000, 10_000_000, false);
        let mut of_user = BTreeMap::new();
        for number in 0..100_000 {
            for user in town.pair(number) {
                *of_user.entry(user).or_insert(0_u64) += 1;
            }
        }
        assert_eq!(of_user.len() as u64, town.users, "nobody is alone");
        assert!(of_user[&0] >= 400);
    }

    #[test]
    fn the_longest_conversation_has_two_hundred_thousand_messages_and_most_have_few() {
        let town = Town::new(100_000, 10_000_000, false);
        let mut dice = Dice::new(1);
        let mut heads = vec![0_u64; 100_000];
        // A twentieth of them, behind the first round.
        for message in 100_000..600_000 {
            heads[usize::try_from(town.conversation(message, &mut dice)).unwrap_or(0)] += 20;
        }
        assert!(heads[0] > 200_000, "{}", heads[0]);
        heads.sort_unstable();
        assert!(heads[50_000] <= 60, "{}", heads[50_000]);
        let tenth: u64 = heads[90_000..].iter().sum();
        assert!(tenth > 6_000_000, "{tenth}");
    }
}
