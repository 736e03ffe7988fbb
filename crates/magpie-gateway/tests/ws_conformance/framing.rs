//! Group "framing": lengths in their three forms, masks, several frames in one write.

use crate::client::{
    BINARY, CLOSE, CONTINUATION, Case, Cut, FIN, PING, Reply, TEXT, binary, close_frame, frame,
    frame_with_length, frame_with_mask, pong, text, unmasked,
};

const GROUP: &str = "framing";
const SIZES: [usize; 10] = [0, 1, 124, 125, 126, 127, 128, 65535, 65536, 65537];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for size in SIZES {
        push_sizes(&mut cases, size);
    }
    for mebibytes in [1, 4, 16, 64] {
        let payload = vec![0xfe; mebibytes << 20];
        let send = frame_with_mask(FIN | BINARY, [0; 4], &payload);
        let name = format!("binary of {mebibytes} MiB");
        cases.push(Case::fine(GROUP, name, send, vec![binary(payload)]));
    }
    let payload = "鹊".repeat(1 << 20);
    let send = frame_with_mask(FIN | TEXT, [0; 4], payload.as_bytes());
    cases.push(Case::fine(GROUP, "text of 3 MiB", send, vec![text(payload)]));
    cases.extend(masks());
    cases.extend(lengths());
    cases.extend(many());
    cases
}

fn push_sizes(cases: &mut Vec<Case>, size: usize) {
    let (letters, bytes) = (vec![b'*'; size], vec![0xfe; size]);
    let as_text = || frame(FIN | TEXT, &letters);
    let as_binary = || frame(FIN | BINARY, &bytes);
    let replies = (vec![text(letters.clone())], vec![binary(bytes.clone())]);
    let name = |what: &str, how: &str| format!("{what} of {size} bytes {how}");
    let cuts = [("in one write", Cut::Whole), ("in writes of 997 bytes", Cut::Every(997))];
    for (how, cut) in cuts {
        let case = Case::fine(GROUP, name("text", how), as_text(), replies.0.clone());
        cases.push(case.cut(cut));
        let case = Case::fine(GROUP, name("binary", how), as_binary(), replies.1.clone());
        cases.push(case.cut(cut));
    }
    if size <= 128 {
        let case = Case::fine(GROUP, name("text", "byte by byte"), as_text(), replies.0);
        cases.push(case.cut(Cut::Every(1)));
    }
}

fn masks() -> Vec<Case> {
    let mut cases = Vec::new();
    for mask in [[0; 4], [0xff; 4], [0x80, 0, 0, 1]] {
        let send = frame_with_mask(FIN | TEXT, mask, "κόσμε".as_bytes());
        let name = format!("text under the mask {mask:02x?}");
        cases.push(Case::fine(GROUP, name, send, vec![text("κόσμε")]));
    }
    let kinds =
        [("text", TEXT), ("binary", BINARY), ("continuation", CONTINUATION), ("ping", PING)];
    for (name, opcode) in kinds {
        let name = format!("{name} without a mask");
        cases.push(Case::refused(GROUP, name, unmasked(FIN | opcode, b"hello"), 1002));
    }
    let send = unmasked(FIN | CLOSE, &1000_u16.to_be_bytes());
    cases.push(Case::refused(GROUP, "close without a mask", send, 1002));
    let send = unmasked(FIN | TEXT, b"");
    cases.push(Case::refused(GROUP, "empty text without a mask", send, 1002));
    let send = [frame(FIN | TEXT, b"good"), unmasked(FIN | TEXT, b"bad")].concat();
    let expect = vec![text("good"), Reply::Close(Some(1002))];
    cases.push(Case::exact(GROUP, "text without a mask after a good one", send, expect));
    cases
}

fn lengths() -> Vec<Case> {
    let mut cases = Vec::new();
    for (form, declared) in [(126, 0), (126, 5), (126, 125), (127, 5), (127, 126), (127, 65535)] {
        let payload = vec![b'x'; usize::try_from(declared).expect("small")];
        let send = frame_with_length(FIN | TEXT, form, declared, &payload);
        let name = format!("length {declared} in the form {form}");
        cases.push(Case::refused(GROUP, name, send, 1002));
    }
    for declared in [1 << 63, u64::MAX] {
        let send = frame_with_length(FIN | BINARY, 127, declared, b"x");
        let name = format!("length {declared:#x}, which has its highest bit set");
        cases.push(Case::refused(GROUP, name, send, 1002));
    }
    cases
}

fn many() -> Vec<Case> {
    let (mut send, mut expect) = (Vec::new(), Vec::new());
    for number in 0..1000 {
        let payload = format!("message {number}");
        send.extend(frame(FIN | TEXT, payload.as_bytes()));
        expect.push(text(payload));
    }
    let both = || [frame(FIN | TEXT, b"early"), frame(FIN | PING, b"bird")].concat();
    let early = || vec![text("early"), pong("bird")];
    vec![
        Case::fine(GROUP, "1000 messages in one write", send.clone(), expect.clone()),
        Case::fine(GROUP, "1000 messages in writes of 7 bytes", send, expect).cut(Cut::Every(7)),
        Case::fine(GROUP, "frames in the write of the handshake", both(), early())
            .cut(Cut::WithHandshake),
        Case::fine(GROUP, "a head cut after the write of the handshake", both(), early())
            .cut(Cut::PartlyWithHandshake(1)),
        Case::fine(GROUP, "a payload cut after the write of the handshake", both(), early())
            .cut(Cut::PartlyWithHandshake(8)),
        Case::exact(GROUP, "the end of the stream inside a head", vec![FIN | TEXT], vec![]),
        Case::exact(
            GROUP,
            "the end of the stream inside a payload",
            frame(0x81, b"cut")[..8].into(),
            vec![],
        ),
        Case::exact(
            GROUP,
            "the end of the stream between frames",
            frame(0x81, b"x"),
            vec![text("x")],
        ),
        Case::exact(GROUP, "nothing at all", vec![], vec![]),
        Case::exact(
            GROUP,
            "a close in the write of the handshake",
            close_frame(4000, b""),
            vec![Reply::Close(Some(4000))],
        )
        .cut(Cut::WithHandshake),
    ]
}
