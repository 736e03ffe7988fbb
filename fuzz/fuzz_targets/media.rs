//! libFuzzer around the media target; the target itself is a plain function of the media crate.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| magpie_media::fuzz::fuzz_media(data));
