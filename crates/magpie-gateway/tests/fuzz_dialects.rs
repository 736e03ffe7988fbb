//! The dialect fuzzer on a stable toolchain.
//! How it runs, and how to ask for more, is in the test kit's `fuzz`.

use std::path::Path;

use magpie_gateway::dialects::fuzz::fuzz_dialects;
use magpie_testkit::fuzz::{Plan, run};

#[test]
fn no_bytes_break_a_dialect_or_forge_a_sender() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/dialects");
    run(Plan { corpus: &corpus, runs: 150_000, seed: 2024, input_max_bytes: 640 }, fuzz_dialects);
}
