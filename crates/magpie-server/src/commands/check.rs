//! `magpie check`: judges configuration and, with `--data`, the store. Starts nothing.

use std::process::ExitCode;

use clap::Args;

use super::Where;
use crate::{config::Config, console};

const EXAMPLES: &str = "\
Examples:
  magpie check                                   what `magpie serve` here would read
  magpie check --config /etc/magpie/magpie.toml --show
  magpie check --data /var/lib/magpie            the store too; the server may run

Exit codes: 0 fine, 1 the store has faults, 64 bad configuration.";

/// Arguments of `magpie check`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// Where to look.
    #[command(flatten)]
    pub place: Where,
    /// List the keys that are set, with value and place
    #[arg(long)]
    pub show: bool,
}

/// Judges.
///
/// # Errors
/// Bad configuration, or a store that cannot be read.
pub fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let config = args.place.load()?;
    let file = config
        .file
        .as_ref()
        .map_or_else(|| "no file".to_owned(), |path| path.display().to_string());
    if args.show {
        show(&config);
    }
    console::say(&format!("configuration: fine ({file}, {} keys set)", config.places.len()));
    if args.place.data.is_none() {
        return Ok(ExitCode::SUCCESS);
    }
    super::store::check(&config)
}

fn show(config: &Config) {
    for section in config.sections() {
        for key in section.keys() {
            let dotted = format!("{}.{}", section.name(), key.name);
            if let Some(place) = config.places.get(&dotted) {
                let value = section.show(key.name).unwrap_or_else(|| "not set".to_owned());
                console::say(&format!("{dotted} = {value}  ({place})"));
            }
        }
    }
}
