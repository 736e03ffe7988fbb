//! Fuzz target: whatever the bytes are, judging them ends, stays within its memory, and what is
//! kept of a picture can be opened again and is the same when cleaned twice.

use std::io::Cursor;

use crate::{
    clean,
    kind::{self, HEAD_BYTES},
    picture, shape,
};

/// Pixels that the target unpacks at most; a real limit would make it slow, not better.
const PIXELS_MAX: u64 = 250_000;

/// Judges bytes as a finished upload is judged. Panics when a promise is broken.
#[allow(clippy::expect_used, reason = "a fuzz target tells by panicking")]
pub fn fuzz_media(data: &[u8]) {
    let sniffed = kind::sniff(&data[..data.len().min(HEAD_BYTES)]);
    let judged = shape::judge(sniffed, &mut Cursor::new(data), data.len() as u64);
    let Some(format) = judged.ok().and_then(|kind| kind.picture) else { return };
    if let Ok(kept) = picture::keep(format, Cursor::new(data), PIXELS_MAX) {
        let (w, h) = kept.size;
        assert!(u64::from(w) * u64::from(h) <= PIXELS_MAX, "over the limit of pixels");
        let again = picture::keep(format, Cursor::new(&kept.bytes), PIXELS_MAX);
        let again = again.expect("what was kept can be opened");
        assert_eq!(again.bytes, kept.bytes, "cleaning twice changes nothing");
        assert_eq!(again.size, kept.size, "its way up is kept");
        assert!(clean::clean(format, &kept.bytes, 1).is_some());
    }
}
