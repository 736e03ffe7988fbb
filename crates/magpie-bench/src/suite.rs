//! `magpie-bench suite`: the standard set in one command. Every run is a process of its own with a
//! fresh server; the rounds are interleaved, so that a machine that gets slower hits all cases
//! alike. Says at the end what held, with median and spread.

mod child;
mod plan;

use std::{fs::File, io::Write as _, path::PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    fill::{self, Fill},
    report,
    scenario::Common,
};
use child::Child;
use plan::Case;

/// What to run.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Suite {
    /// Rounds over the whole set.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Small and short: shows that everything works, its figures mean little.
    #[arg(long)]
    quick: bool,
    /// Where the result lines go; on standard output otherwise.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A filled store for the reading cases; one is filled and removed if absent.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Only cases whose name contains this; may be repeated.
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Tell the cases and end.
    #[arg(long)]
    list: bool,
}

/// Runs it. Gives the table to print, and whether every run was in order.
pub(crate) fn run(suite: &Suite, common: &Common) -> Result<(String, bool)> {
    let cases = chosen(suite)?;
    if suite.list {
        return Ok((cases.iter().map(|case| format!("{}\n", case.words())).collect(), true));
    }
    ensure!(suite.runs > 0, "--runs has to be positive");
    if common.protocol != "native" {
        bail!("the suite is for the native protocol: run single scenarios with --protocol");
    }
    let child = Child::new(common)?;
    let mut out: Option<File> = match &suite.out {
        Some(path) => {
            Some(File::create(path).with_context(|| format!("cannot write {}", path.display()))?)
        }
        None => None,
    };
    let filled = store(suite, common, &cases)?;
    let mut runs = Vec::new();
    for round in 1..=suite.runs {
        for (number, case) in cases.iter().enumerate() {
            eprintln!(
                "round {round} of {}, case {} of {}: {}",
                suite.runs,
                number + 1,
                cases.len(),
                case.words()
            );
            let line = child.run(case, suite.quick, filled.as_ref().map(Filled::path))?;
            match &mut out {
                Some(file) => writeln!(file, "{line}")?,
                None => println!("{line}"),
            }
            runs.push(report::parse(&line)?);
        }
    }
    let fine = runs.iter().all(|run| run.ok);
    Ok((report::tables(runs), fine))
}

fn chosen(suite: &Suite) -> Result<Vec<Case>> {
    let mut cases = plan::cases(suite.quick);
    if !suite.only.is_empty() {
        cases.retain(|case| suite.only.iter().any(|text| case.words().contains(text.as_str())));
        ensure!(!cases.is_empty(), "no case contains {:?}: --list tells them", suite.only);
    }
    Ok(cases)
}

/// A store to read, removed at the end when it was filled here.
enum Filled {
    Given(PathBuf),
    Own { path: PathBuf, _folder: tempfile::TempDir },
}

impl Filled {
    fn path(&self) -> &std::path::Path {
        match self {
            Self::Given(path) | Self::Own { path, .. } => path,
        }
    }
}

fn store(suite: &Suite, common: &Common, cases: &[Case]) -> Result<Option<Filled>> {
    if !cases.iter().any(|case| case.reads_store) {
        return Ok(None);
    }
    if let Some(path) = &suite.store {
        return Ok(Some(Filled::Given(path.clone())));
    }
    let folder = match &common.scratch {
        Some(scratch) => tempfile::tempdir_in(scratch),
        None => tempfile::tempdir_in(child::beside_program()?),
    };
    let folder = folder.context("no place for a filled store: name one with --scratch")?;
    let path = folder.path().join("filled");
    let messages = if suite.quick { 100_000 } else { 1_000_000 };
    eprintln!("filling a store with {messages} messages");
    fill::run(&Fill {
        dir: path.clone(),
        messages,
        conversations: messages / 10,
        seed: 1,
        uniform: false,
        check: false,
    })?;
    Ok(Some(Filled::Own { path, _folder: folder }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn suite(quick: bool, only: &[&str]) -> Suite {
        let only = only.iter().map(|text| (*text).to_owned()).collect();
        Suite { runs: 1, quick, out: None, store: None, only, list: true }
    }

    #[test]
    fn the_standard_set_has_every_figure_that_is_promised() {
        let words: Vec<_> = chosen(&suite(false, &[])).unwrap().iter().map(Case::words).collect();
        for wanted in [
            "idle --connections 19000",
            "pairs --senders 500 --window 1",
            "pairs --senders 100 --window 16",
            "--rate 10000",
            "--rate 20000",
            "fanout --receivers 1000",
            "fanout --receivers 10000",
            "offline",
            "reconnect --connections 5000",
            "reconnect --connections 19000",
            "live",
            "push --receivers 1000 --rate 80000",
            "history",
            "inbox",
        ] {
            assert!(words.iter().any(|case| case.contains(wanted)), "{wanted}: {words:?}");
        }
    }

    #[test]
    fn the_quick_set_has_the_same_scenarios() {
        let kinds = |quick| {
            let cases = chosen(&suite(quick, &[])).unwrap();
            let kinds = cases.iter().map(|case| case.words().split(' ').next().unwrap().to_owned());
            kinds.collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(kinds(true), kinds(false));
    }

    #[test]
    fn a_choice_that_fits_nothing_is_told() {
        assert_eq!(chosen(&suite(false, &["fanout"])).unwrap().len(), 2);
        let error = chosen(&suite(false, &["nonsense"])).unwrap_err().to_string();
        assert!(error.contains("--list"), "{error}");
    }
}
