//! libFuzzer around the effects target; the target itself is a plain function of the store.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| magpie_store::fuzz::fuzz_effects(data));
