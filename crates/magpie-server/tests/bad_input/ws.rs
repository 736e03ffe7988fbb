//! Rows: bytes that break RFC 6455 or the connection's budget.

use super::{Answer, Door, Row, State, wire::frame};

fn closed(name: &str, bytes: impl Into<Vec<u8>>, code: u16) -> Row {
    Row::bytes(Door::Native, name, bytes, Answer::Close(code), State::Closed)
}

/// A frame head that declares a length and brings no data.
fn declared(len: u64) -> Vec<u8> {
    [&[0x81, 0x80 | 127][..], &len.to_be_bytes(), &[1, 2, 3, 4]].concat()
}

fn fragments(count: usize, payload: &[u8]) -> Vec<u8> {
    let mut bytes = frame(0x01, payload);
    let next = frame(0x00, payload);
    (0..count).for_each(|_| bytes.extend_from_slice(&next));
    bytes
}

/// The table.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        closed("an unmasked frame", [0x81, 0x02, b'h', b'i'], 1002),
        closed("reserved bit 1", frame(0x81 | 0x40, b"{}"), 1002),
        closed("reserved bit 2", frame(0x81 | 0x20, b"{}"), 1002),
        closed("reserved bit 3", frame(0x81 | 0x10, b"{}"), 1002),
        closed("reserved data opcode 3", frame(0x83, b"{}"), 1002),
        closed("reserved control opcode 0xb", frame(0x8b, b""), 1002),
        closed("a binary message", frame(0x82, b"{}"), 1003),
        closed("text that is not UTF-8", frame(0x81, b"\xc3\x28"), 1007),
        closed("a surrogate as UTF-8", frame(0x81, b"\xed\xa0\x80"), 1007),
        closed("a continuation of nothing", frame(0x80, b"{}"), 1002),
        closed(
            "a message inside a message",
            [frame(0x01, b"{"), frame(0x81, b"{}")].concat(),
            1002,
        ),
        closed("a ping in fragments", frame(0x09, b""), 1002),
        closed("a ping of 126 bytes", frame(0x89, &[0; 126]), 1002),
        closed("a close frame of one byte", frame(0x88, b"x"), 1002),
        closed("close code 1005", frame(0x88, &1005_u16.to_be_bytes()), 1002),
        closed("a declared length of 2^40", declared(1 << 40), 1009),
        closed("a declared length of 2^63", declared(1 << 63), 1002),
        closed(
            "a length in too many bytes",
            [0x81, 0x80 | 126, 0, 2, 0, 0, 0, 0, b'{', b'}'],
            1002,
        ),
        closed("a message over the frame limit", frame(0x81, &vec![b' '; 400_000]), 1009),
        closed("the same in fragments", fragments(7, &vec![b' '; 60_000]), 1009),
        closed("1,000,000 empty fragments", fragments(1_000_000, b""), 1008),
        closed("1,000,000 fragments of one byte", fragments(1_000_000, b" "), 1008),
        closed("10,000 pings at once", frame(0x89, b"").repeat(10_000), 1008),
        closed("10,000 pongs at once", frame(0x8a, b"").repeat(10_000), 1008),
        closed("a regular goodbye", frame(0x88, &1000_u16.to_be_bytes()), 1000),
        Row::bytes(
            Door::Native,
            "a ping that nobody has to fear",
            frame(0x89, b"x"),
            Answer::Anything,
            State::Usable,
        ),
    ]
}
