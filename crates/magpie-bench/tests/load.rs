//! The load generator against the real server, small: the lines can be read and every message
//! arrived. How fast is of no interest here.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::process::{Command, Output};

use serde_json::Value;

/// `magpie-bench` with these arguments against the server binary of this build.
fn bench(args: &[&str]) -> Output {
    let server = std::env::var("MAGPIE_BIN").unwrap_or_else(|_| {
        panic!(
            "MAGPIE_BIN is not set: run `cargo xtask ci black-box`, or set it to a server binary"
        )
    });
    Command::new(env!("CARGO_BIN_EXE_magpie-bench"))
        .args(args)
        .args(["--server", &server, "--warm-up-s", "0.1", "--duration-s", "0.3"])
        .output()
        .unwrap()
}

fn line(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim()).unwrap_or_else(|error| {
        panic!("{error}: {text:?}\n{}", String::from_utf8_lossy(&output.stderr))
    })
}

fn passes(args: &[&str]) -> Value {
    let output = bench(args);
    let line = line(&output);
    assert!(output.status.success(), "{line}");
    assert_eq!(line["ok"], true, "{line}");
    for what in ["lost", "duplicated", "reordered"] {
        assert_eq!(line["verdict"][what], 0, "{line}");
    }
    line
}

#[test]
fn messages_between_pairs_are_all_delivered_and_the_line_says_how_fast() {
    let line = passes(&["pairs", "--senders", "4", "--window", "2", "--receipts"]);
    assert_eq!(line["scenario"], "pairs");
    assert_eq!(line["receipts"], true);
    assert_eq!(line["verdict"]["sent"], line["verdict"]["delivered"]);
    for figure in ["delivered_per_s", "ack_p99_ms", "delivery_p50_ms", "server_cpu_us_per_message"]
    {
        assert!(line["figures"][figure].is_f64(), "{figure}: {line}");
    }
}

#[test]
fn an_open_loop_keeps_its_schedule() {
    let line = passes(&["pairs", "--senders", "4", "--rate", "200"]);
    assert!(line["verdict"]["sent"].as_u64().unwrap() >= 40, "{line}");
}

#[test]
fn everyone_who_was_reset_is_served_again_and_misses_nothing() {
    let line = passes(&["reconnect", "--connections", "20", "--changed", "10"]);
    assert_eq!(line["verdict"]["delivered"], 10, "{line}");
    assert!(line["figures"]["reconnect_s"].as_f64().unwrap() > 0.0, "{line}");
}

#[test]
fn what_was_written_to_the_absent_is_drained_when_they_arrive() {
    let line = passes(&["offline", "--receivers", "10", "--each", "5", "--senders", "3"]);
    assert_eq!(line["verdict"]["delivered"], 50, "{line}");
}

#[test]
fn everyone_hears_a_broadcast_and_every_agent_a_visitor() {
    passes(&["fanout", "--receivers", "5"]);
    passes(&["group", "--agents", "3", "--visitors", "2"]);
}

#[test]
fn live_values_that_a_backend_pushes_in_batches_all_arrive_in_order() {
    for load in [["--rate", "0"], ["--rate", "500"]] {
        let line = passes(&["push", "--receivers", "7", "--batch", "10", load[0], load[1]]);
        let sent = line["verdict"]["sent"].as_u64().unwrap();
        assert!(sent >= 100 && sent.is_multiple_of(10), "{line}");
        assert_eq!(line["verdict"]["delivered"], sent, "{line}");
        for figure in ["deliveries_per_s", "delivery_p99_ms", "server_cpu_us_per_message"] {
            assert!(line["figures"][figure].is_f64(), "{figure}: {line}");
        }
    }
}

#[test]
fn a_run_that_cannot_start_says_why_and_fails() {
    let output = Command::new(env!("CARGO_BIN_EXE_magpie-bench"))
        .args(["pairs", "--server", "no/such/server"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("no/such/server"), "{told}");
}
