//! The command line: arguments, one file per command, and what the process answers with.
//! Exit codes: 0 done, 1 failed, 2 wrong arguments, 64 bad configuration.

pub mod backup;
pub mod check;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod init;
pub mod restore;
pub mod serve;
mod store;
pub mod token;
pub mod user;
pub mod version;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::{
    config::{Config, ConfigError, Flags},
    console,
};

/// Exit code of a configuration that cannot be used.
pub const BAD_CONFIGURATION: u8 = 64;

const EXAMPLES: &str = "\
Examples:
  magpie serve --dev --demo               try it: demo users, open dialects, this machine only
  magpie serve                            serve with the data in ./data
  magpie init && magpie check             write a commented magpie.toml and judge it
  magpie token --user alice               a token for alice, to connect with
  magpie backup /backups/magpie.backup    copy a running server's data into one file

Environment: MAGPIE_LISTEN, MAGPIE_DATA, MAGPIE_API_KEY, MAGPIE_CONFIG,
and MAGPIE_<SECTION>__<KEY> for every key of the configuration.
Exit codes: 0 done, 1 failed, 2 wrong arguments, 64 bad configuration.";

/// Chat and live push in one binary.
#[derive(Debug, Parser)]
#[command(name = "magpie", version, about = "Chat and live push in one binary", after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do; without one the server is started.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// One command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server
    Serve(serve::ServeArgs),
    /// Write a commented configuration file
    Init(init::InitArgs),
    /// Judge configuration and, with --data, the store
    Check(check::CheckArgs),
    /// Make a user token, or look into one
    Token(token::TokenArgs),
    /// Add, list, ban and unban users of a stopped server
    User(user::UserArgs),
    /// Fill a stopped server with demo users and messages, or remove them
    Demo(demo::DemoArgs),
    /// Copy the store into one file, also while the server runs
    Backup(backup::BackupArgs),
    /// Put a backup into an empty data directory
    Restore(restore::RestoreArgs),
    /// Look at this machine for what makes servers fail
    Doctor(doctor::DoctorArgs),
    /// Print completions for a shell
    Completions(completions::CompletionsArgs),
    /// Print name, version and target
    Version,
}

/// Where a command finds configuration and data.
#[derive(Debug, Clone, Default, Args)]
pub struct Where {
    /// Configuration file [env: MAGPIE_CONFIG] [default: ./magpie.toml if it exists]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Data directory [env: MAGPIE_DATA] [default: data]
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
}

impl Where {
    /// The configuration found there.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let flags =
            Flags { config: self.config.clone(), data: self.data.clone(), ..Flags::default() };
        Config::load(&flags, environment())
    }
}

/// The environment as text; what is not UTF-8 cannot be meant for us.
#[must_use]
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Runs the command of this process and gives its exit code.
#[must_use]
pub fn run() -> ExitCode {
    let command = Cli::parse().command.unwrap_or(Command::Serve(serve::ServeArgs::default()));
    let done = match command {
        Command::Serve(args) => serve::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Token(args) => token::run(&args),
        Command::User(args) => user::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions(args) => completions::run(&args, &mut Cli::command()),
        Command::Version => version::run(),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            console::complain(&format!("magpie: {error:#}"));
            ExitCode::from(if error.is::<ConfigError>() { BAD_CONFIGURATION } else { 1 })
        }
    }
}
