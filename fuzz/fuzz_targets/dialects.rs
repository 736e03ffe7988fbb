//! libFuzzer around the dialect target; the target itself is a plain function of the gateway.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| magpie_gateway::dialects::fuzz::fuzz_dialects(data));
