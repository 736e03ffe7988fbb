//! The built binary from outside: help, version, completions, init, check, token, doctor.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

fn magpie(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_magpie"));
    command.current_dir(folder).env_clear().env("LANG", "C.UTF-8");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    told(&magpie(folder).args(arguments).output().unwrap())
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// A folder with a data directory that has a signing secret, as after a first start.
fn installation() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(folder.path().join("data/signing.key"), "an-installation-secret-of-a-test-0001\n")
        .unwrap();
    folder
}

#[test]
fn help_names_every_command_with_examples_and_variables() {
    let folder = tempfile::tempdir().unwrap();
    let (code, help, _) = run(folder.path(), &["--help"]);
    assert_eq!(code, 0);
    for part in ["MAGPIE_LISTEN", "MAGPIE_<SECTION>__<KEY>", "Examples:"] {
        assert!(help.contains(part), "{part} in {help}");
    }
    let commands = [
        "serve",
        "init",
        "check",
        "token",
        "user",
        "demo",
        "backup",
        "restore",
        "doctor",
        "completions",
        "version",
    ];
    for command in commands {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(command)),
            "{command} in {help}"
        );
        let (code, own, _) = run(folder.path(), &[command, "--help"]);
        assert_eq!(code, 0, "{command}");
        assert!(command == "version" || own.contains("Examples:"), "{own}");
    }
    let (_, serve, _) = run(folder.path(), &["serve", "--help"]);
    for part in [
        "--dev",
        "--demo",
        "--dev-allow-remote",
        "--listen <ADDR>",
        "--data <DIR>",
        "--config <FILE>",
        "MAGPIE_DATA",
    ] {
        assert!(serve.contains(part), "{part} in {serve}");
    }
}

#[test]
fn the_version_is_the_same_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let version = concat!("magpie ", env!("CARGO_PKG_VERSION"));
    assert!(run(folder.path(), &["version"]).1.starts_with(version));
    assert_eq!(run(folder.path(), &["--version"]).1.trim(), version);
}

#[test]
fn wrong_arguments_are_explained_with_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, error) = run(folder.path(), &["serv"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(error.contains("serve"), "{error}");
    assert_eq!(run(folder.path(), &["token"]).0, 2);
    assert_eq!(run(folder.path(), &["serve", "--port", "1"]).0, 2);
}

#[test]
fn completions_know_the_commands_in_three_shells() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, _) = run(folder.path(), &["completions", shell]);
        assert_eq!(code, 0);
        assert!(script.contains("magpie") && script.contains("doctor"), "{shell}");
    }
    assert_eq!(run(folder.path(), &["completions", "tcsh"]).0, 2);
}

#[test]
fn init_writes_a_file_that_check_takes_and_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    for full in [false, true] {
        let name = if full { "full.toml" } else { "magpie.toml" };
        let mut arguments = vec!["init", name];
        arguments.extend(full.then_some("--full"));
        let (code, out, error) = run(folder.path(), &arguments);
        assert_eq!(code, 0, "{error}");
        assert!(out.contains(&format!("magpie check --config {name}")), "{out}");
        let (code, out, error) = run(folder.path(), &["check", "--config", name]);
        assert_eq!(code, 0, "{error}");
        assert_eq!(out, format!("configuration: fine ({name}, 0 keys set)\n"));
    }
    let (code, _, error) = run(folder.path(), &["init"]);
    assert_eq!(code, 1);
    assert!(error.contains("magpie.toml exists already and was left as it is"), "{error}");
    let (_, printed, _) = run(folder.path(), &["init", "--full", "--print"]);
    assert_eq!(printed, fs::read_to_string(folder.path().join("full.toml")).unwrap());
}

#[test]
fn check_reads_the_file_beside_it_and_shows_where_keys_were_set() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("magpie.toml"), "[server]\ndrain_s = 5\n").unwrap();
    let output =
        magpie(folder.path()).args(["check", "--show"]).env("MAGPIE_LOG__LEVEL", "warn").output();
    let (code, out, _) = told(&output.unwrap());
    assert_eq!(code, 0);
    assert!(out.contains("server.drain_s = 5  (magpie.toml:2)"), "{out}");
    assert!(out.contains("log.level = \"warn\"  (environment MAGPIE_LOG__LEVEL)"), "{out}");
}

#[test]
fn a_bad_configuration_ends_with_64_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("magpie.toml"), "[server]\nlissten = 1\n").unwrap();
    for arguments in [&["check"][..], &["serve"], &[], &["doctor"], &["token", "--user", "a"]] {
        let (code, out, error) = run(folder.path(), arguments);
        assert_eq!((code, out.as_str()), (64, ""), "{arguments:?}: {error}");
        assert!(
            error.contains("magpie.toml:2: server.lissten: no such key; did you mean `listen`?"),
            "{error}"
        );
    }
    let (code, _, error) = run(folder.path(), &["serve", "--config", "nowhere.toml"]);
    assert_eq!(code, 64);
    assert!(error.contains("nowhere.toml does not exist"), "{error}");
    fs::remove_file(folder.path().join("magpie.toml")).unwrap();
    let (code, _, error) = run(folder.path(), &["serve", "--dev", "--listen", "0.0.0.0:0"]);
    assert_eq!(code, 64);
    assert!(error.contains("--dev-allow-remote"), "{error}");
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_token_is_made_and_looked_into() {
    let folder = installation();
    let (code, token, error) = run(
        folder.path(),
        &["token", "--user", "小明", "--ttl", "2h", "--role", "agent", "--perm", "broadcast"],
    );
    assert_eq!(code, 0, "{error}");
    let token = token.trim();
    assert_eq!(token.split('.').count(), 3, "{token}");
    let (code, out, error) = run(folder.path(), &["token", "inspect", token]);
    assert_eq!(code, 0, "{out}{error}");
    for part in [
        "\"alg\": \"HS256\"",
        "\"小明\"",
        "\"agent\"",
        "\"broadcast\"",
        "taken: user",
        "expires in",
    ] {
        assert!(out.contains(part), "{part} in {out}");
    }
    let (code, out, _) = run(folder.path(), &["token", "inspect", token, "--audience", "dialect"]);
    assert_eq!(code, 1);
    assert!(out.contains("refused: the token is for another audience"), "{out}");
}

#[test]
fn a_token_can_be_looked_into_without_showing_it_in_the_process_list() {
    let folder = installation();
    let (_, token, _) =
        run(folder.path(), &["token", "--user", "17", "--audience", "dialect", "--ttl", "1h"]);
    let mut child = magpie(folder.path())
        .args(["token", "inspect", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    let (code, out, _) = told(&child.wait_with_output().unwrap());
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("\"aud\": \"dialect\"") && out.contains("taken: user"), "{out}");
}

#[test]
fn a_token_of_another_installation_and_nonsense_are_refused_with_the_reason() {
    let (here, there) = (installation(), installation());
    fs::write(there.path().join("data/signing.key"), "another-installation-secret-of-a-test\n")
        .unwrap();
    let (_, token, _) = run(there.path(), &["token", "--user", "a"]);
    let data = there.path().join("data").display().to_string();
    assert_eq!(run(here.path(), &["token", "inspect", token.trim(), "--data", &data]).0, 0);
    let (code, out, _) = run(here.path(), &["token", "inspect", token.trim()]);
    assert_eq!(code, 1);
    assert!(out.contains("refused: the signature is wrong"), "{out}");
    let (code, out, _) = run(here.path(), &["token", "inspect", "nonsense"]);
    assert_eq!(code, 1);
    assert!(out.contains("header: unreadable") && out.contains("refused: not a JWT"), "{out}");
}

#[test]
fn a_token_that_cannot_be_made_says_why() {
    let empty = tempfile::tempdir().unwrap();
    let (code, _, error) = run(empty.path(), &["token", "--user", "a"]);
    assert_eq!(code, 1);
    assert!(
        error.contains("data/signing.key does not exist") && error.contains("--data DIR"),
        "{error}"
    );
    let folder = installation();
    for (arguments, part) in [
        (&["token", "--user", ""][..], "an id must not be empty"),
        (&["token", "--user", "-1"], "reserved"),
        (
            &["token", "--user", "a", "--audience", "dialect", "--ttl", "25h"],
            "at most 86400 seconds",
        ),
    ] {
        let (code, out, error) = run(folder.path(), arguments);
        assert_ne!(code, 0, "{arguments:?}");
        assert_eq!(out, "");
        assert!(error.contains(part), "{part} in {error}");
    }
    assert_eq!(run(folder.path(), &["token", "--user", "a", "--ttl", "soon"]).0, 2);
}

#[test]
fn the_doctor_finds_a_taken_port_and_a_directory_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let output = magpie(folder.path())
        .args(["doctor", "--data", "file/data"])
        .env("MAGPIE_LISTEN", &listen)
        .output()
        .unwrap();
    let (code, out, _) = told(&output);
    assert_eq!(code, 1, "{out}");
    for part in [
        format!("FAULT   address: {listen} cannot be used"),
        "FAULT   data directory: ".to_owned(),
        "proxy_read_timeout 60s".to_owned(),
    ] {
        assert!(out.contains(&part), "{part} in {out}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the probe was left behind");
}
