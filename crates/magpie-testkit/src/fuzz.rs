//! Runs a fuzz target on a stable toolchain: the committed corpus, then seeded mutations of it.
//! `MAGPIE_FUZZ_RUNS` asks for more runs, `MAGPIE_FUZZ_SEED` for other ones.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "test code")]

use std::{env, fs, panic, path::Path};

use crate::mutator::Mutator;

/// Fewer runs than this prove too little.
const RUNS_MIN: u64 = 100_000;
/// Fewer inputs than this are no corpus.
const CORPUS_LEN_MIN: usize = 20;

/// What one fuzz test does, unless the environment asks for something else.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// Folder of the committed corpus.
    pub corpus: &'a Path,
    /// Runs after the corpus.
    pub runs: u64,
    /// Seed of the mutations.
    pub seed: u64,
    /// Longest input.
    pub input_max_bytes: usize,
}

/// Feeds the target; an input that makes it panic is named with seed and run.
///
/// # Panics
/// When the target does, when there are too few runs or inputs, or the corpus cannot be read.
pub fn run(plan: Plan<'_>, target: fn(&[u8])) {
    let runs = number("MAGPIE_FUZZ_RUNS", plan.runs);
    let seed = number("MAGPIE_FUZZ_SEED", plan.seed);
    assert!(runs >= RUNS_MIN, "MAGPIE_FUZZ_RUNS={runs} is below {RUNS_MIN}");
    let corpus = corpus(plan.corpus);
    assert!(corpus.len() >= CORPUS_LEN_MIN, "the corpus has only {} inputs", corpus.len());
    corpus.iter().for_each(|input| target(input));
    let mut mutator = Mutator::new(seed, corpus, plan.input_max_bytes);
    let mut done = 0;
    while done < runs {
        let input = mutator.next_input();
        if panic::catch_unwind(|| target(&input)).is_err() {
            let text = String::from_utf8_lossy(&input);
            panic!("seed {seed}, run {done}: add to the corpus once mended: {input:02x?} {text:?}");
        }
        done += 1;
    }
    eprintln!("{}: {done} runs with seed {seed}", plan.corpus.display());
}

/// Files of the corpus, in the order of their names, so that a seed means the same everywhere.
fn corpus(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).expect("the corpus folder is committed");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("readable")).collect()
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| {
        text.parse().unwrap_or_else(|error| panic!("{name}={text:?} is not a number: {error}"))
    })
}
