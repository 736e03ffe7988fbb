//! The built binary on a data directory: user, demo, check, backup, restore; beside a running
//! server too.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::Path, process::Command, sync::Arc};

use magpie_core::port::store::{CommitSink, Committed};
use magpie_store::{OpenOptions, SqliteStore};

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_magpie"))
        .current_dir(folder)
        .env_clear()
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// Runs a command that has to succeed and gives its answer.
fn answer(folder: &Path, arguments: &[&str]) -> String {
    let (code, out, error) = run(folder, arguments);
    assert_eq!(code, 0, "{arguments:?}: {out}{error}");
    out
}

/// Holds the lock of a data directory, as a running server does.
fn running_server(folder: &Path) -> SqliteStore {
    struct Nobody;
    impl CommitSink for Nobody {
        fn committed(&self, _batch: Vec<Committed>, _position: u64) {}
    }
    SqliteStore::open(OpenOptions::new(folder.join("data"), 1), Arc::new(Nobody)).unwrap()
}

#[test]
fn users_are_added_changed_listed_banned_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    assert_eq!(
        answer(here, &["user", "add", "小明", "--name", "Ming"]),
        "小明\tuser\tactive\tMing\n"
    );
    assert_eq!(answer(here, &["user", "add", "eve", "--role", "agent"]), "eve\tagent\tactive\t\n");
    assert_eq!(answer(here, &["user", "ban", "小明"]), "小明\tuser\tbanned\tMing\n");
    assert_eq!(answer(here, &["user", "list"]), "eve\tagent\tactive\t\n小明\tuser\tbanned\tMing\n");
    assert_eq!(answer(here, &["user", "unban", "小明"]), "小明\tuser\tactive\tMing\n");
    assert_eq!(answer(here, &["user", "add", "eve", "--name", "Eve"]), "eve\tagent\tactive\tEve\n");
}

#[test]
fn users_that_cannot_be_and_stores_that_are_not_there_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (arguments, part) in [
        (&["user", "list"][..], "there is no store in data"),
        (&["user", "ban", "a"], "there is no store in data"),
        (&["demo", "remove"], "there is no store in data"),
        (&["user", "add", "-1"], "unexpected argument"),
        (&["user", "add", "--", "-1"], "reserved and never a user"),
        (&["backup", "b"], "there is no store at data"),
        (&["check", "--data", "data"], "there is no store at data"),
        (&["restore", "b"], "there is no store at b"),
    ] {
        let (code, _, error) = run(here, arguments);
        assert_ne!(code, 0, "{arguments:?}");
        assert!(error.contains(part), "{arguments:?}: {part} in {error}");
    }
    assert_eq!(fs::read_dir(here).unwrap().count(), 0, "a refused command left something behind");
    answer(here, &["user", "add", "a"]);
    let (code, _, error) = run(here, &["user", "ban", "b"]);
    assert_eq!(code, 1);
    assert!(error.contains("there is no user \"b\""), "{error}");
}

#[test]
fn beside_a_running_server_nothing_changes_and_the_call_to_use_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let server = running_server(here);
    for (arguments, call) in [
        (
            &["user", "add", "小明", "--name", "O'Neil"][..],
            "curl -X PUT http://127.0.0.1:8080/v1/users/%E5%B0%8F%E6%98%8E -H",
        ),
        (
            &["user", "list"],
            "curl -X GET http://127.0.0.1:8080/v1/users -H \"Authorization: Bearer $MAGPIE_API_KEY\"",
        ),
        (&["user", "ban", "a"], "curl -X POST http://127.0.0.1:8080/v1/users/a/ban"),
        (&["demo", "seed"], "magpie serve --demo"),
    ] {
        let (code, out, error) = run(here, arguments);
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}");
        assert!(
            error.contains("a server is running on") && error.contains(call),
            "{call} in {error}"
        );
    }
    let (_, _, error) = run(here, &["user", "add", "a", "--name", "O'Neil"]);
    assert!(error.contains(r#"-d '{"name":"O'\''Neil"}'"#), "{error}");
    // Copying and judging work beside it.
    answer(here, &["backup", "copy"]);
    assert!(answer(here, &["check", "--data", "data"]).contains("store: fine (0 messages"));
    drop(server);
    assert_eq!(answer(here, &["user", "list"]), "");
}

#[test]
fn the_demo_is_seeded_once_and_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    assert_eq!(answer(here, &["demo", "seed"]), "8 demo users, 54 new messages\n");
    assert_eq!(answer(here, &["demo", "seed"]), "8 demo users, 0 new messages\n");
    let report = answer(here, &["check", "--data", "data"]);
    assert!(report.contains("store: fine (54 messages, 5 conversations, 8 users)"), "{report}");
    let removed = answer(here, &["demo", "remove"]);
    assert!(removed.starts_with("8 demo users are refused"), "{removed}");
    let users = answer(here, &["user", "list"]);
    assert_eq!(users.lines().filter(|line| line.contains("\tbanned\t")).count(), 8, "{users}");
}

#[test]
fn the_demo_never_touches_people_who_share_an_id_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    answer(here, &["user", "add", "A", "--name", "Anna"]);
    let (code, _, error) = run(here, &["demo", "seed"]);
    assert_eq!(code, 1);
    assert!(error.contains("user \"A\" exists and is not the demo's"), "{error}");
    assert!(answer(here, &["demo", "remove"]).starts_with("0 demo users"));
    assert_eq!(answer(here, &["user", "list"]), "A\tuser\tactive\tAnna\n");
}

#[test]
fn a_backup_is_restored_elsewhere_and_never_over_a_store_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    answer(here, &["demo", "seed"]);
    assert!(answer(here, &["backup", "magpie.backup"]).starts_with("wrote magpie.backup ("));
    let (code, _, error) = run(here, &["backup", "magpie.backup"]);
    assert_eq!(code, 1);
    assert!(error.contains("magpie.backup exists already"), "{error}");

    answer(here, &["restore", "magpie.backup", "--data", "other"]);
    let report = answer(here, &["check", "--data", "other"]);
    assert!(report.contains("store: fine (54 messages, 5 conversations, 8 users)"), "{report}");

    answer(here, &["user", "add", "late", "--data", "other"]);
    let (code, _, error) = run(here, &["restore", "magpie.backup", "--data", "other"]);
    assert_eq!(code, 1);
    assert!(
        error.contains("exists already and was left as it is") && error.contains("--force"),
        "{error}"
    );
    assert!(answer(here, &["user", "list", "--data", "other"]).contains("late"));
    let restored = answer(here, &["restore", "magpie.backup", "--data", "other", "--force"]);
    assert!(restored.contains("the store that was there is now other/"), "{restored}");
    assert!(!answer(here, &["user", "list", "--data", "other"]).contains("late"));

    let server = running_server(here);
    let (code, _, error) = run(here, &["restore", "magpie.backup", "--force"]);
    assert_eq!(code, 1);
    assert!(error.contains("another magpie is running"), "{error}");
    drop(server);
    fs::write(here.join("nonsense"), "not a store at all, however long this text may be").unwrap();
    let (code, _, error) = run(here, &["restore", "nonsense", "--data", "third"]);
    assert_eq!(code, 1);
    assert!(error.contains("nonsense is not a magpie store"), "{error}");
}
