//! The frame fuzzer on a stable toolchain.
//! How it runs, and how to ask for more, is in the test kit's `fuzz`.

use std::path::Path;

use magpie_gateway::ws::fuzz::fuzz_frame;
use magpie_testkit::fuzz::{Plan, run};

#[test]
fn no_bytes_break_the_frame_reader_however_they_are_cut() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/frame");
    run(Plan { corpus: &corpus, runs: 300_000, seed: 6455, input_max_bytes: 640 }, fuzz_frame);
}
