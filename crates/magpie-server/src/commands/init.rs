//! `magpie init`: writes a commented configuration file from the key table.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;

use crate::{
    config::{DEFAULT_FILE, render},
    console,
};

const EXAMPLES: &str = "\
Examples:
  magpie init                     write ./magpie.toml, which `magpie serve` here reads by itself
  magpie init /etc/magpie.toml    write it elsewhere; serve with --config or MAGPIE_CONFIG
  magpie init --full --print      show every key with default and meaning";

/// Arguments of `magpie init`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct InitArgs {
    /// Where to write
    #[arg(default_value = DEFAULT_FILE)]
    pub file: PathBuf,
    /// Every key instead of those that are changed most
    #[arg(long)]
    pub full: bool,
    /// Print instead of writing a file
    #[arg(long)]
    pub print: bool,
    /// Print docs/config.md
    #[arg(long, hide = true)]
    pub markdown: bool,
}

/// Writes or prints the file.
///
/// # Errors
/// When the file exists already or cannot be written.
pub fn run(args: &InitArgs) -> anyhow::Result<ExitCode> {
    let text = match (args.markdown, args.full) {
        (true, _) => render::markdown(),
        (false, true) => render::example(),
        (false, false) => render::starter(),
    };
    if args.print || args.markdown {
        console::write_out(&text);
        return Ok(ExitCode::SUCCESS);
    }
    let shown = args.file.display();
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&args.file) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            anyhow::bail!(
                "{shown} exists already and was left as it is: name another file, or see --print"
            )
        }
        Err(error) => return Err(error).with_context(|| format!("cannot write {shown}")),
    };
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {shown}"))?;
    console::say(&format!("wrote {shown}; judge your changes with: magpie check --config {shown}"));
    Ok(ExitCode::SUCCESS)
}
