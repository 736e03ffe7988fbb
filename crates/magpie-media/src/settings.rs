//! What the owner sets. Values come from the configuration, once, at start.

use std::path::PathBuf;

/// Settings of the depot.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Directory of unfinished uploads; files lie there too when the store is a directory.
    pub folder: PathBuf,
    /// Most bytes of one upload.
    pub bytes_max: u64,
    /// Most bytes of one piece.
    pub chunk_bytes: u64,
    /// Most bytes of all uploads of one user.
    pub user_quota_bytes: u64,
    /// Most unfinished uploads of one user.
    pub unfinished_per_user: usize,
    /// Most pixels of a picture.
    pub pixels_max: u64,
    /// How long an upload may take.
    pub ticket_ms: u64,
    /// How long a finished upload is kept that no message holds.
    pub orphan_after_ms: u64,
}

impl Settings {
    /// The defaults, in this directory.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            bytes_max: 52_428_800,
            chunk_bytes: 1_048_576,
            user_quota_bytes: 1 << 30,
            unfinished_per_user: 20,
            pixels_max: 50_000_000,
            ticket_ms: 86_400_000,
            orphan_after_ms: 86_400_000,
        }
    }
}
