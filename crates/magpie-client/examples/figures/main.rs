//! Measures a server binary and prints one JSON line for each figure: commit, conditions, median
//! and spread of five runs. `figures --bin PATH [--only NAME]`; nothing is judged here.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

mod idle;
mod load;
mod server;
mod start;
mod stats;
mod wire;

use std::path::PathBuf;

/// What can go wrong in a measurement is told to whoever runs it.
pub(crate) type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// What to measure.
pub(crate) struct Plan {
    pub(crate) binary: PathBuf,
    only: Option<String>,
}

impl Plan {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Fallible<Self> {
        let (mut binary, mut only) = (None, None);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--bin" => binary = arguments.next().map(PathBuf::from),
                "--only" => only = arguments.next(),
                other => return Err(format!("unknown argument {other:?}").into()),
            }
        }
        let binary = binary.ok_or("usage: figures --bin PATH [--only size|start|idle|load]")?;
        Ok(Self { binary: std::fs::canonicalize(binary)?, only })
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == name)
    }
}

fn main() -> Fallible<()> {
    let plan = Plan::parse(std::env::args().skip(1))?;
    stats::cores();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        if plan.wants("size") {
            start::size(&plan)?;
        }
        if plan.wants("start") {
            start::ready(&plan).await?;
        }
        if plan.wants("idle") {
            idle::run(&plan).await?;
        }
        if plan.wants("load") {
            load::run(&plan).await?;
        }
        Ok(())
    })
}
