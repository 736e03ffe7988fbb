//! `magpie-bench`: loads a server from one core, checks that every message arrived once and in
//! order, prints one JSON line per result. A development tool: nothing of the product knows it.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

mod dialect;
mod engine;
mod fill;
mod native;
mod report;
mod result;
mod scenario;
mod server_process;
mod suite;
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
    command: Command,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
enum Command {
    #[command(flatten)]
    Run(Kind),
    /// Makes a store that has been in use for years.
    Fill(fill::Fill),
    /// The standard set: several rounds of every scenario, each run with a fresh server.
    Suite(suite::Suite),
    /// Shows results as a page or as text, alone or against earlier ones.
    Report(report::Report),
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

/// Says whether everything was in order.
fn run(cli: Cli) -> anyhow::Result<bool> {
    match cli.command {
        Command::Run(kind) => return measure(cli.common, &kind),
        Command::Suite(suite) => {
            let (table, fine) = suite::run(&suite, &cli.common)?;
            print!("{table}");
            return Ok(fine);
        }
        Command::Fill(fill) => println!("{}", fill::run(&fill)?),
        Command::Report(report) => print!("{}", report::run(&report)?),
    }
    Ok(true)
}

/// Prints the line, also of a run that broke off; says whether the run was in order.
fn measure(common: Common, kind: &Kind) -> anyhow::Result<bool> {
    let bench = Bench::new(common)?;
    let line = match kind.scenario().run(&bench) {
        Ok(line) => line,
        Err(error) => {
            let mut line = bench.line(kind.name(), kind.name().to_owned())?;
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
