//! Section `media`: uploads and files.

use std::path::PathBuf;

use super::table::section;

section! {
    /// Pictures, files, voice messages and video that users send.
    Media, "media" {
        /// Take uploads and give files out. Off: messages still may name files elsewhere by `url`.
        enabled: bool = true;
        /// Directory of the files; `media` in the data directory when not set. Not in a backup of the
        /// store: copy it too.
        dir: Option<PathBuf> = None;
        /// Largest upload in bytes.
        bytes_max: u64 = 52_428_800, in 1_024..=1_099_511_627_776;
        /// Largest piece of an upload in bytes. `limits.body_timeout_ms` says how fast it must come.
        chunk_bytes: u64 = 1_048_576, in 16_384..=67_108_864;
        /// Bytes that all uploads of one user may take, unfinished ones too.
        user_quota_bytes: u64 = 1_073_741_824, in 1_024..=1_099_511_627_776;
        /// Uploads of one user that may be unfinished at a time.
        unfinished_per_user: usize = 20, in 1..=1_000;
        /// Most pixels of a picture. Unpacking one takes 4 bytes for each, one picture at a time.
        pixels_max: u64 = 50_000_000, in 10_000..=500_000_000;
        /// Seconds in which an upload has to be finished.
        ticket_s: u64 = 86_400, in 10..=604_800;
        /// Seconds after which a finished upload that no message holds is erased.
        orphan_after_s: u64 = 86_400, in 1..=31_536_000;
    }
}
