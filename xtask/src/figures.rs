//! `cargo xtask figures`: builds the release binary and hands it to the measuring client.
//! It measures nothing itself; the figures are the example `figures` of magpie-client.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{ci, metadata, shell};

/// Runs the measuring client on a fresh release build.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<bool> {
    if !ci::release_build(root)? {
        return Ok(false);
    }
    let binary = ci::release_binary(&metadata::workspace(root)?);
    let commit = shell::output(root, "git", &["rev-parse", "--short=12", "HEAD"])?;
    let status = Command::new(shell::cargo())
        .args(["run", "--quiet", "--release", "--locked"])
        .args(["-p", "magpie-client", "--example", "figures", "--", "--bin"])
        .arg(&binary)
        .args(args)
        .env("MAGPIE_COMMIT", String::from_utf8_lossy(&commit).trim())
        .current_dir(root)
        .status()
        .context("cannot start cargo")?;
    Ok(status.success())
}
