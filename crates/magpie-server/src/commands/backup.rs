//! `magpie backup`: copies the store into one file, while a server runs or not.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use magpie_store::sqlite;

use super::Where;
use crate::console;

const EXAMPLES: &str = "\
Examples:
  magpie backup /backups/magpie-2026-11-20.backup
  magpie backup --data /var/lib/magpie \"/backups/$(date +%F).backup\"

The copy is consistent as of its start, and checked when it is restored. It holds messages and
users, not the signing secret and API keys beside the store: keep those apart.";

/// Arguments of `magpie backup`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct BackupArgs {
    /// The file to make; it must not exist yet
    pub file: PathBuf,
    /// Where the store is.
    #[command(flatten)]
    pub place: Where,
}

/// Copies.
///
/// # Errors
/// No store there, the file exists, or the disk refuses.
pub fn run(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let config = args.place.load()?;
    sqlite::backup(&config.server.data, &args.file)?;
    let size = std::fs::metadata(&args.file).map_or(0, |about| about.len());
    console::say(&format!("wrote {} ({} KiB)", args.file.display(), size.div_ceil(1_024)));
    Ok(ExitCode::SUCCESS)
}
