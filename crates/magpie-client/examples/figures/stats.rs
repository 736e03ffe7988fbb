//! Median, spread and the line that is printed.

use std::sync::OnceLock;

use serde_json::{Value, json};

static CORES: OnceLock<usize> = OnceLock::new();

/// Cores of this machine: asked before anything is pinned, because pinning hides the others.
pub(crate) fn cores() -> usize {
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Prints a figure: the goal is shown next to it, nobody is blamed.
pub(crate) fn print(name: &str, unit: &str, goal: &str, runs: &[f64], conditions: Value) {
    let mut sorted = runs.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).map_or(0.0, |value| (value * 100.0).round() / 100.0);
    let commit = std::env::var("MAGPIE_COMMIT").unwrap_or_else(|_| "unknown".to_owned());
    let mut line = json!({
        "figure": name,
        "unit": unit,
        "median": at(sorted.len() / 2),
        "min": at(0),
        "max": at(sorted.len().saturating_sub(1)),
        "runs": sorted.len(),
        "goal": goal,
        "commit": commit,
        "cores": cores(),
    });
    if let (Some(line), Value::Object(conditions)) = (line.as_object_mut(), conditions) {
        line.extend(conditions);
    }
    println!("{line}");
}

/// The value below which this share of the sorted values lies.
pub(crate) fn percentile(sorted: &[u32], share: f64) -> u32 {
    let rank = (sorted.len() as f64 * share) as usize;
    sorted.get(rank.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}
