//! Who in our own code is to blame for an instruction: a library function's instructions count for
//! the function of ours that called it, through however many other library functions.

use std::collections::BTreeMap;

use super::callgrind::Dump;

/// What no function of ours has called: the runtime's own turns, threads, waiting.
pub(super) const OUTSIDE: &str = "(runtime and threads)";
/// The measuring stand itself.
pub(super) const STAND: &str = "(measuring stand)";

/// Threads that work beside the path, at times of their own: counted apart, or no two runs would
/// have the same count.
const BESIDE: &[&str] = &[
    "magpie_store::sqlite::apply::",
    "magpie_store::sqlite::applier::",
    "magpie_store::sqlite::checkpoint::",
    "magpie_store::journal::keeper::",
];

/// Chains of library calls longer than this are cut; shares settle long before.
const DEPTH_MAX: usize = 64;

/// Instructions by place.
pub(super) type Places = BTreeMap<String, f64>;

/// Whether a function is ours, and under which name it counts.
fn place(function: &str) -> Option<&str> {
    if function.contains("magpie_path::") {
        return Some(STAND);
    }
    function.contains("magpie_").then_some(function)
}

/// The instructions of a dump by the place that caused them.
pub(super) fn of(dump: &Dump) -> Places {
    let mut received: BTreeMap<&str, f64> = BTreeMap::new();
    for ((_, callee), cost) in &dump.calls {
        *received.entry(callee).or_default() += *cost as f64;
    }
    let mut places = Places::new();
    // What each library function still has to pass on to its callers.
    let mut pending: BTreeMap<&str, f64> = BTreeMap::new();
    for (function, cost) in &dump.own {
        match place(function) {
            Some(place) => *places.entry(place.to_owned()).or_default() += *cost as f64,
            None => *pending.entry(function).or_default() += *cost as f64,
        }
    }
    for _ in 0..DEPTH_MAX {
        let mut next: BTreeMap<&str, f64> = BTreeMap::new();
        for ((caller, callee), cost) in &dump.calls {
            let Some(waiting) = pending.get(callee.as_str()) else { continue };
            let share = waiting * *cost as f64 / received[callee.as_str()].max(1.0);
            match place(caller) {
                Some(place) => *places.entry(place.to_owned()).or_default() += share,
                None => *next.entry(caller).or_default() += share,
            }
        }
        let orphans = pending.iter().filter(|(function, _)| {
            received.get(**function).is_none_or(|received| *received < 1.0)
        });
        *places.entry(OUTSIDE.to_owned()).or_default() +=
            orphans.map(|(_, cost)| cost).sum::<f64>();
        pending = next;
    }
    *places.entry(OUTSIDE.to_owned()).or_default() += pending.values().sum::<f64>();
    places
}

/// The places of one message: the longer run without the shorter, shared by the messages between.
pub(super) fn of_one(short: &Dump, long: &Dump, messages: u64) -> Places {
    let (short, mut long) = (of(short), of(long));
    for (place, cost) in short {
        *long.entry(place).or_default() -= cost;
    }
    long.values_mut().for_each(|cost| *cost /= messages as f64);
    long
}

/// Whether a place works beside the path.
pub(super) fn is_beside(place: &str) -> bool {
    BESIDE.iter().any(|name| place.contains(name))
}

/// What was done beside the path.
pub(super) fn beside(places: &Places) -> f64 {
    places.iter().filter(|(place, _)| is_beside(place)).map(|(_, cost)| cost).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(own: &[(&str, u64)], calls: &[(&str, &str, u64)]) -> Dump {
        Dump {
            total: own.iter().map(|(_, cost)| cost).sum(),
            own: own.iter().map(|(name, cost)| ((*name).to_owned(), *cost)).collect(),
            calls: calls
                .iter()
                .map(|(from, to, cost)| (((*from).to_owned(), (*to).to_owned()), *cost))
                .collect(),
        }
    }

    #[test]
    fn a_copy_counts_for_whoever_asked_for_it_in_proportion() {
        let dump = dump(
            &[("magpie_a::f", 10), ("magpie_b::g", 20), ("vec", 4), ("memcpy", 40), ("main", 3)],
            &[
                ("main", "magpie_a::f", 40),
                ("main", "magpie_b::g", 37),
                ("magpie_a::f", "vec", 30),
                ("vec", "memcpy", 30),
                ("magpie_b::g", "memcpy", 10),
            ],
        );
        let places = of(&dump);
        let near = |place: &str, cost: f64| (places[place] - cost).abs() < 0.01;
        // memcpy: 30 of 40 by way of `vec`, which itself belongs to f alone.
        assert!(near("magpie_a::f", 44.0) && near("magpie_b::g", 30.0), "{places:?}");
        assert!(near(OUTSIDE, 3.0), "{places:?}");
    }

    #[test]
    fn what_the_shorter_run_cost_too_cancels_out() {
        let short = dump(&[("magpie_a::f", 110)], &[]);
        let long = dump(&[("magpie_a::f", 310)], &[]);
        assert!((of_one(&short, &long, 20)["magpie_a::f"] - 10.0).abs() < 0.01);
    }
}
