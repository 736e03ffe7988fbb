//! Section `log`: what is written to standard error.

use super::{setting::names, table::section};

names! {
    /// The form of log lines.
    pub enum Format {
        /// For a person.
        #[default]
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
    kind "one of \"text\", \"json\""
}

section! {
    /// What is written to standard error. Lines carry ids, never messages or tokens.
    Log, "log" {
        /// `text` for a person, `json` for a collector: one object a line.
        format: Format = Format::Text;
        /// What to write: `error`, `warn`, `info`, `debug`, `trace`, or a filter by module such as
        /// `info,magpie_gateway=debug`.
        level: String = "info".to_owned();
    }
}
