//! Text for the person who typed a command. Answers go to standard output, complaints to standard
//! error; a closed pipe is not an error. Log lines never come here.

use std::io::{self, Write as _};

/// Writes an answer and a line break.
pub fn say(text: &str) {
    write_out(&format!("{text}\n"));
}

/// Writes an answer as it is.
pub fn write_out(text: &str) {
    let mut out = io::stdout().lock();
    // Nobody reads any more (`magpie version | head -0`): nothing is lost.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a complaint and a line break.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
