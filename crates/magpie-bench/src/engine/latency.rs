//! Latencies in a histogram of high dynamic range: three digits from a microsecond to two
//! minutes, whatever their number.

use hdrhistogram::Histogram;

const LONGEST_US: u64 = 120_000_000;

/// A distribution of waits.
#[derive(Debug, Clone)]
pub(crate) struct Latency {
    histogram: Histogram<u64>,
}

impl Latency {
    /// Without any wait.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, 3);
        Ok(Self { histogram: histogram.map_err(|error| anyhow::anyhow!("histogram: {error}"))? })
    }

    /// Adds a wait; the longest is as long as the histogram reaches.
    pub(crate) fn record(&mut self, wait_us: u64) {
        self.histogram.saturating_record(wait_us.max(1));
    }

    /// Adds what another one has.
    pub(crate) fn join(&mut self, other: &Self) {
        // Both have the same bounds, so nothing is outside.
        let _ = self.histogram.add(&other.histogram);
    }

    /// Forgets everything, after a warm-up.
    pub(crate) fn clear(&mut self) {
        self.histogram.reset();
    }

    /// The usual places as figures: `ack_p50_ms` and so on for the prefix `ack`.
    pub(crate) fn figures(&self, prefix: &str) -> Vec<(String, f64)> {
        if self.histogram.is_empty() {
            return Vec::new();
        }
        let places = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)];
        let at = |share| self.histogram.value_at_quantile(share) as f64 / 1e3;
        places.map(|(name, share)| (format!("{prefix}_{name}_ms"), at(share))).to_vec()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn percentiles_are_those_of_the_waits_within_a_thousandth() {
        let mut latency = Latency::new().unwrap();
        assert!(latency.figures("ack").is_empty());
        for wait_us in 1..=100_000 {
            latency.record(wait_us);
        }
        let figures = latency.figures("ack");
        for (name, wanted) in [
            ("ack_p50_ms", 50.0),
            ("ack_p99_ms", 99.0),
            ("ack_p999_ms", 99.9),
            ("ack_max_ms", 100.0),
        ] {
            let (_, seen) = figures.iter().find(|(found, _)| found == name).unwrap();
            assert!((seen - wanted).abs() <= wanted / 500.0, "{name}: {seen}");
        }
    }

    #[test]
    fn a_wait_beyond_the_histogram_counts_as_its_longest() {
        let mut latency = Latency::new().unwrap();
        latency.record(u64::MAX);
        assert!(latency.figures("x")[4].1 >= 119_000.0);
    }
}
