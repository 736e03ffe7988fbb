//! Section `web`: the pages inside the binary.

use super::table::section;

section! {
    /// The pages inside the binary.
    Web, "web" {
        /// Serve the chat page at `/` and the API documentation at `/docs`.
        enabled: bool = true;
    }
}
