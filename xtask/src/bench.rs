//! `cargo xtask bench`: builds the release server and the load generator and runs one with the
//! other. It measures nothing itself and judges nothing.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{ci, metadata, shell};

/// Runs the load generator on a fresh release build of the server.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<bool> {
    if !ci::release_build(root)? {
        return Ok(false);
    }
    let binary = ci::release_binary(&metadata::workspace(root)?);
    let commit = shell::output(root, "git", &["rev-parse", "--short=12", "HEAD"])?;
    let mut command = Command::new(shell::cargo());
    command
        .args(["run", "--quiet", "--release", "--locked", "-p", "magpie-bench", "--"])
        .args(args);
    if !args.iter().any(|arg| names_a_server(arg)) {
        command.arg("--server").arg(&binary);
    }
    let status = command
        .env("MAGPIE_COMMIT", String::from_utf8_lossy(&commit).trim())
        .current_dir(root)
        .status()
        .context("cannot start cargo")?;
    Ok(status.success())
}

/// Whether the caller has chosen another server than the one just built.
fn names_a_server(arg: &str) -> bool {
    ["--server", "--url"]
        .iter()
        .any(|option| arg == *option || arg.starts_with(&format!("{option}=")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_options_that_name_a_server_do() {
        assert!(names_a_server("--url") && names_a_server("--server=x"));
        assert!(!names_a_server("--server-cpus") && !names_a_server("server"));
    }
}
