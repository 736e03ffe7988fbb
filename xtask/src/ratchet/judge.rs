//! Compares counts with the blessed ones: what grew too much and where, what may be blessed, and
//! whether a message costs the same beside many sessions and many stored messages.

use super::record::Count;

/// A count may grow by this share before the step fails.
const GROWTH_MAX: f64 = 0.03;
/// A count that fell by more is worth blessing.
const GAIN_MIN: f64 = 0.03;
/// Places named below a count that grew.
const NAMED: usize = 5;

/// Counts that have to be nearly the same: base, the other one, and how much more it may have.
pub(super) const FLAT: &[(&str, &str, f64)] =
    &[("gateway-1000", "gateway-19000", 1.05), ("whole-1000", "whole-19000", 1.05)];

/// What became of one count.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Within the limits.
    Same,
    /// Fell: the ratchet may be tightened.
    Better,
    /// Grew: these places most, the worst first.
    Worse(Vec<String>),
}

/// Judges one count.
pub(super) fn judge(blessed: &Count, now: &Count) -> Verdict {
    let change = change(blessed.instructions, now.instructions);
    if change > GROWTH_MAX {
        return Verdict::Worse(growth(blessed, now));
    }
    if change < -GAIN_MIN { Verdict::Better } else { Verdict::Same }
}

/// The change from one number to another, as a share of the first.
pub(super) fn change(before: u64, now: u64) -> f64 {
    now as f64 / (before as f64).max(1.0) - 1.0
}

/// The places that grew most, with their numbers.
fn growth(blessed: &Count, now: &Count) -> Vec<String> {
    let before = |place: &String| blessed.places.get(place).copied().unwrap_or_default();
    let mut grown: Vec<(u64, u64, &String)> = now
        .places
        .iter()
        .map(|(place, cost)| (cost.saturating_sub(before(place)), *cost, place))
        .filter(|(more, _, _)| *more > 0)
        .collect();
    grown.sort_unstable_by(|a, b| b.cmp(a));
    let line = |(more, cost, place): &(u64, u64, &String)| {
        format!("+{more} in {place} (was {}, is {cost})", before(place))
    };
    grown.iter().take(NAMED).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(places: &[(&str, u64)]) -> Count {
        Count {
            instructions: places.iter().map(|(_, cost)| cost).sum(),
            places: places.iter().map(|(name, cost)| ((*name).to_owned(), *cost)).collect(),
        }
    }

    #[test]
    fn growth_above_three_percent_fails_and_names_where() {
        let blessed = count(&[("decode", 600), ("encode", 400)]);
        let now = count(&[("decode", 601), ("encode", 420), ("copy", 10)]);
        let Verdict::Worse(named) = judge(&blessed, &now) else { panic!("not worse") };
        assert_eq!(named[0], "+20 in encode (was 400, is 420)");
        assert_eq!(named[1], "+10 in copy (was 0, is 10)");
    }

    #[test]
    fn noise_passes_and_a_gain_is_told() {
        let blessed = count(&[("decode", 1_000)]);
        assert_eq!(judge(&blessed, &count(&[("decode", 1_029)])), Verdict::Same);
        assert_eq!(judge(&blessed, &count(&[("decode", 975)])), Verdict::Same);
        assert_eq!(judge(&blessed, &count(&[("decode", 960)])), Verdict::Better);
    }
}
