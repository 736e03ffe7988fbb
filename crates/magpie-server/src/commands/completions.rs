//! `magpie completions`: what a shell needs to complete commands and flags.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use crate::console;

const EXAMPLES: &str = "\
Examples:
  magpie completions bash > /etc/bash_completion.d/magpie
  magpie completions zsh > \"${fpath[1]}/_magpie\"
  magpie completions fish > ~/.config/fish/completions/magpie.fish";

/// Arguments of `magpie completions`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub shell: ShellName,
}

/// A shell that completions are made for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ShellName {
    /// GNU bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}

/// Prints the script.
///
/// # Errors
/// Never.
pub fn run(args: &CompletionsArgs, command: &mut clap::Command) -> anyhow::Result<ExitCode> {
    let shell = match args.shell {
        ShellName::Bash => Shell::Bash,
        ShellName::Zsh => Shell::Zsh,
        ShellName::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "magpie", &mut script);
    console::write_out(&String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}
