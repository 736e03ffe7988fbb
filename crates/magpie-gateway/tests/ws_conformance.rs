//! Named conformance cases for the WebSocket layer, in the groups of the public suites, over TCP
//! against the echo loop. The client here writes its own bytes: it shares no code with the server.

#![allow(clippy::expect_used, reason = "tests")]

#[path = "ws_conformance/client.rs"]
mod client;
#[path = "ws_conformance/close.rs"]
mod close;
#[path = "ws_conformance/fragmentation.rs"]
mod fragmentation;
#[path = "ws_conformance/framing.rs"]
mod framing;
#[path = "ws_conformance/handshake.rs"]
mod handshake;
#[path = "ws_conformance/limits.rs"]
mod limits;
#[path = "ws_conformance/pings.rs"]
mod pings;
#[path = "ws_conformance/reserved.rs"]
mod reserved;
#[path = "ws_conformance/utf8.rs"]
mod utf8;

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use magpie_gateway::ws::echo;
use magpie_gateway::ws::limits::Limits;
use tokio::net::TcpListener;

use crate::client::{Case, Server};

/// Only to end a run that hangs: no case waits for time.
const CASE_TIMEOUT: Duration = Duration::from_secs(60);
const CASES_AT_ONCE: usize = 16;

async fn start(limits: Limits) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(echo::serve(listener, limits));
    address
}

fn all_cases() -> Vec<Case> {
    let groups = [
        framing::cases(),
        pings::cases(),
        reserved::bits(),
        reserved::opcodes(),
        fragmentation::cases(),
        utf8::cases(),
        close::cases(),
        limits::cases(),
    ];
    groups.into_iter().flatten().collect()
}

#[tokio::test]
async fn every_named_case_gets_the_answer_that_rfc_6455_asks_for() {
    let cases = all_cases();
    let names: HashSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "two cases have the same name");
    assert!(cases.len() >= 200, "only {} cases", cases.len());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &cases {
        *counts.entry(case.group).or_default() += 1;
    }

    let (wide, strict) = (start(echo::LIMITS).await, start(limits::STRICT).await);
    let runs = cases.iter().map(|case| async move {
        let address = match case.server {
            Server::Wide => wide,
            Server::Strict => strict,
        };
        let outcome = match tokio::time::timeout(CASE_TIMEOUT, client::run(address, case)).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err("no end after a minute".to_owned()),
        };
        outcome.err().map(|fault| format!("{} / {}: {fault}", case.group, case.name))
    });
    let outcomes: Vec<_> = futures_util::stream::iter(runs)
        .buffer_unordered(CASES_AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(outcomes.is_empty(), "{} failed:\n{}", outcomes.len(), outcomes.join("\n"));
    eprintln!("{} conformance cases passed: {counts:?}", cases.len());
}

#[tokio::test]
async fn every_request_that_is_no_handshake_is_told_what_is_wrong() {
    let address = start(echo::LIMITS).await;
    for case in handshake::cases() {
        let run = tokio::time::timeout(CASE_TIMEOUT, handshake::run(address, &case)).await;
        if let Err(fault) = run.expect("an end within a minute") {
            panic!("{}: {fault}", case.name);
        }
    }
}
