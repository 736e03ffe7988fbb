//! `magpie-bench`: loads a server from one core, checks that every message arrived once and in
//! order, prints one JSON line per result. A development tool: nothing of the product knows it.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]
#![allow(dead_code, unused_imports, reason = "the scenarios that use the rest follow")]

mod engine;
mod native;
mod result;
mod scenario;
mod server_process;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use scenario::{Bench, Common, Kind};

/// Measures a Magpie server, or one that speaks an old dialect.
#[derive(Debug, Parser)]
#[command(name = "magpie-bench", version)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    kind: Kind,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the line, also of a run that broke off; says whether the run was in order.
fn run(cli: Cli) -> anyhow::Result<bool> {
    let bench = Bench::new(cli.common)?;
    let line = match cli.kind.scenario().run(&bench) {
        Ok(line) => line,
        Err(error) => {
            let mut line = bench.line(cli.kind.name(), cli.kind.name().to_owned())?;
            line.fail(format!("{error:#}"));
            line
        }
    };
    println!("{}", line.text()?);
    if let Some(error) = &line.error {
        eprintln!("failed: {error}");
    }
    Ok(line.ok)
}
