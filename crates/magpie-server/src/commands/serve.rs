//! `magpie serve`: reads the configuration, starts the logs and hands over to the composition root.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::environment;
use crate::{
    app,
    config::{Config, Flags},
    telemetry,
};

const EXAMPLES: &str = "\
Examples:
  magpie serve                                 127.0.0.1:8080, data in ./data
  magpie serve --dev --demo                    for trying out, this machine only
  magpie serve --listen 127.0.0.1:9000 --data /var/lib/magpie
  MAGPIE_LOG__FORMAT=json magpie serve --config /etc/magpie/magpie.toml

The first start makes a signing secret and an API key in the data directory and prints the key once.
MAGPIE_API_KEY brings an API key of your own instead. The last line of the start is
`magpie ready in N ms`. SIGTERM and Ctrl-C stop it cleanly within 10 seconds.";

/// Arguments of `magpie serve`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct ServeArgs {
    /// Development: open dialects, users created on first sight, broadcasts allowed; loopback only
    #[arg(long)]
    pub dev: bool,
    /// Add demo users and messages, and a route that signs anybody in as one of them
    #[arg(long)]
    pub demo: bool,
    /// Insist on open dialects at an address that other machines can reach
    #[arg(long)]
    pub dev_allow_remote: bool,
    /// Address and port [env: MAGPIE_LISTEN] [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Data directory [env: MAGPIE_DATA] [default: data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Configuration file [env: MAGPIE_CONFIG] [default: ./magpie.toml if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What the composition root has to know besides the configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServeFlags {
    /// `--dev`: already applied to the configuration; here for the banner and the pages.
    pub dev: bool,
    /// `--demo`: fill an empty store, serve the demo route.
    pub demo: bool,
    /// `--dev-allow-remote`.
    pub dev_allow_remote: bool,
}

/// Serves until told to stop.
///
/// # Errors
/// Bad configuration, or whatever ended the server.
pub fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let flags = Flags {
        config: args.config.clone(),
        listen: args.listen.clone(),
        data: args.data.clone(),
        dev: args.dev,
        dev_allow_remote: args.dev_allow_remote,
    };
    let config = Config::load(&flags, environment())?;
    telemetry::start(&config.log)?;
    let overrides =
        ServeFlags { dev: args.dev, demo: args.demo, dev_allow_remote: args.dev_allow_remote };
    app::serve(config, overrides)?;
    Ok(ExitCode::SUCCESS)
}
