//! Section `messages`: what may be done to a message after it was sent.

use super::table::section;

section! {
    /// What may be done to a message after it was sent. The owner's backend may do it at any time.
    Messages, "messages" {
        /// Seconds in which a sender may take a message back for everyone; 0: not at all.
        recall_window_s: u64 = 120, in 0..=315_360_000;
        /// Seconds in which a sender may edit a text; 0: not at all.
        edit_window_s: u64 = 86_400, in 0..=315_360_000;
    }
}
