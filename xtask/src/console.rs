//! Lines for the person at the terminal. A closed pipe is not an error here.

use std::io::Write as _;

/// Writes a line to standard output.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _closed_pipe = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Writes a line to standard error.
pub(crate) fn complain(line: &str) {
    let _closed_pipe = writeln!(std::io::stderr().lock(), "{line}");
}
