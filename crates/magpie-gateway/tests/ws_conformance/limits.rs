//! Group "limits": what one peer may cost, against a server with small limits. Just inside is
//! answered, just outside is closed with 1009 (size) or 1008 (floods).

use magpie_gateway::ws::limits::Limits;

use crate::client::{
    BINARY, CONTINUATION, Case, Cut, FIN, PING, PONG, Reply, Server, TEXT, binary, frame,
    frame_with_length, pong, text,
};

const GROUP: &str = "limits";
const MAX: usize = 64 * 1024;

/// No control frame comes back within a run, so that floods are counted exactly.
pub(crate) const STRICT: Limits = Limits {
    message_max_bytes: MAX,
    fragments_max: 32,
    empty_fragments_max: 4,
    control_burst: 5,
    control_interval_ms: 3_600_000,
};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(sizes());
    cases.extend(declared());
    cases.extend(fragments());
    cases.extend(control());
    cases.into_iter().map(|case| case.on(Server::Strict)).collect()
}

fn sizes() -> Vec<Case> {
    let (full, over) = (vec![b'x'; MAX], vec![b'x'; MAX + 1]);
    let halves = |second: usize| {
        let (first, second) = (vec![b'x'; MAX / 2], vec![b'x'; second]);
        [frame(TEXT, &first), frame(FIN | CONTINUATION, &second)].concat()
    };
    vec![
        Case::fine(GROUP, "text at the limit", frame(FIN | TEXT, &full), vec![text(full.clone())]),
        Case::fine(
            GROUP,
            "binary at the limit",
            frame(FIN | BINARY, &full),
            vec![binary(full.clone())],
        ),
        Case::refused(GROUP, "text a byte over the limit", frame(FIN | TEXT, &over), 1009),
        Case::refused(GROUP, "binary a byte over the limit", frame(FIN | BINARY, &over), 1009),
        Case::refused(GROUP, "a first fragment over the limit", frame(TEXT, &over), 1009),
        Case::fine(
            GROUP,
            "fragments at the limit together",
            halves(MAX / 2),
            vec![text(full.clone())],
        ),
        Case::refused(GROUP, "fragments a byte over the limit together", halves(MAX / 2 + 1), 1009),
        Case::refused(
            GROUP,
            "text over the limit, in writes of 1000 bytes",
            frame(FIN | TEXT, &over),
            1009,
        )
        .cut(Cut::Every(1000)),
        Case::exact(
            GROUP,
            "a message before one over the limit is answered",
            [frame(FIN | TEXT, b"good"), frame(FIN | TEXT, &over)].concat(),
            vec![text("good"), Reply::Close(Some(1009))],
        ),
        Case::refused(
            GROUP,
            "a message of 8 MiB is refused and still reads its close frame",
            frame(FIN | BINARY, &vec![0; 8 << 20]),
            1009,
        ),
    ]
}

fn declared() -> Vec<Case> {
    let mut cases = Vec::new();
    for exponent in [17, 26, 31, 32, 40, 62] {
        let send = frame_with_length(FIN | BINARY, 127, 1 << exponent, b"");
        let name = format!("2^{exponent} bytes are declared and none sent");
        cases.push(Case::refused(GROUP, name, send, 1009));
    }
    let begun = frame(BINARY, b"begun");
    let rest = frame_with_length(FIN | CONTINUATION, 127, (1 << 63) - 1, b"");
    let send = [begun, rest].concat();
    cases.push(Case::refused(GROUP, "2^63-1 bytes are declared in a fragment", send, 1009));
    cases
}

/// A binary message of `count` fragments; all but the last hold `part`.
fn message(count: usize, part: &[u8]) -> Vec<u8> {
    let first = frame(BINARY, part);
    let middle = frame(CONTINUATION, part).repeat(count - 2);
    [first, middle, frame(FIN | CONTINUATION, b"x")].concat()
}

fn fragments() -> Vec<Case> {
    vec![
        Case::fine(
            GROUP,
            "as many fragments as allowed",
            message(32, b"x"),
            vec![binary(vec![b'x'; 32])],
        ),
        Case::refused(GROUP, "one fragment too many", message(33, b"x"), 1008),
        Case::fine(GROUP, "as many empty fragments as allowed", message(5, b""), vec![binary("x")]),
        Case::refused(GROUP, "one empty fragment too many", message(6, b""), 1008),
        Case::fine(
            GROUP,
            "each message has its own count of fragments",
            message(32, b"x").repeat(3),
            vec![binary(vec![b'x'; 32]); 3],
        ),
        Case::refused(GROUP, "a flood of 100,000 empty fragments", message(100_000, b""), 1008),
        Case::refused(
            GROUP,
            "a flood of 100,000 fragments of a byte",
            message(100_000, b"x"),
            1008,
        ),
    ]
}

fn control() -> Vec<Case> {
    let pings = |count: usize| frame(FIN | PING, b"!").repeat(count);
    let closed_after = |count: usize| {
        let mut expect = vec![pong("!"); count];
        expect.push(Reply::Close(Some(1008)));
        expect
    };
    vec![
        Case::fine(GROUP, "as many pings as allowed, then a close", pings(5), vec![pong("!"); 5]),
        Case::exact(GROUP, "one ping too many", pings(6), closed_after(5)),
        Case::exact(GROUP, "one ping too many, byte by byte", pings(6), closed_after(5))
            .cut(Cut::Every(1)),
        Case::exact(GROUP, "a flood of 100,000 pings", pings(100_000), closed_after(5)),
        Case::refused(
            GROUP,
            "a flood of 100,000 pongs",
            frame(FIN | PONG, b"").repeat(100_000),
            1008,
        ),
        Case::exact(
            GROUP,
            "pings between fragments count too",
            [frame(TEXT, b"a"), pings(6), frame(FIN, b"b")].concat(),
            closed_after(5),
        ),
    ]
}
