//! Section `store`: the embedded store.

use super::table::section;

section! {
    /// The embedded store.
    Store, "store" {
        /// Writes that may wait for the disk. When more come, senders are told to try again.
        queue_len: usize = 16_384, in 64..=1_048_576;
        /// Threads that read: history, lists, resumes.
        readers: usize = 2, in 1..=64;
    }
}
