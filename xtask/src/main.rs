//! The workspace's own commands: `cargo xtask tidy | codegen | supply | ci | bench | ratchet`.
//! Everything `make test` does is listed here, so that it runs the same on any machine.

mod bench;
mod ci;
mod codegen;
mod console;
mod metadata;
mod ratchet;
mod shell;
mod supply;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  codegen           write what is generated from the protocol: types of the SDK
  codegen --bless   the same, and put new golden frames under lock
  tidy              check the house rules over every file git would track
  supply            check licences, sources and version floors of all dependencies
  ci                run every step of `make test`, in order
  ci --list         list the steps
  ci STEP...        run only these steps
  bench ARG...      build the release binary and load it with magpie-bench, one JSON line per result
  ratchet           count the instructions of a message and compare them with ratchet.toml
  ratchet --bless   write the counts into ratchet.toml
  ratchet --table   print where the instructions go; names after it choose the counts";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            console::complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs one command; `false` means that it found something wrong and has said so.
fn run(args: &[String]) -> anyhow::Result<bool> {
    let Some((command, rest)) = args.split_first() else {
        console::complain(USAGE);
        return Ok(false);
    };
    let root = shell::workspace_root()?;
    match command.as_str() {
        "codegen" => codegen::run(&root, rest),
        "tidy" => tidy::run(&root),
        "supply" => supply::run(&root),
        "ci" => ci::run(&root, rest),
        "bench" => bench::run(&root, rest),
        "ratchet" => ratchet::run(&root, rest),
        "help" | "--help" | "-h" => {
            console::say(USAGE);
            Ok(true)
        }
        other => anyhow::bail!("unknown command `{other}`\n\n{USAGE}"),
    }
}
