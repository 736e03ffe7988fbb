//! Rows: one user who wants more than his share. The server runs with a low rate.

use serde_json::json;

use super::{Log, Row, World, world::now_ms};

/// Requests a second, and at once, of the server of these rows.
pub(crate) const RATE: &str = "50";
pub(crate) const BURST: &str = "100";
/// Requests a second that store nothing; twice as many at once.
pub(crate) const EPHEMERAL: &str = "200";
const SENDS: u64 = 400;

/// What is over the rate is refused with the wait, nothing is queued, nothing is dropped silently.
fn too_many_sends(world: &mut World) {
    let mut wire = world.server.session("小明");
    for r in 0..SENDS {
        let body = json!({"k": "text", "x": "buy now"});
        wire.text(
            &json!({"t": "send", "r": r, "to": "A new one", "cid": r.to_string(), "b": body})
                .to_string(),
        );
    }
    let (mut stored, mut refused) = (0, 0);
    while stored + refused < SENDS {
        let reply = wire.find(|frame| frame.get("r").is_some()).unwrap();
        if reply["t"] == "ack" {
            stored += 1;
            assert_eq!(reply["seq"], stored, "{reply}");
        } else {
            refused += 1;
            assert_eq!(
                (&reply["code"], &reply["retry"]),
                (&json!("rate_limited"), &json!("after_ms"))
            );
            assert!(reply["after_ms"].as_u64().is_some_and(|wait| wait > 0), "{reply}");
        }
    }
    assert!(stored >= 100 && refused > 0, "{stored} stored, {refused} refused");
    wire.text(r#"{"t":"ping","r":1}"#);
    wire.find(|frame| frame["t"] == "pong").unwrap();
}

/// The newest five stay, every other one is told why it had to go.
fn too_many_sockets(world: &mut World) {
    let mut sockets: Vec<_> = (0..50).map(|_| world.server.session("17")).collect();
    let kept = sockets.split_off(45);
    for mut gone in sockets {
        assert_eq!(gone.closed(), Some(4505));
    }
    for mut wire in kept {
        wire.text(r#"{"t":"ping","r":1}"#);
        wire.find(|frame| frame["t"] == "pong").unwrap();
    }
}

/// Pings and nonsense are answered, but read no faster than the second rate: the server's work for
/// them is bounded, and nothing is refused or closed.
fn floods_of_the_free(world: &mut World) {
    let mut wire = world.server.session("小明");
    for flood in [r#"{"t":"ping","r":1}"#, "{"] {
        wire.send(&super::wire::frame(0x81, flood.as_bytes()).repeat(1_000));
        let began_ms = now_ms();
        for _ in 0..1_000 {
            wire.find(|frame| frame["t"] == "pong" || frame["t"] == "error").unwrap();
        }
        // A lower bound, which a slow machine only passes more easily: 400 at once, then at most
        // two for each place in the rate.
        let took_ms = now_ms() - began_ms;
        assert!(took_ms > 1_000, "1,000 frames were read in {took_ms} ms");
    }
}

/// The table.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::act("400 sends at once where 100 are allowed", too_many_sends, Log::Quiet),
        Row::act("50 sockets of one user", too_many_sockets, Log::Quiet),
        Row::act("1,000 pings and 1,000 bad frames at once", floods_of_the_free, Log::Quiet),
    ]
}
