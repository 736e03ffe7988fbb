//! Groups "reserved bits" and "opcodes": what no extension gave a meaning is refused with 1002,
//! wherever it stands, after everything before it has been answered.

use crate::client::{
    BINARY, CLOSE, CONTINUATION, Case, Cut, FIN, PING, PONG, Reply, TEXT, frame, pong, text,
};

const BITS: &str = "reserved bits";
const OPCODES: &str = "opcodes";

pub(crate) fn bits() -> Vec<Case> {
    let mut cases = Vec::new();
    for bits in 1..=7_u8 {
        let kinds = [
            ("text", TEXT),
            ("binary", BINARY),
            ("continuation", CONTINUATION),
            ("ping", PING),
            ("pong", PONG),
            ("close", CLOSE),
        ];
        for (name, opcode) in kinds {
            let payload: &[u8] = if opcode == CLOSE { b"\x03\xe8" } else { b"payload" };
            let send = frame(FIN | bits << 4 | opcode, payload);
            let name = format!("{name} with the bits {bits:03b}");
            cases.push(Case::refused(BITS, name, send, 1002));
        }
        let good = [frame(FIN | TEXT, b"good"), frame(FIN | PING, b"ping")].concat();
        let send = [good, frame(FIN | bits << 4 | TEXT, b"bad")].concat();
        let expect = vec![text("good"), pong("ping"), Reply::Close(Some(1002))];
        let name = format!("good frames, then the bits {bits:03b}");
        cases.push(Case::exact(BITS, name.clone(), send.clone(), expect.clone()));
        let name = format!("{name}, byte by byte");
        cases.push(Case::exact(BITS, name, send, expect).cut(Cut::Every(1)));
        let send = [frame(TEXT, b"begun"), frame(FIN | bits << 4, b"end")].concat();
        let name = format!("the last fragment with the bits {bits:03b}");
        cases.push(Case::refused(BITS, name, send, 1002));
    }
    cases
}

pub(crate) fn opcodes() -> Vec<Case> {
    let mut cases = Vec::new();
    for opcode in [3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf] {
        let name = |how: &str| format!("opcode {opcode:#x} {how}");
        let alone = frame(FIN | opcode, b"payload");
        cases.push(Case::refused(OPCODES, name("with a payload"), alone.clone(), 1002));
        let empty = frame(FIN | opcode, b"");
        cases.push(Case::refused(OPCODES, name("without a payload"), empty, 1002));
        let fragment = frame(opcode, b"payload");
        cases.push(Case::refused(OPCODES, name("as a fragment"), fragment, 1002));
        let send = [frame(FIN | TEXT, b"good"), alone.clone(), frame(FIN | PING, b"x")].concat();
        let expect = vec![text("good"), Reply::Close(Some(1002))];
        cases.push(Case::exact(OPCODES, name("between good frames"), send, expect));
        let send = [frame(TEXT, b"begun"), alone, frame(FIN, b"end")].concat();
        cases.push(Case::refused(OPCODES, name("between fragments"), send, 1002));
    }
    cases
}
