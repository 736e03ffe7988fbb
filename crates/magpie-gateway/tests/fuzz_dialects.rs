//! The dialect fuzzer on a stable toolchain: the committed corpus, then seeded mutations of it.
//! `MAGPIE_FUZZ_RUNS` asks for more runs, `MAGPIE_FUZZ_SEED` for other ones.

#![allow(clippy::expect_used, reason = "tests")]

use std::path::Path;
use std::{env, fs, panic};

use magpie_gateway::dialects::fuzz::fuzz_dialects;
use magpie_testkit::mutator::Mutator;

/// Fewer runs than this prove too little.
const RUNS_MIN: u64 = 100_000;
const RUNS: u64 = 150_000;
const SEED: u64 = 2024;
const INPUT_MAX_BYTES: usize = 640;

/// Files of the corpus, in the order of their names, so that a seed means the same everywhere.
fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/dialects");
    let entries = fs::read_dir(&folder).expect("the corpus folder is committed");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("readable")).collect()
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| {
        text.parse().unwrap_or_else(|error| panic!("{name}={text:?} is not a number: {error}"))
    })
}

#[test]
fn no_bytes_break_a_dialect_or_forge_a_sender() {
    let (runs, seed) = (number("MAGPIE_FUZZ_RUNS", RUNS), number("MAGPIE_FUZZ_SEED", SEED));
    assert!(runs >= RUNS_MIN, "MAGPIE_FUZZ_RUNS={runs} is below {RUNS_MIN}");
    let corpus = corpus();
    assert!(corpus.len() >= 20, "the corpus has only {} inputs", corpus.len());
    corpus.iter().for_each(|input| fuzz_dialects(input));
    let mut mutator = Mutator::new(seed, corpus, INPUT_MAX_BYTES);
    let mut done = 0;
    while done < runs {
        let input = mutator.next_input();
        if panic::catch_unwind(|| fuzz_dialects(&input)).is_err() {
            let text = String::from_utf8_lossy(&input);
            panic!("seed {seed}, run {done}: add this to the corpus once mended: {text:?}");
        }
        done += 1;
    }
    eprintln!("dialects: {done} runs with seed {seed}");
}
