//! What the effects fuzzer runs: no bytes of a journal break the reader of effects, and what it
//! accepts it writes so that it reads the same again. Shared by the stable test and cargo-fuzz.

use bytes::Bytes;

use crate::effect::codec;

/// Most effects that this many bytes can hold: a tag and three one-byte numbers each.
const EFFECT_BYTES_MIN: usize = 4;

/// Reads one input as the payload of a batch.
///
/// # Panics
/// When what was read is not written back as the same, or is more than the bytes can hold: a bug.
pub fn fuzz_effects(data: &[u8]) {
    let Ok((epoch, effects)) = codec::decode(Bytes::copy_from_slice(data)) else { return };
    assert!(effects.len() <= data.len() / EFFECT_BYTES_MIN, "effects out of nothing");
    let mut again = Vec::new();
    codec::begin(epoch, &mut again);
    effects.iter().for_each(|effect| codec::encode(effect, &mut again));
    // Numbers may come in longer forms than they are written in, never in shorter ones.
    assert!(again.len() <= data.len(), "written longer than it was read");
    assert_eq!(codec::decode(again.into()), Ok((epoch, effects)), "not written as it was read");
}
