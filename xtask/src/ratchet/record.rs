//! `ratchet.toml`: the blessed counts, where they came from, and what each place had of them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::places::{Places, is_beside};
use crate::shell;

/// The file, in the root of the repository.
pub(super) const FILE: &str = "ratchet.toml";

const HEAD: &str = "\
# Instructions of one message on its path, counted by callgrind: `cargo xtask ratchet` compares,
# `cargo xtask ratchet --bless` writes this file. See docs/performance.md, \"Instruction counts\".
";
/// Places below this share of a count are not kept.
const SHARE_MIN: f64 = 0.003;

/// The file as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) origin: Origin,
    pub(super) count: BTreeMap<String, Count>,
}

/// What the instructions depend on besides our code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) arch: String,
    pub(super) rustc: String,
    /// Compiles SQLite and the allocator.
    pub(super) cc: String,
    pub(super) libc: String,
    pub(super) valgrind: String,
}

/// One count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Count {
    pub(super) instructions: u64,
    /// By place, without the smallest.
    pub(super) places: BTreeMap<String, u64>,
}

impl Count {
    pub(super) fn new(instructions: u64, places: &Places) -> Self {
        let least = instructions as f64 * SHARE_MIN;
        let kept = places.iter().filter(|(place, cost)| **cost >= least && !is_beside(place));
        let places = kept.map(|(place, cost)| (place.clone(), cost.round() as u64)).collect();
        Self { instructions, places }
    }
}

impl Origin {
    pub(super) fn of_this_machine(root: &Path) -> Result<Self> {
        let first = |program: &str, args: &[&str]| -> Result<String> {
            let output = shell::output(root, program, args)?;
            let text = String::from_utf8_lossy(&output);
            Ok(text.lines().next().unwrap_or_default().trim().to_owned())
        };
        Ok(Self {
            arch: std::env::consts::ARCH.to_owned(),
            rustc: first("rustc", &["--version"])?,
            cc: first("cc", &["--version"])?,
            libc: first("getconf", &["GNU_LIBC_VERSION"])?,
            valgrind: first("valgrind", &["--version"])?,
        })
    }

    /// One sentence for each thing that differs.
    pub(super) fn differences(&self, here: &Self) -> Vec<String> {
        let fields = [
            ("rustc", &self.rustc, &here.rustc),
            ("cc", &self.cc, &here.cc),
            ("libc", &self.libc, &here.libc),
            ("valgrind", &self.valgrind, &here.valgrind),
        ];
        let differing = fields.iter().filter(|(_, then, now)| then != now);
        differing
            .map(|(what, then, now)| format!("{what}: blessed with `{then}`, here `{now}`"))
            .collect()
    }
}

impl Record {
    /// The file; `None` when there is none yet.
    pub(super) fn load(root: &Path) -> Result<Option<Self>> {
        let path = root.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {FILE}"))?;
        let advice = || format!("{FILE} is not as `cargo xtask ratchet --bless` writes it");
        toml::from_str(&text).map(Some).with_context(advice)
    }

    pub(super) fn save(&self, root: &Path) -> Result<()> {
        let text = toml::to_string(self).context("the counts are no TOML")?;
        std::fs::write(root.join(FILE), format!("{HEAD}\n{text}"))
            .with_context(|| format!("cannot write {FILE}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn origin(rustc: &str) -> Origin {
        let same = || "same".to_owned();
        let (arch, cc, libc, valgrind) = (same(), same(), same(), same());
        Origin { arch, rustc: rustc.to_owned(), cc, libc, valgrind }
    }

    #[test]
    fn a_record_comes_back_as_it_was_written_without_its_crumbs() {
        let places = Places::from([("magpie_a::f<T>".to_owned(), 99.6), ("b".to_owned(), 0.2)]);
        let count = Count::new(100, &places);
        assert_eq!(count.places, BTreeMap::from([("magpie_a::f<T>".to_owned(), 100)]));
        let record = Record { origin: origin("1"), count: [("codec".to_owned(), count)].into() };
        let text = toml::to_string(&record).unwrap();
        assert_eq!(toml::from_str::<Record>(&text).unwrap(), record);
    }

    #[test]
    fn another_compiler_is_named() {
        let said = origin("rustc 1").differences(&origin("rustc 2"));
        assert_eq!(said, ["rustc: blessed with `rustc 1`, here `rustc 2`"]);
        assert!(origin("a").differences(&origin("a")).is_empty());
    }
}
