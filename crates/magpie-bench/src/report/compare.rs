//! A figure against the same figure of another file: a ratio with its spread, called better or
//! worse only when no run of one lies within the runs of the other.

use super::{
    spread::Spread,
    units::{self, Good},
};

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Better,
    Worse,
    /// The spreads overlap, or neither direction is good.
    Open,
}

/// New by old.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) call: Call,
}

/// `None` when there is nothing to divide by.
pub(crate) fn ratio(name: &str, new: &Spread, old: &Spread) -> Option<Ratio> {
    if old.min() <= 0.0 {
        return None;
    }
    let rose = new.median() > old.median();
    let call = match units::good(name) {
        _ if new.overlaps(old) => Call::Open,
        Good::Neither => Call::Open,
        Good::High => {
            if rose {
                Call::Better
            } else {
                Call::Worse
            }
        }
        Good::Low => {
            if rose {
                Call::Worse
            } else {
                Call::Better
            }
        }
    };
    Some(Ratio {
        median: new.median() / old.median(),
        low: new.min() / old.max(),
        high: new.max() / old.min(),
        call,
    })
}

impl Call {
    /// As a word; nothing when it is open.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Open => "",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn of(values: &[f64]) -> Spread {
        Spread::new(values.to_vec())
    }

    #[test]
    fn less_latency_is_better_and_less_throughput_is_worse() {
        let (low, high) = (of(&[1.0, 2.0]), of(&[3.0, 5.0]));
        assert_eq!(ratio("p99_ms", &low, &high).unwrap().call, Call::Better);
        assert_eq!(ratio("sent_per_s", &low, &high).unwrap().call, Call::Worse);
        assert_eq!(ratio("batches", &low, &high).unwrap().call, Call::Open);
        assert_eq!(ratio("p99_ms", &low, &of(&[2.0, 9.0])).unwrap().call, Call::Open);
    }

    #[test]
    fn the_spread_of_a_ratio_covers_every_pair_of_runs() {
        let ratio = ratio("p99_ms", &of(&[2.0, 3.0, 4.0]), &of(&[1.0, 2.0, 4.0])).unwrap();
        assert_eq!((ratio.median, ratio.low, ratio.high), (1.5, 0.5, 4.0));
        assert_eq!(super::ratio("p99_ms", &of(&[1.0]), &of(&[0.0, 1.0])), None);
    }
}
