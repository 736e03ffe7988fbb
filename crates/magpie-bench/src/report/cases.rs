//! Runs of one case belong together: the same scenario with the same parameters. What differs
//! between two files besides the figures is told, because figures compare only when it does not.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{spread::Spread, units};

/// One result line.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) scenario: String,
    pub(crate) name: String,
    pub(crate) ok: bool,
    pub(crate) generator_bound: bool,
    pub(crate) params: Map<String, Value>,
    pub(crate) verdict: Map<String, Value>,
    pub(crate) figures: BTreeMap<String, f64>,
    /// What went wrong, in words.
    pub(crate) error: Option<String>,
    /// Version, commit, cores and everything else that the line tells.
    pub(crate) conditions: BTreeMap<String, Value>,
}

/// Runs of the same scenario with the same parameters.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) runs: Vec<Run>,
    /// Of the runs that went well; of all when none did.
    pub(crate) figures: BTreeMap<String, Spread>,
}

/// A plain text for a value.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

impl Run {
    /// What is wrong with it, or how many messages proved that nothing is.
    pub(crate) fn told(&self) -> String {
        let count = |name: &str| self.verdict.get(name).and_then(Value::as_u64).unwrap_or(0);
        let bad = ["lost", "duplicated", "reordered"];
        let faults: Vec<_> = bad
            .into_iter()
            .filter(|name| count(name) > 0)
            .map(|name| format!("{name} {}", count(name)))
            .collect();
        match (&self.error, faults.is_empty()) {
            (_, false) => faults.join(", "),
            (Some(error), true) => error.clone(),
            (None, true) if self.ok => format!("{} delivered, nothing lost", count("delivered")),
            (None, true) => "the run did not reach its end".to_owned(),
        }
    }

    fn key(&self) -> String {
        let protocol = self.conditions.get("protocol").map(plain).unwrap_or_default();
        let receipts = self.conditions.get("receipts").map(plain).unwrap_or_default();
        let params = Value::Object(self.params.clone());
        format!("{}\n{}\n{protocol}\n{receipts}\n{params}", self.scenario, self.name)
    }
}

impl Case {
    /// The run that stands for all: of equal conditions, they differ in figures only.
    pub(crate) fn first(&self) -> &Run {
        &self.runs[0]
    }

    /// Its name as a heading; the protocol is named when it is not our own.
    pub(crate) fn title(&self) -> String {
        let run = self.first();
        match run.conditions.get("protocol").map(plain) {
            Some(protocol) if protocol != "native" && !run.name.contains(&protocol) => {
                format!("{} ({protocol})", run.name)
            }
            _ => run.name.clone(),
        }
    }

    pub(crate) fn failed(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| !run.ok)
    }

    /// The figures in the order in which they are shown.
    pub(crate) fn shown(&self) -> Vec<(&String, &Spread)> {
        let mut shown: Vec<_> = self.figures.iter().collect();
        shown.sort_by_key(|(name, _)| units::rank(name));
        shown
    }

    pub(crate) fn generator_bound(&self) -> bool {
        self.runs.iter().any(|run| run.generator_bound)
    }

    /// The case of another file that this one compares with.
    pub(crate) fn twin<'a>(&self, others: &'a [Self]) -> Option<&'a Self> {
        others.iter().find(|other| other.first().key() == self.first().key())
    }

    /// Conditions in which two files differ, as `name: here, there`.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let (here, there) = (&self.first().conditions, &other.first().conditions);
        let same = ["version", "commit"];
        let names = here.keys().chain(there.keys()).collect::<std::collections::BTreeSet<_>>();
        let told = |value: Option<&Value>| value.map_or_else(|| "unknown".to_owned(), plain);
        names
            .into_iter()
            .filter(|name| !same.contains(&name.as_str()) && here.get(*name) != there.get(*name))
            .map(|name| format!("{name}: {}, was {}", told(here.get(name)), told(there.get(name))))
            .collect()
    }
}

/// Puts runs of one case together, in order of first appearance.
pub(crate) fn group(runs: Vec<Run>) -> Vec<Case> {
    let mut order: Vec<String> = Vec::new();
    let mut of_key: BTreeMap<String, Vec<Run>> = BTreeMap::new();
    for run in runs {
        let key = run.key();
        if !of_key.contains_key(&key) {
            order.push(key.clone());
        }
        of_key.entry(key).or_default().push(run);
    }
    let runs = order.iter().filter_map(|key| of_key.remove(key));
    runs.map(|runs| Case { figures: figures(&runs), runs }).collect()
}

/// A run that lost messages may be fast: its figures count only when there is no better run.
fn figures(runs: &[Run]) -> BTreeMap<String, Spread> {
    let any_fine = runs.iter().any(|run| run.ok);
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.ok || !any_fine) {
        for (name, value) in &run.figures {
            values.entry(name.clone()).or_default().push(*value);
        }
    }
    values.into_iter().map(|(name, values)| (name, Spread::new(values))).collect()
}
