//! Section `push`: values that a backend pushes to a user's pages.

use super::table::section;

section! {
    /// Values that a backend pushes to a user's pages.
    Push, "push" {
        /// Seconds for which the last value of a channel is kept for pages that open late, when the
        /// backend names no time itself.
        hold_s: u64 = 86_400, in 0..=31_536_000;
    }
}
