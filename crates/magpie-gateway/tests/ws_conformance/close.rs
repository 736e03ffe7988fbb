//! Group "close": every kind of code, reasons, and what happens to frames around a close.

use crate::client::{
    CLOSE, Case, Cut, FIN, PING, Reply, TEXT, close_frame, frame, frame_with_length, pong, text,
};

const GROUP: &str = "close";

const GOOD_CODES: [u16; 16] = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
];
const BAD_CODES: [u16; 18] = [
    0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 9999, 10000, 32768,
    65534, 65535,
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for code in GOOD_CODES {
        let expect = || vec![Reply::Close(Some(code))];
        let send = close_frame(code, b"");
        cases.push(Case::exact(GROUP, format!("code {code} is echoed"), send, expect()));
        let send = close_frame(code, "再见".as_bytes());
        let name = format!("code {code} with a reason is echoed, byte by byte");
        cases.push(Case::exact(GROUP, name, send, expect()).cut(Cut::Every(1)));
    }
    for code in BAD_CODES {
        let name = format!("code {code} is refused");
        cases.push(Case::refused(GROUP, name, close_frame(code, b""), 1002));
        let name = format!("code {code} with a reason is refused");
        cases.push(Case::refused(GROUP, name, close_frame(code, b"because"), 1002));
    }
    cases.extend(payloads());
    cases.extend(around());
    cases
}

fn payloads() -> Vec<Case> {
    let normal = || vec![Reply::Close(Some(1000))];
    vec![
        Case::exact(
            GROUP,
            "a close without a code is answered without one",
            frame(FIN | CLOSE, b""),
            vec![Reply::Close(None)],
        ),
        Case::refused(GROUP, "a close of one byte", frame(FIN | CLOSE, b"\x03"), 1002),
        Case::exact(GROUP, "a reason of 123 bytes", close_frame(1000, &[b'*'; 123]), normal()),
        Case::refused(GROUP, "a reason of 124 bytes", close_frame(1000, &[b'*'; 124]), 1002),
        Case::refused(GROUP, "a close that is a fragment", frame(CLOSE, b"\x03\xe8"), 1002),
        Case::refused(
            GROUP,
            "a close with a length of two bytes",
            frame_with_length(FIN | CLOSE, 126, 2, b"\x03\xe8"),
            1002,
        ),
        Case::refused(
            GROUP,
            "a reason beyond Unicode",
            close_frame(1000, b"\xce\xba\xf4\x90\x80\x80"),
            1007,
        ),
        Case::refused(GROUP, "a reason cut in a character", close_frame(1000, b"\xe9\xb9"), 1007),
        Case::refused(GROUP, "a reason with a surrogate", close_frame(1000, b"\xed\xa0\x80"), 1007),
        Case::refused(
            GROUP,
            "a bad code with a bad reason is refused for its code",
            close_frame(1005, b"\xff"),
            1002,
        ),
        Case::refused(
            GROUP,
            "a reason that is not UTF-8, byte by byte",
            close_frame(1000, b"\xff"),
            1007,
        )
        .cut(Cut::Every(1)),
    ]
}

fn around() -> Vec<Case> {
    let bye = || close_frame(1000, b"bye");
    let normal = || vec![Reply::Close(Some(1000))];
    vec![
        Case::exact(
            GROUP,
            "a message before the close is answered first",
            [frame(FIN | TEXT, b"last"), bye()].concat(),
            vec![text("last"), Reply::Close(Some(1000))],
        ),
        Case::exact(
            GROUP,
            "a ping before the close is answered first",
            [frame(FIN | PING, b"last"), bye()].concat(),
            vec![pong("last"), Reply::Close(Some(1000))],
        ),
        Case::exact(
            GROUP,
            "a message after the close is dropped",
            [bye(), frame(FIN | TEXT, b"late")].concat(),
            normal(),
        ),
        Case::exact(
            GROUP,
            "a ping after the close is dropped",
            [bye(), frame(FIN | PING, b"late")].concat(),
            normal(),
        ),
        Case::exact(
            GROUP,
            "a second close is dropped",
            [bye(), close_frame(4999, b"")].concat(),
            normal(),
        ),
        Case::exact(
            GROUP,
            "a broken frame after the close is dropped",
            [bye(), vec![0xff; 100]].concat(),
            normal(),
        ),
        Case::exact(
            GROUP,
            "a mebibyte after the close does not reset the connection",
            [bye(), vec![0; 1 << 20]].concat(),
            normal(),
        ),
        Case::refused(
            GROUP,
            "a mebibyte after a broken frame does not reset the connection",
            [frame(FIN | 0x0f, b""), vec![0; 1 << 20]].concat(),
            1002,
        ),
        Case::refused(
            GROUP,
            "a close after a broken frame has no second answer",
            [frame(FIN | 0x40 | TEXT, b"x"), bye()].concat(),
            1002,
        ),
    ]
}
