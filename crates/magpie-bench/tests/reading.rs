//! Filled stores, realistic days, old protocols, the standard set and its page, against the real
//! server, small. How fast is of no interest here.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

/// `magpie-bench` with these arguments.
fn bench(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_magpie-bench")).args(args).output().unwrap()
}

/// The same against the server binary of this build.
fn against_server(args: &[&str]) -> Output {
    let server = std::env::var("MAGPIE_BIN").unwrap_or_else(|_| {
        panic!(
            "MAGPIE_BIN is not set: run `cargo xtask ci black-box`, or set it to a server binary"
        )
    });
    let common = ["--server", &server, "--warm-up-s", "0.1", "--duration-s", "0.5"];
    bench(&[args, &common].concat())
}

fn passes(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{told}");
    let line = text.lines().last().unwrap_or_else(|| panic!("nothing was told: {told}"));
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["ok"], true, "{line}");
    line
}

fn fill(folder: &Path) -> String {
    let dir = folder.join("store").to_str().unwrap().to_owned();
    let output = bench(&["fill", &dir, "--messages", "5000", "--conversations", "500", "--check"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains(r#""problems":0"#), "{text}");
    dir
}

#[test]
fn a_filled_store_is_read_inside_and_over_sockets_and_every_page_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let dir = fill(folder.path());
    let line = passes(&against_server(&["history", "--pages", "30", "--data", &dir]));
    assert_eq!(line["verdict"]["sent"], line["verdict"]["delivered"], "{line}");
    let line =
        passes(&against_server(&["inbox", "--pages", "30", "--limit", "50", "--data", &dir]));
    assert_eq!(line["verdict"]["delivered"], 90, "{line}");
    for figure in ["store_full_list_p99_ms", "list_p50_ms"] {
        assert!(line["figures"][figure].is_f64(), "{figure}: {line}");
    }
}

#[test]
fn nobody_misses_a_message_of_a_day_whoever_comes_and_goes() {
    for profile in ["im", "mini-program"] {
        let line = passes(&against_server(&[
            "mixed",
            "--users",
            "40",
            "--sends-per-s",
            "100",
            "--profile",
            profile,
        ]));
        assert!(line["verdict"]["sent"].as_u64().unwrap() > 0, "{line}");
        assert_eq!(line["verdict"]["sent"], line["verdict"]["delivered"], "{line}");
    }
}

#[test]
fn a_soak_tells_samples_and_ends_with_a_verdict_on_memory() {
    let output = against_server(&[
        "soak",
        "--users",
        "40",
        "--sends-per-s",
        "50",
        "--minutes",
        "0.02",
        "--every-s",
        "0.3",
    ]);
    let line = passes(&output);
    assert!(line["figures"]["growth_percent"].is_f64(), "{line}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.matches(r#""sample":"soak""#).count(), 4, "{text}");
}

#[test]
fn old_protocols_are_measured_with_the_same_scenarios() {
    for protocol in ["market", "miao", "miniapp"] {
        let line = passes(&against_server(&["pairs", "--senders", "4", "--protocol", protocol]));
        assert_eq!(line["protocol"], protocol);
        assert_eq!(line["verdict"]["sent"], line["verdict"]["delivered"], "{line}");
    }
    for protocol in ["market", "miniapp", "helpdesk"] {
        passes(&against_server(&["fanout", "--receivers", "5", "--protocol", protocol]));
    }
    let output = against_server(&["pairs", "--senders", "4", "--protocol", "carwash"]);
    assert!(!output.status.success(), "its pages only listen");
    let output = against_server(&["idle", "--protocol", "nonsense"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("there are native, market, miao"), "{told}");
}

#[test]
fn the_suite_writes_lines_that_become_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (lines, page) = (path("lines.jsonl"), path("page.html"));
    let output =
        against_server(&["suite", "--quick", "--runs", "2", "--only", "fanout", "--out", &lines]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("(2 runs)"), "{told}");
    let output = bench(&["report", &lines, "--against", &lines, "--out", &page, "--text"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("x1.00"), "{text}");
    assert!(std::fs::read_to_string(page).unwrap().contains("<svg"));
}
