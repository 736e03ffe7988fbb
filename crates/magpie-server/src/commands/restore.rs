//! `magpie restore`: puts a backup into a data directory as a new history.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use magpie_core::port::Ids as _;
use magpie_store::sqlite;

use super::Where;
use crate::{console, ids::RandomIds};

const EXAMPLES: &str = "\
Examples:
  magpie restore /backups/magpie.backup --data /var/lib/magpie
  magpie restore /backups/magpie.backup --force     keep the store that is there under another name

The server must be stopped. Clients notice the new history and load their lists anew; what they
sent after the backup and was not stored in it is lost.";

/// Arguments of `magpie restore`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RestoreArgs {
    /// The backup
    pub file: PathBuf,
    /// Replace the store that is there; it is kept beside the new one
    #[arg(long)]
    pub force: bool,
    /// Where to put it.
    #[command(flatten)]
    pub place: Where,
}

/// Restores.
///
/// # Errors
/// Not a backup, a damaged one, a running server, or a store that is there already.
pub fn run(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let config = args.place.load()?;
    let data = &config.server.data;
    let kept = match sqlite::restore(&args.file, data, RandomIds::new()?.random(), args.force) {
        Err(sqlite::OpenError::Exists(path)) => anyhow::bail!(
            "{} exists already and was left as it is: restore into an empty directory, or add --force to \
             keep it under another name",
            path.display()
        ),
        done => done?,
    };
    console::say(&format!("restored {} into {}", args.file.display(), data.display()));
    if let Some(kept) = kept {
        console::say(&format!("the store that was there is now {}", kept.display()));
    }
    Ok(ExitCode::SUCCESS)
}
