//! `cargo xtask ci`: runs the steps of `make test` in order, stops at the first that fails
//! and says how long each took, what failed, and how to run that one again. The list is in
//! `ci/steps.rs`.

mod last_words;
mod steps;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::console::say;
use crate::metadata::{self, Metadata};
use crate::{ratchet, shell, supply, tidy};
use last_words::LastWords;
use steps::{Action, BINARY_USERS, RELEASE_STEP, STEPS, Step};

/// Runs all steps, or those named in `args`, or lists them.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<bool> {
    if args.iter().any(|arg| arg == "--list") {
        for step in STEPS {
            say(&format!("{:<14} {}", step.name, step.proves));
        }
        return Ok(true);
    }
    let chosen = choose(args)?;
    let workspace = metadata::workspace(root)?;
    let mut times = Vec::new();
    let mut words = LastWords::default();
    for step in chosen {
        say(&format!("\n=== {}: {}", step.name, step.proves));
        let started = now();
        let (passed, said) = perform(root, &workspace, step)?;
        words = said;
        times.push((step.name, started.elapsed(), passed));
        if !passed {
            break;
        }
    }
    Ok(report(&times, &words))
}

/// Builds the release binary that all black-box tests and measurements share.
pub(crate) fn release_build(root: &Path) -> Result<bool> {
    let workspace = metadata::workspace(root)?;
    Ok(run_command(root, &workspace, ".", steps::RELEASE_BUILD)?.0)
}

/// Where that build leaves it.
pub(crate) fn release_binary(workspace: &Metadata) -> PathBuf {
    workspace.target_directory.join("release").join("magpie")
}

/// The named steps in the order of the list, with the release build before those that use it,
/// so that nobody tests yesterday's binary.
fn choose(names: &[String]) -> Result<Vec<&'static Step>> {
    for name in names {
        if !STEPS.iter().any(|step| step.name == name) {
            bail!("no step `{name}`: see `cargo xtask ci --list`");
        }
    }
    let named = |step: &Step| names.iter().any(|name| step.name == name);
    let uses_binary = STEPS.iter().any(|step| named(step) && BINARY_USERS.contains(&step.name));
    let chosen = |step: &&Step| {
        names.is_empty() || named(step) || (uses_binary && step.name == RELEASE_STEP)
    };
    Ok(STEPS.iter().filter(chosen).collect())
}

/// Whether the step passed, and what it printed that is worth repeating.
fn perform(root: &Path, workspace: &Metadata, step: &Step) -> Result<(bool, LastWords)> {
    match step.action {
        Action::Run { dir, command } => run_command(root, workspace, dir, command),
        // These print little, and only what is wrong.
        Action::Tidy => Ok((tidy::run(root)?, LastWords::default())),
        Action::Supply => Ok((supply::run(root)?, LastWords::default())),
        Action::Ratchet => Ok((ratchet::run(root, &[])?, LastWords::default())),
        Action::UnitTests => {
            let command = unit_tests(shell::has_cargo_subcommand("nextest"));
            run_command(root, workspace, ".", command)
        }
        Action::TestTargets { fuzz } => {
            let targets = test_targets(workspace, fuzz);
            if targets.is_empty() {
                bail!("no test target to run: this step needs {}", wanted(fuzz));
            }
            let mut command = vec!["cargo", "test", "--workspace", "--locked", "--no-fail-fast"];
            for target in &targets {
                command.extend(["--test", target]);
            }
            run_command(root, workspace, ".", &command)
        }
    }
}

/// Both run the same tests; nextest only shows them more clearly.
fn unit_tests(has_nextest: bool) -> &'static [&'static str] {
    if has_nextest { steps::UNIT_TESTS_NEXTEST } else { steps::UNIT_TESTS }
}

fn wanted(fuzz: bool) -> &'static str {
    if fuzz { "a tests/*.rs whose name contains `fuzz`" } else { "a tests/*.rs in some crate" }
}

/// The integration tests of the workspace, either the fuzz targets or all the others. Those that
/// need a feature have a step of their own, which names it.
fn test_targets(workspace: &Metadata, fuzz: bool) -> Vec<&str> {
    let mut names: Vec<&str> = workspace
        .packages
        .iter()
        .flat_map(|package| &package.targets)
        .filter(|target| target.test && target.kind.iter().any(|kind| kind == "test"))
        .filter(|target| target.required_features.is_empty())
        .map(|target| target.name.as_str())
        .filter(|name| name.contains("fuzz") == fuzz)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn run_command(
    root: &Path,
    workspace: &Metadata,
    dir: &str,
    command: &[&str],
) -> Result<(bool, LastWords)> {
    let Some((program, args)) = command.split_first() else {
        bail!("a step has an empty command");
    };
    say(&format!("$ {}", command.join(" ")));
    let cargo = shell::cargo();
    let program = if *program == "cargo" { cargo.as_str() } else { program };
    let mut command = Command::new(program);
    command.args(args).current_dir(root.join(dir)).env("MAGPIE_BIN", release_binary(workspace));
    if program == cargo {
        // Stores of tests lie beside the build, on a disk: the usual place may be in memory.
        let temporary = workspace.target_directory.join("tmp");
        std::fs::create_dir_all(&temporary)?;
        command.env("TMPDIR", temporary);
    }
    last_words::run(command).with_context(|| {
        format!(
            "cannot start `{program}` in `{dir}`: `scripts/setup.sh test` names what is missing"
        )
    })
}

/// The end of a log is what people see of it: the failure is named here once more.
fn report(times: &[(&str, Duration, bool)], words: &LastWords) -> bool {
    say("\nstep            seconds");
    for (name, took, passed) in times {
        let mark = if *passed { "" } else { "  FAILED" };
        say(&format!("{name:<14} {:>8.1}{mark}", took.as_secs_f64()));
    }
    let total: Duration = times.iter().map(|(_, took, _)| *took).sum();
    say(&format!("{:<14} {:>8.1}", "total", total.as_secs_f64()));
    match times.iter().find(|(_, _, passed)| !passed) {
        Some((name, _, _)) => {
            say(&format!("\nwhat `{name}` said of it, and its last lines:"));
            words.lines().for_each(say);
            say(&format!("\n`{name}` failed; run it alone with: cargo xtask ci {name}"));
            false
        }
        None => true,
    }
}

#[allow(clippy::disallowed_methods, reason = "times the steps for a person; no rule depends on it")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn sample() -> Metadata {
        serde_json::from_str(
            r#"{"target_directory": "/t", "packages": [{
                "name": "magpie-server", "version": "0.1.0", "license": null, "source": null,
                "manifest_path": "/r/Cargo.toml",
                "targets": [
                    {"name": "magpie", "kind": ["bin"]},
                    {"name": "kill", "kind": ["test"]},
                    {"name": "common", "kind": ["test"], "test": false},
                    {"name": "s3", "kind": ["test"], "required-features": ["s3"]},
                    {"name": "fuzz_frames", "kind": ["test"]}
                ]}]}"#,
        )
        .unwrap()
    }

    #[test]
    fn fuzz_targets_and_black_box_tests_are_told_apart() {
        assert_eq!(test_targets(&sample(), true), ["fuzz_frames"]);
        assert_eq!(test_targets(&sample(), false), ["kill"]);
    }

    #[test]
    fn a_test_that_needs_a_feature_is_run_by_a_step_that_has_it() {
        let workspace = metadata::workspace(Path::new("..")).unwrap();
        let targets = workspace.packages.iter().flat_map(|package| &package.targets);
        let featured: Vec<_> =
            targets.filter(|target| !target.required_features.is_empty()).collect();
        assert!(!featured.is_empty());
        for target in featured {
            let runs = |step: &Step| {
                let Action::Run { command, .. } = step.action else { return false };
                let feature = format!("magpie-server/{}", target.required_features.join(","));
                command.contains(&target.name.as_str()) && command.contains(&feature.as_str())
            };
            assert!(STEPS.iter().any(runs), "no step runs `{}`", target.name);
        }
    }

    #[test]
    fn an_unknown_step_is_named_and_the_list_is_pointed_at() {
        let error = choose(&["clipy".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("`clipy`") && error.contains("--list"), "{error}");
    }

    #[test]
    fn steps_run_in_the_order_of_the_list_and_bring_the_binary_they_test() {
        let names = |args: &[&str]| -> Vec<&str> {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            choose(&args).unwrap().iter().map(|step| step.name).collect()
        };
        assert_eq!(names(&["tidy", "fmt"]), ["fmt", "tidy"]);
        assert_eq!(names(&["black-box"]), ["release", "black-box"]);
        assert_eq!(names(&["web-e2e"]), ["release", "web-e2e"]);
        assert_eq!(names(&[]).len(), STEPS.len());
    }

    #[test]
    fn step_names_are_unique_and_the_page_is_built_before_the_binary_that_embeds_it() {
        let position = |name: &str| STEPS.iter().position(|step| step.name == name).unwrap();
        assert!(position("web-build") < position(RELEASE_STEP));
        assert!(BINARY_USERS.iter().all(|name| position(name) > position(RELEASE_STEP)));
        for step in STEPS {
            assert_eq!(STEPS.iter().filter(|other| other.name == step.name).count(), 1);
        }
    }
}
