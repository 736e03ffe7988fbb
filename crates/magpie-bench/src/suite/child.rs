//! One run as a process of its own: its memory is its own, and whatever goes wrong in it costs
//! one line.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::plan::Case;
use crate::scenario::Common;

/// How every run is called.
pub(crate) struct Child {
    program: PathBuf,
    arguments: Vec<OsString>,
    api_key: Option<String>,
}

/// A folder on the disk of the build.
pub(crate) fn beside_program() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.parent().context("this program lies in no folder")?.to_path_buf())
}

impl Child {
    /// With the options that all scenarios have.
    pub(crate) fn new(common: &Common) -> Result<Self> {
        let mut arguments: Vec<OsString> = Vec::new();
        let mut add = |name: &str, value: &dyn AsRef<std::ffi::OsStr>| {
            arguments.extend([OsString::from(name), value.as_ref().to_owned()]);
        };
        if let Some(server) = &common.server {
            add("--server", server);
        }
        if let Some(url) = &common.url {
            add("--url", &url.to_string());
        }
        if let Some(scratch) = &common.scratch {
            add("--scratch", scratch);
        }
        add("--server-cpus", &common.server_cpus);
        add("--generator-cpus", &common.generator_cpus);
        add("--at-once", &common.at_once.to_string());
        add("--standstill-s", &common.standstill_s.to_string());
        for setting in &common.server_env {
            add("--server-env", setting);
        }
        if common.receipts {
            arguments.push("--receipts".into());
        }
        Ok(Self { program: std::env::current_exe()?, arguments, api_key: common.api_key.clone() })
    }

    /// Runs a case once and gives its line, also when it came to nothing.
    pub(crate) fn run(&self, case: &Case, quick: bool, store: Option<&Path>) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        if quick {
            command.args(["--warm-up-s", "0.3", "--duration-s", "1"]);
        }
        if case.reads_store
            && let Some(store) = store
        {
            command.arg("--data").arg(store);
        }
        command.args(&case.arguments);
        if let Some(key) = &self.api_key {
            command.env("MAGPIE_API_KEY", key);
        }
        let done = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        let told = String::from_utf8_lossy(&done.stdout);
        Ok(match told.lines().rfind(|line| line.starts_with('{')) {
            Some(line) => line.to_owned(),
            None => broken(case, &format!("the run ended without a result ({})", done.status)),
        })
    }
}

/// The line of a run that told nothing.
fn broken(case: &Case, why: &str) -> String {
    let scenario = case.arguments.first().copied().unwrap_or_default();
    json!({"scenario": scenario, "name": case.words(), "ok": false, "error": why}).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_run_without_a_result_is_a_failed_run_of_its_case() {
        let case = super::super::plan::cases(true).remove(0);
        let child = Child { program: "/bin/false".into(), arguments: Vec::new(), api_key: None };
        let run = crate::report::parse(&child.run(&case, true, None).unwrap()).unwrap();
        assert!(!run.ok && run.told().contains("ended without a result"), "{}", run.told());
        assert_eq!(run.scenario, "idle");
    }
}
