//! Group "pings": every ping has its pong, in order; pongs nobody asked for are ignored.

use crate::client::{
    BINARY, Case, Cut, FIN, PING, PONG, Reply, TEXT, frame, frame_with_length, pong, text,
};

const GROUP: &str = "pings";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![];
    let payloads: [(&str, Vec<u8>); 6] = [
        ("an empty ping", vec![]),
        ("a ping with text", b"payload".to_vec()),
        ("a ping with bytes that are not UTF-8", vec![0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00]),
        ("a ping of 124 bytes", vec![0xfe; 124]),
        ("a ping of 125 bytes", vec![0xfe; 125]),
        ("a ping that looks like a frame", frame(FIN | PING, b"inner")),
    ];
    for (name, payload) in payloads {
        let send = frame(FIN | PING, &payload);
        let expect = vec![pong(payload)];
        cases.push(Case::fine(GROUP, name, send.clone(), expect.clone()));
        let name = format!("{name}, byte by byte");
        cases.push(Case::fine(GROUP, name, send, expect).cut(Cut::Every(1)));
    }
    for size in [126, 127, 65535, 65536] {
        let name = format!("a ping of {size} bytes");
        cases.push(Case::refused(GROUP, name, frame(FIN | PING, &vec![0; size]), 1002));
        let name = format!("a pong of {size} bytes");
        cases.push(Case::refused(GROUP, name, frame(FIN | PONG, &vec![0; size]), 1002));
    }
    for (name, opcode) in [("ping", PING), ("pong", PONG)] {
        let send = frame(opcode, b"half");
        cases.push(Case::refused(GROUP, format!("a {name} that is a fragment"), send, 1002));
        let send = frame_with_length(FIN | opcode, 126, 4, b"long");
        let name = format!("a {name} with a length of two bytes");
        cases.push(Case::refused(GROUP, name, send, 1002));
    }
    cases.extend(sequences());
    cases
}

fn sequences() -> Vec<Case> {
    let numbers = || (0..10_u8).map(|number| [b'0' + number]);
    let ten: Vec<u8> = numbers().flat_map(|payload| frame(FIN | PING, &payload)).collect();
    let pongs: Vec<Reply> = numbers().map(pong).collect();
    let around =
        [frame(FIN | PING, b"before"), frame(FIN | TEXT, b"message"), frame(FIN | PING, b"after")];
    vec![
        Case::fine(GROUP, "ten pings in one write", ten.clone(), pongs.clone()),
        Case::fine(GROUP, "ten pings in writes of 3 bytes", ten, pongs).cut(Cut::Every(3)),
        Case::fine(GROUP, "an empty pong nobody asked for", frame(FIN | PONG, b""), vec![]),
        Case::fine(GROUP, "a pong nobody asked for", frame(FIN | PONG, b"news"), vec![]),
        Case::fine(
            GROUP,
            "a pong nobody asked for, then a ping",
            [frame(FIN | PONG, b"news"), frame(FIN | PING, b"asked")].concat(),
            vec![pong("asked")],
        ),
        Case::fine(
            GROUP,
            "pings around a message",
            around.concat(),
            vec![pong("before"), text("message"), pong("after")],
        ),
        Case::exact(
            GROUP,
            "a ping after a broken frame has no answer",
            [frame(FIN | 0x40 | BINARY, b"x"), frame(FIN | PING, b"late")].concat(),
            vec![Reply::Close(Some(1002))],
        ),
    ]
}
