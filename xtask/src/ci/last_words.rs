//! Runs a step's command, shows what it prints as it prints it, and keeps what somebody needs
//! who sees only the end of a log: the lines that name a failure, and the last ones.
//! It judges nothing: whether a step passed is the command's exit code.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, IsTerminal as _, PipeReader, Write as _};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use anyhow::Result;

const LAST_MAX: usize = 30;
const TELLING_MAX: usize = 40;
/// The message of a panic stands below the line that says where.
const LINES_BELOW_PANIC: usize = 2;
/// A process that a step left behind may hold its output open for ever.
const REST_MS: u64 = 5_000;

/// Lines worth repeating.
#[derive(Debug, Default)]
pub(super) struct LastWords {
    last: VecDeque<String>,
    telling: Vec<String>,
    below_panic: usize,
}

impl LastWords {
    fn hear(&mut self, line: &str) {
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        let tells = tells(line);
        if (tells || self.below_panic > 0) && self.telling.len() < TELLING_MAX {
            self.telling.push(line.to_owned());
        }
        self.below_panic = if line.contains("panicked at") {
            LINES_BELOW_PANIC
        } else {
            self.below_panic.saturating_sub(1)
        };
        if self.last.len() == LAST_MAX {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
    }

    /// First what names a failure further up, then the last lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        let further_up = self.telling.iter().filter(|line| !self.last.contains(line));
        further_up.chain(&self.last).map(String::as_str)
    }
}

/// Whether a line names a failure, as cargo, nextest, rustc, vitest, eslint or playwright write it.
fn tells(line: &str) -> bool {
    const SIGNS: &[&str] =
        &["FAILED", "FAIL ", "panicked at", "error:", "error[", "error TS", "Error:", "✘"];
    !line.ends_with("... ok") && SIGNS.iter().any(|sign| line.contains(sign))
}

/// Runs the command with both of its outputs in one pipe, so that their order stays.
pub(super) fn run(mut command: Command) -> Result<(bool, LastWords)> {
    if std::io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always").env("FORCE_COLOR", "1");
    }
    let (reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // It holds our ends of the pipe: until they are closed the reader waits for more.
    drop(command);
    let words = Arc::new(Mutex::new(LastWords::default()));
    let (done, all_read) = mpsc::sync_channel(1);
    let heard = Arc::clone(&words);
    std::thread::spawn(move || {
        listen(reader, &heard);
        let _nobody_waits = done.send(());
    });
    let status = child.wait()?;
    let _left_open = all_read.recv_timeout(Duration::from_millis(REST_MS));
    let words = std::mem::take(&mut *words.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((status.success(), words))
}

fn listen(reader: PipeReader, words: &Mutex<LastWords>) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        let mut out = std::io::stdout().lock();
        let _closed_pipe = out.write_all(&line).and_then(|()| out.flush());
        words.lock().unwrap_or_else(PoisonError::into_inner).hear(&String::from_utf8_lossy(&line));
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn shell(script: &str) -> (bool, Vec<String>) {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let (passed, words) = run(command).unwrap();
        (passed, words.lines().map(str::to_owned).collect())
    }

    #[test]
    fn a_failure_far_above_is_repeated_before_the_last_lines() {
        let (passed, lines) = shell(
            "echo 'test a::b ... FAILED'; echo \"thread 'a::b' panicked at x.rs:1:\" >&2; \
             echo 'left is not right'; for n in $(seq 50); do echo \"test t$n ... ok\"; done; exit 1",
        );
        assert!(!passed);
        assert_eq!(
            lines[..4],
            [
                "test a::b ... FAILED",
                "thread 'a::b' panicked at x.rs:1:",
                "left is not right",
                "test t1 ... ok"
            ]
            .map(str::to_owned)
        );
        assert_eq!(lines.last().unwrap(), "test t50 ... ok");
    }

    #[test]
    fn a_line_is_repeated_once_and_only_so_many_are() {
        let (_, lines) = shell("for n in $(seq 500); do echo \"error: number $n\"; done");
        assert_eq!(lines.len(), TELLING_MAX + LAST_MAX);
        let (_, lines) = shell("echo 'error: only this'");
        assert_eq!(lines, ["error: only this"]);
    }

    #[test]
    fn a_passed_test_whose_name_sounds_bad_tells_nothing() {
        assert!(!tells("test panicked at dawn ... ok"));
        assert!(tells("  ✘  42 [chat] › e2e/restart.spec.ts:4:1 › messages typed (29.0s)"));
    }

    #[test]
    fn the_exit_code_alone_says_whether_it_passed() {
        assert!(shell("echo 'error: not really'").0);
        assert!(!shell("exit 3").0);
    }
}
