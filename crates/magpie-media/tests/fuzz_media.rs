//! The fuzzer of judged files on a stable toolchain.
//! How it runs, and how to ask for more, is in the test kit's `fuzz`.

use std::path::Path;

use magpie_media::fuzz::fuzz_media;
use magpie_testkit::fuzz::{Plan, run};

#[test]
fn no_bytes_break_the_judging_of_files() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/media");
    run(Plan { corpus: &corpus, runs: 100_000, seed: 41, input_max_bytes: 2_048 }, fuzz_media);
}
