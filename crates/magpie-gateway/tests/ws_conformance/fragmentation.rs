//! Group "fragmentation": messages in pieces, control frames between the pieces, pieces out of
//! order.

use crate::client::{
    BINARY, CONTINUATION, Case, Cut, FIN, PING, PONG, Reply, TEXT, binary, close_frame, frame,
    pong, text,
};

const GROUP: &str = "fragmentation";

/// A message in the given pieces.
fn pieces(opcode: u8, parts: &[&[u8]]) -> Vec<u8> {
    let last = parts.len() - 1;
    let frames = parts.iter().enumerate().map(|(index, part)| {
        let kind = if index == 0 { opcode } else { CONTINUATION };
        frame(if index == last { FIN | kind } else { kind }, part)
    });
    frames.collect::<Vec<_>>().concat()
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(in_pieces());
    cases.extend(with_control_frames());
    cases.extend(out_of_order());
    cases
}

fn in_pieces() -> Vec<Case> {
    let mut cases = Vec::new();
    let shapes: [(&str, &[&[u8]]); 7] = [
        ("two fragments", &[b"frag", b"ment"]),
        ("three fragments", &[b"a", b"b", b"c"]),
        ("an empty first fragment", &[b"", b"rest"]),
        ("an empty middle fragment", &[b"one", b"", b"two"]),
        ("an empty last fragment", &[b"all", b""]),
        ("three empty fragments", &[b"", b"", b""]),
        ("fragments of every form of length", &[&[b'x'; 125], &[b'y'; 126], &[b'z'; 65536]]),
    ];
    for (shape, parts) in shapes {
        let whole = parts.concat();
        let as_text = (pieces(TEXT, parts), vec![text(whole.clone())]);
        let as_binary = (pieces(BINARY, parts), vec![binary(whole)]);
        cases.push(Case::fine(GROUP, format!("text in {shape}"), as_text.0.clone(), as_text.1));
        let name = format!("binary in {shape}");
        cases.push(Case::fine(GROUP, name, as_binary.0, as_binary.1.clone()));
        let whole = parts.concat();
        let name = format!("text in {shape}, in writes of 5 bytes");
        cases.push(Case::fine(GROUP, name, as_text.0, vec![text(whole)]).cut(Cut::Every(5)));
    }
    let whole = b"0123456789".repeat(100);
    let letters: Vec<&[u8]> = whole.chunks(1).collect();
    let send = pieces(TEXT, &letters);
    let expect = vec![text(whole.clone())];
    cases.push(Case::fine(GROUP, "text in 1000 fragments of a byte", send, expect));
    let part = vec![7; 64];
    let parts: Vec<&[u8]> = vec![&part; 16 * 1024];
    let send = pieces(BINARY, &parts);
    let expect = vec![binary(vec![7; 1 << 20])];
    cases.push(Case::fine(GROUP, "binary of 1 MiB in fragments of 64 bytes", send, expect));
    let send = [pieces(TEXT, &[b"first", b"!"]), pieces(BINARY, &[b"second", b"?"])].concat();
    let expect = vec![text("first!"), binary("second?")];
    cases.push(Case::fine(GROUP, "two messages in fragments after one another", send, expect));
    cases
}

fn with_control_frames() -> Vec<Case> {
    let begun = || frame(TEXT, b"hel");
    let ended = || frame(FIN | CONTINUATION, b"lo");
    let ping = || frame(FIN | PING, b"now");
    let answers = || vec![pong("now"), text("hello")];
    let three = [begun(), ping(), frame(CONTINUATION, b"l"), ping(), frame(FIN, b"o")].concat();
    let all = || [begun(), ping(), ended()].concat();
    vec![
        Case::fine(GROUP, "a ping between fragments", all(), answers()),
        Case::fine(GROUP, "a ping between fragments, byte by byte", all(), answers())
            .cut(Cut::Every(1)),
        Case::fine(GROUP, "a ping between fragments, in writes of 4", all(), answers())
            .cut(Cut::Every(4)),
        Case::fine(
            GROUP,
            "pings in both gaps of three fragments",
            three,
            vec![pong("now"), pong("now"), text("hello")],
        ),
        Case::fine(
            GROUP,
            "ten pings between fragments",
            [begun(), ping().repeat(10), ended()].concat(),
            [vec![pong("now"); 10], vec![text("hello")]].concat(),
        ),
        Case::fine(
            GROUP,
            "a pong between fragments",
            [begun(), frame(FIN | PONG, b"news"), ended()].concat(),
            vec![text("hello")],
        ),
        Case::fine(
            GROUP,
            "an empty ping between empty fragments",
            [frame(BINARY, b""), frame(FIN | PING, b""), frame(FIN, b"")].concat(),
            vec![pong(""), binary("")],
        ),
        Case::exact(
            GROUP,
            "a close between fragments drops the message",
            [begun(), close_frame(1000, b""), ended()].concat(),
            vec![Reply::Close(Some(1000))],
        ),
        Case::exact(
            GROUP,
            "the end of the stream between fragments",
            [begun(), ping()].concat(),
            vec![pong("now")],
        ),
        Case::exact(
            GROUP,
            "a fragment of a ping between fragments",
            [begun(), ping(), frame(PING, b"half"), ended()].concat(),
            vec![pong("now"), Reply::Close(Some(1002))],
        ),
    ]
}

fn out_of_order() -> Vec<Case> {
    let mut cases = Vec::new();
    for (which, last) in [("last", FIN), ("middle", 0)] {
        let orphan = frame(last | CONTINUATION, b"orphan");
        let name = format!("a {which} fragment without a beginning");
        cases.push(Case::refused(GROUP, name, orphan.clone(), 1002));
        let send = [frame(FIN | TEXT, b"whole"), orphan].concat();
        let expect = vec![text("whole"), Reply::Close(Some(1002))];
        let name = format!("a {which} fragment after a whole message");
        cases.push(Case::exact(GROUP, name, send, expect));
        let name = format!("an empty {which} fragment without a beginning");
        cases.push(Case::refused(GROUP, name, frame(last | CONTINUATION, b""), 1002));
    }
    for (first_name, first) in [("text", TEXT), ("binary", BINARY)] {
        for (second_name, second) in [("text", TEXT), ("binary", BINARY)] {
            for (how, last) in [("whole", FIN), ("begun", 0)] {
                let send = [frame(first, b"one"), frame(last | second, b"two")].concat();
                let name = format!("a {how} {second_name} inside a {first_name}");
                cases.push(Case::refused(GROUP, name, send, 1002));
            }
        }
    }
    let parts = pieces(TEXT, &[b"a", b"b"]);
    let send = [parts, frame(FIN | CONTINUATION, b"c")].concat();
    let expect = vec![text("ab"), Reply::Close(Some(1002))];
    cases.push(Case::exact(GROUP, "a third fragment after the last of two", send, expect));
    cases
}
