//! The frame fuzzer on a stable toolchain: the committed corpus, then seeded mutations of it.
//! `MAGPIE_FUZZ_RUNS` asks for more runs, `MAGPIE_FUZZ_SEED` for other ones.

#![allow(clippy::expect_used, reason = "tests")]

use std::path::Path;
use std::{env, fs, panic};

use magpie_gateway::ws::fuzz::fuzz_frame;
use magpie_testkit::mutator::Mutator;

/// Fewer runs than this prove too little.
const RUNS_MIN: u64 = 100_000;
const RUNS: u64 = 300_000;
const SEED: u64 = 6455;
const INPUT_MAX_BYTES: usize = 640;

/// Files of the corpus, in the order of their names, so that a seed means the same everywhere.
fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/frame");
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
fn no_bytes_break_the_frame_reader_however_they_are_cut() {
    let (runs, seed) = (number("MAGPIE_FUZZ_RUNS", RUNS), number("MAGPIE_FUZZ_SEED", SEED));
    assert!(runs >= RUNS_MIN, "MAGPIE_FUZZ_RUNS={runs} is below {RUNS_MIN}");
    let corpus = corpus();
    assert!(corpus.len() >= 20, "the corpus has only {} inputs", corpus.len());
    corpus.iter().for_each(|input| fuzz_frame(input));
    let mut mutator = Mutator::new(seed, corpus, INPUT_MAX_BYTES);
    let mut done = 0;
    while done < runs {
        let input = mutator.next_input();
        if panic::catch_unwind(|| fuzz_frame(&input)).is_err() {
            panic!("seed {seed}, run {done}: add this to the corpus once mended: {input:02x?}");
        }
        done += 1;
    }
    eprintln!("frame: {done} runs with seed {seed}");
}
