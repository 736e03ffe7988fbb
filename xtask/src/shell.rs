//! Starting other programs and naming the one that is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// The folder of the root `Cargo.toml`: the parent of this package.
pub(crate) fn workspace_root() -> Result<PathBuf> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .context("CARGO_MANIFEST_DIR is not set: start this as `cargo xtask`")?;
    let root = Path::new(&package).parent().context("xtask has no parent folder")?;
    Ok(root.to_path_buf())
}

/// The cargo that started us, so that a pinned toolchain stays the same in every step.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_unset| "cargo".to_owned())
}

/// Standard output of a command that has to succeed.
pub(crate) fn output(dir: &Path, program: &str, args: &[&str]) -> Result<Vec<u8>> {
    let out = Command::new(program)
        .args(args)
        .current_dir(dir)
        .output()
        .with_context(|| format!("cannot start `{program}`: is it installed?"))?;
    if !out.status.success() {
        bail!(
            "`{program} {}` failed ({}):\n{}",
            args.join(" "),
            out.status,
            String::from_utf8_lossy(&out.stderr).trim_end()
        );
    }
    Ok(out.stdout)
}

/// Whether `cargo <subcommand>` is installed.
pub(crate) fn has_cargo_subcommand(name: &str) -> bool {
    Command::new(cargo()).args([name, "--version"]).output().is_ok_and(|out| out.status.success())
}
