//! What the name of a figure tells: its unit (the last words), whether more is better, how many
//! digits it deserves.

/// What is good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Good {
    /// More is better.
    High,
    /// Less is better.
    Low,
    /// It only describes the run.
    Neither,
}

const COSTS: [&str; 13] = [
    "s",
    "ms",
    "us",
    "ns",
    "kib",
    "mib",
    "b",
    "bytes",
    "percent",
    "message",
    "delivery",
    "connection",
    "messages",
];

/// Which direction of a figure is good.
pub(crate) fn good(name: &str) -> Good {
    // The generator's own cost and what was asked for say nothing of the server.
    if ["generator_", "asked_", "wanted_", "measured_"].iter().any(|word| name.starts_with(word)) {
        return Good::Neither;
    }
    if name.ends_with("_per_s") {
        return Good::High;
    }
    let last = name.rsplit('_').next().unwrap_or(name);
    if COSTS.contains(&last) && (name.contains("_per_") || last != "messages") {
        return Good::Low;
    }
    Good::Neither
}

/// The name in words.
pub(crate) fn words(name: &str) -> String {
    let word = |word| match word {
        "p999" => "p99.9",
        "cpu" => "CPU",
        "kib" => "KiB",
        "mib" => "MiB",
        "us" => "µs",
        other => other,
    };
    name.split('_').map(word).collect::<Vec<_>>().join(" ")
}

/// Where a figure is shown: rates, then latencies from the middle to the worst, then the rest.
pub(crate) fn rank(name: &str) -> (usize, &str, usize) {
    match latency(name) {
        _ if good(name) == Good::High => (0, name, 0),
        Some((of, at, _)) => (1, of, PERCENTILES.iter().position(|p| *p == at).unwrap_or(0)),
        None if good(name) == Good::Low => (2, name, 0),
        None => (3, name, 0),
    }
}

/// Parts of a distribution that results name, from the middle to the worst.
const PERCENTILES: [&str; 5] = ["p50", "p90", "p99", "p999", "max"];

/// A number with three significant digits, or with its thousands apart.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        _ if size >= 100.0 || size == 0.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ if size >= 0.1 => 3,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    let (whole, fraction) = text.split_once('.').map_or((text, ""), |(w, f)| (w, f));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut out = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A latency figure taken apart: what it is of, its percentile, and its value's unit in
/// milliseconds.
pub(crate) fn latency(name: &str) -> Option<(&str, &str, f64)> {
    let (rest, unit) = name.rsplit_once('_')?;
    let unit_ms = match unit {
        "us" => 1e-3,
        "ms" => 1.0,
        "s" => 1e3,
        _ => return None,
    };
    let (of, at) = rest.rsplit_once('_')?;
    PERCENTILES.contains(&at).then_some((of, at, unit_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_good_when_high_and_costs_when_low() {
        assert_eq!(good("delivered_per_s"), Good::High);
        for cost in ["delivery_p99_ms", "idle_kib", "server_cpu_us_per_message", "idle_cpu_percent"]
        {
            assert_eq!(good(cost), Good::Low, "{cost}");
        }
        for neither in ["batches", "generator_cpu_percent", "asked_per_s", "sent_messages"] {
            assert_eq!(good(neither), Good::Neither, "{neither}");
        }
    }

    #[test]
    fn numbers_have_the_digits_they_deserve() {
        let cases = [
            (1_234_567.8, "1,234,568"),
            (999.6, "1,000"),
            (30_000.0, "30,000"),
            (12.34, "12.3"),
            (1.5, "1.5"),
            (0.25, "0.25"),
            (0.0123, "0.0123"),
            (0.0, "0"),
            (100.0, "100"),
            (-1_234.0, "-1,234"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn rates_come_first_and_the_worst_latency_last() {
        let mut names = [
            "generator_utilisation",
            "delivery_max_ms",
            "idle_kib",
            "delivery_p99_ms",
            "sent_per_s",
        ];
        names.sort_by_key(|name| rank(name));
        assert_eq!(
            names,
            [
                "sent_per_s",
                "delivery_p99_ms",
                "delivery_max_ms",
                "idle_kib",
                "generator_utilisation"
            ]
        );
    }

    #[test]
    fn percentiles_are_recognised_by_their_names() {
        assert_eq!(latency("delivery_p99_ms"), Some(("delivery", "p99", 1.0)));
        assert_eq!(latency("delivery_p999_ms"), Some(("delivery", "p999", 1.0)));
        assert_eq!(latency("page_max_ms"), Some(("page", "max", 1.0)));
        assert_eq!(latency("delivered_per_s"), None);
        assert_eq!(words("server_cpu_p999_us"), "server CPU p99.9 µs");
    }
}
