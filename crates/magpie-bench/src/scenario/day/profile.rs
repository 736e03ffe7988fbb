//! What kind of people: those of a messenger, who stay, or those of a mini-program, who look in
//! for seconds. And how often each thing happens.

/// Things that happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scenario) enum Event {
    /// Somebody writes to a friend.
    Send,
    /// Somebody goes away for a while.
    Leave,
    /// Somebody reads what came.
    Read,
    /// Somebody looks back.
    History,
    /// A client's heartbeat.
    Ping,
}

impl Event {
    /// All of them.
    pub(in crate::scenario) const ALL: [Self; 5] =
        [Self::Send, Self::Leave, Self::Read, Self::History, Self::Ping];

    /// For figures.
    pub(in crate::scenario) fn name(self) -> &'static str {
        match self {
            Self::Send => "sends",
            Self::Leave => "leaves",
            Self::Read => "reads",
            Self::History => "history_pages",
            Self::Ping => "pings",
        }
    }
}

/// The people of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::scenario) struct Profile {
    /// How many.
    pub(in crate::scenario) users: usize,
    /// Messages a second, of all together.
    pub(in crate::scenario) sends_per_s: f64,
    /// How long a visit is, and how long it is until the next one. Means.
    pub(in crate::scenario) stay_s: f64,
    pub(in crate::scenario) away_s: f64,
    /// For each message.
    pub(in crate::scenario) reads_per_send: f64,
    pub(in crate::scenario) pages_per_send: f64,
    /// Of each who is there.
    pub(in crate::scenario) heartbeat_s: f64,
    /// Values that a backend pushes, a second.
    pub(in crate::scenario) pushes_per_s: f64,
}

impl Profile {
    /// A messenger: two thirds are there, they write and read.
    pub(in crate::scenario) fn messenger(users: usize, sends_per_s: f64) -> Self {
        Self {
            users,
            sends_per_s,
            stay_s: 40.0,
            away_s: 20.0,
            reads_per_send: 0.5,
            pages_per_send: 0.05,
            heartbeat_s: 20.0,
            pushes_per_s: 2.0,
        }
    }

    /// A mini-program: short visits, each looks at something; much comes from the backend.
    pub(in crate::scenario) fn mini_program(users: usize, sends_per_s: f64) -> Self {
        Self {
            users,
            sends_per_s,
            stay_s: 6.0,
            away_s: 18.0,
            reads_per_send: 1.0,
            pages_per_send: 0.8,
            heartbeat_s: 10.0,
            pushes_per_s: 20.0,
        }
    }

    /// How many of a hundred are there at a time.
    pub(in crate::scenario) fn there_percent(&self) -> u64 {
        (self.stay_s / (self.stay_s + self.away_s) * 100.0) as u64
    }

    /// How often an event is to happen to somebody, whether he is there or not: nothing happens
    /// to those who are not, so rates of what has to happen are higher by that share.
    pub(in crate::scenario) fn per_s(&self, event: Event) -> f64 {
        let there = self.stay_s / (self.stay_s + self.away_s);
        let users = self.users as f64;
        match event {
            Event::Send => self.sends_per_s / there,
            Event::Leave => users / self.stay_s,
            Event::Read => self.sends_per_s * self.reads_per_send / there,
            Event::History => self.sends_per_s * self.pages_per_send / there,
            Event::Ping => users / self.heartbeat_s,
        }
    }
}

/// The time to the next of events that come independently of each other.
pub(super) fn gap_us(per_s: f64, luck: u64) -> u64 {
    // Above 0 and at most 1.
    let share = ((luck >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    (-share.ln() / per_s.max(1e-9) * 1e6).min(3.6e9) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fill::dice::Dice;

    #[test]
    fn gaps_have_the_wanted_mean_and_are_not_all_alike() {
        let mut dice = Dice::new(1);
        let gaps: Vec<_> = (0..20_000).map(|_| gap_us(1_000.0, dice.next())).collect();
        let mean = gaps.iter().sum::<u64>() / 20_000;
        assert!((950..1_050).contains(&mean), "{mean}");
        assert!(gaps.iter().any(|gap| *gap > 4_000) && gaps.iter().any(|gap| *gap < 50));
        assert!(gap_us(0.0, 0) <= 3_600_000_000, "an event that never comes is an hour away");
    }

    #[test]
    fn people_of_a_mini_program_stay_shorter_than_those_of_a_messenger() {
        let (long, short) = (Profile::messenger(100, 10.0), Profile::mini_program(100, 10.0));
        assert_eq!((long.there_percent(), short.there_percent()), (66, 25));
        assert!(short.per_s(Event::Leave) > long.per_s(Event::Leave));
        // As many leave as come back, and events find only those who are there.
        assert!((short.per_s(Event::Send) - 40.0).abs() < 1e-9);
    }
}
