//! `docs/protocol.md` shows every golden frame as it is, and its tables are the code's tables.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use magpie_core::{
    Class, Policy, conversation::draft::DRAFT_BYTES_MAX, message::revise::EMOJI_BYTES_MAX,
};
use magpie_gateway::settings::{Limits, Times};
use magpie_proto::{
    BODY_BYTES_MAX, CLIENT_MSG_ID_BYTES_MAX, CloseCode, ErrorCode, FRAME_BYTES_MAX, Retry,
    SUBPROTOCOL, SUBPROTOCOL_TOKEN_PREFIX,
    body::KIND_BYTES_MAX,
    client::LIST_MAX,
    codes::After,
    ids::USER_ID_BYTES_MAX,
    scan::DEPTH_MAX,
    schema::{self, Told},
};

use super::frames::{classes, files, here};

fn path() -> PathBuf {
    here().join("../../docs/protocol.md")
}

fn page() -> String {
    fs::read_to_string(path()).unwrap()
}

/// Every golden frame of both crates: `client/send` and the like.
fn golden() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (side, folder) in [
        ("client", "../magpie-proto/golden/v1/client"),
        ("server", "../magpie-proto/golden/v1/server"),
        ("server", "golden/v1/server"),
    ] {
        let folder = here().join(folder);
        for name in files(&folder) {
            let text = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
            let twice = found.insert(format!("{side}/{name}"), text);
            assert!(twice.is_none(), "two golden files are called {side}/{name}");
        }
    }
    found
}

#[test]
fn the_page_shows_every_golden_frame_verbatim() {
    let page = page();
    let golden = golden();
    let mut shown = BTreeMap::new();
    for block in page.split("```json golden=").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let text = rest.split("```").next().unwrap();
        let wanted = golden.get(name).unwrap_or_else(|| panic!("no golden file {name}"));
        assert_eq!(text, wanted, "the example {name} differs from its golden file");
        *shown.entry(name.to_owned()).or_insert(0) += 1;
    }
    let missing: Vec<_> = golden.keys().filter(|name| !shown.contains_key(*name)).collect();
    assert!(missing.is_empty(), "docs/protocol.md does not show {missing:?}");
}

#[test]
fn every_json_example_of_the_page_is_a_golden_frame() {
    let page = page();
    let loose: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with("```json") && !line.contains("golden="))
        .collect();
    assert!(loose.is_empty(), "untested examples: {loose:?}");
}

fn errors() -> String {
    let mut out = String::from("| code | HTTP | retry | meaning |\n| --- | --- | --- | --- |\n");
    for code in ErrorCode::ALL {
        let retry = match code.retry() {
            Retry::Never => "never",
            Retry::Later => "later",
            Retry::AfterMs(_) => "after_ms",
        };
        let (text, status) = (code.as_str(), code.http_status());
        let _ = writeln!(out, "| `{text}` | {status} | `{retry}` | {} |", code.meaning());
    }
    out
}

fn closes() -> String {
    let mut out = String::from("| code | connect again? | meaning |\n| --- | --- | --- |\n");
    for code in CloseCode::ALL {
        let after = match code.after() {
            After::Reconnect => "yes, after a back-off",
            After::Wait => "yes, after the wait in the reason",
            After::Stop => "no",
        };
        let _ = writeln!(out, "| {} | {after} | {} |", code.number(), code.meaning());
    }
    out
}

/// Compares (or writes) what stands between two marks of the page.
fn assert_table(name: &str, wanted: &str) {
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    let text = page();
    let start = text.find(&begin).unwrap() + begin.len();
    let stop = text.find(&end).unwrap();
    if std::env::var_os("MAGPIE_BLESS").is_some() {
        fs::write(path(), format!("{}{wanted}{}", &text[..start], &text[stop..])).unwrap();
        return;
    }
    let found = &text[start..stop];
    assert_eq!(found, wanted, "MAGPIE_BLESS=1 cargo test -p magpie-gateway --test golden mends it");
}

#[test]
fn the_code_tables_of_the_page_are_those_of_the_code() {
    assert_table("error codes", &errors());
    assert_table("close codes", &closes());
}

#[test]
fn the_page_gives_every_event_the_class_that_the_code_gives_it() {
    let page = page();
    for (event, class) in classes() {
        let class = match class {
            Class::Durable => "durable",
            Class::Latest => "latest",
            Class::Ephemeral => "ephemeral",
        };
        let row = page.lines().any(|line| {
            line.starts_with(&format!("| `{event}`")) && line.contains(&format!("| {class} |"))
        });
        assert!(row, "no row that calls {event} {class}");
    }
}

#[test]
fn the_schema_counts_the_events_that_the_code_counts() {
    let frames = schema::server_frames();
    for (event, class) in classes() {
        let frame = frames.iter().find(|frame| frame.t == event).unwrap();
        assert_eq!(frame.told == Told::Durable, class == Class::Durable, "{event}");
    }
}

#[test]
fn the_limits_of_the_page_are_those_of_the_code() {
    let page = page();
    let (limits, times) = (Limits::default(), Times::default());
    let rows = [
        ("body of a message", BODY_BYTES_MAX.to_string()),
        ("frame to the server", FRAME_BYTES_MAX.to_string()),
        ("nesting of JSON", DEPTH_MAX.to_string()),
        ("list in a frame", LIST_MAX.to_string()),
        ("user id", USER_ID_BYTES_MAX.to_string()),
        ("`cid`", CLIENT_MSG_ID_BYTES_MAX.to_string()),
        ("kind of a body", KIND_BYTES_MAX.to_string()),
        ("draft", DRAFT_BYTES_MAX.to_string()),
        ("emoji of a reaction", EMOJI_BYTES_MAX.to_string()),
        ("recall of a message", Policy::default().recall_window_ms.to_string()),
        ("edit of a message", Policy::default().edit_window_ms.to_string()),
        ("time to say hello", times.hello_timeout_ms.to_string()),
        ("heartbeat interval", times.heartbeat_interval_ms.to_string()),
        ("silence until the server gives up", times.heartbeat_timeout_ms.to_string()),
        ("connections of a user", limits.connections_per_user.to_string()),
        ("requests of a user", limits.messages.per_second.to_string()),
        ("typing and receipts of a user", limits.ephemeral.per_second.to_string()),
        ("handshakes of an address", limits.handshakes.per_second.to_string()),
        ("requests in flight", limits.in_flight_max.to_string()),
        ("bytes in flight", limits.in_flight_bytes_max.to_string()),
        ("bytes that wait for a slow reader", limits.outbox_bytes_max.to_string()),
    ];
    for (what, value) in rows {
        let said = page.lines().any(|line| {
            let digits: String = line.chars().filter(|c| *c != ',').collect();
            digits.starts_with(&format!("| {what} | {value} "))
        });
        assert!(said, "no row that gives {what:?} as {value}");
    }
    for name in [SUBPROTOCOL, SUBPROTOCOL_TOKEN_PREFIX] {
        assert!(page.contains(name), "{name}");
    }
}
