//! The effects fuzzer on a stable toolchain.
//! How it runs, and how to ask for more, is in the test kit's `fuzz`.

use std::path::Path;

use magpie_store::fuzz::fuzz_effects;
use magpie_testkit::fuzz::{Plan, run};

#[test]
fn no_bytes_break_the_reader_of_effects() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/effects");
    run(Plan { corpus: &corpus, runs: 200_000, seed: 13, input_max_bytes: 512 }, fuzz_effects);
}
