//! Group "UTF-8": the classic good and bad sequences, whole, cut into fragments at every byte,
//! and cut into writes at every byte.

use crate::client::{BINARY, CONTINUATION, Case, Cut, FIN, TEXT, binary, frame, text};

const GROUP: &str = "UTF-8";

const GOOD: [(&str, &[u8]); 20] = [
    ("Greek", "κόσμε".as_bytes()),
    ("Chinese", "鹊桥相会".as_bytes()),
    ("an emoji with a joiner", "👩\u{200d}👧".as_bytes()),
    ("German", "Hello-µ@ßöäüàá-UTF-8!!".as_bytes()),
    ("NUL", b"\x00"),
    ("the last of one byte", b"\x7f"),
    ("the first of two bytes", b"\xc2\x80"),
    ("the last of two bytes", b"\xdf\xbf"),
    ("the first of three bytes", b"\xe0\xa0\x80"),
    ("the last before the surrogates", b"\xed\x9f\xbf"),
    ("the first after the surrogates", b"\xee\x80\x80"),
    ("the replacement character", b"\xef\xbf\xbd"),
    ("the last of three bytes", b"\xef\xbf\xbf"),
    ("a byte order mark", b"\xef\xbb\xbf"),
    ("the noncharacter U+FFFE", b"\xef\xbf\xbe"),
    ("the noncharacter U+FDD0", b"\xef\xb7\x90"),
    ("the first of four bytes", b"\xf0\x90\x80\x80"),
    ("the noncharacter U+1FFFE", b"\xf0\x9f\xbf\xbe"),
    ("the last but two of Unicode", b"\xf4\x8f\xbf\xbd"),
    ("the last of Unicode", b"\xf4\x8f\xbf\xbf"),
];

const BAD: [(&str, &[u8]); 37] = [
    ("a continuation byte 80", b"\x80"),
    ("a continuation byte bf", b"\xbf"),
    ("two continuation bytes", b"\x80\xbf"),
    ("six continuation bytes", b"\x80\xbf\x80\xbf\x80\xbf"),
    ("a start of two bytes alone", b"\xc2"),
    ("a start of two bytes before a space", b"\xc3 "),
    ("a start of three bytes before a space", b"\xe0 "),
    ("a start of four bytes before a space", b"\xf0 "),
    ("three bytes without the last", b"\xe2\x82"),
    ("four bytes without the last", b"\xf0\x9f\x98"),
    ("four bytes without the last two", b"\xf0\x9f"),
    ("the byte fe", b"\xfe"),
    ("the byte ff", b"\xff"),
    ("fe fe ff ff", b"\xfe\xfe\xff\xff"),
    ("a slash in two bytes", b"\xc0\xaf"),
    ("a slash in three bytes", b"\xe0\x80\xaf"),
    ("a slash in four bytes", b"\xf0\x80\x80\xaf"),
    ("a slash in five bytes", b"\xf8\x80\x80\x80\xaf"),
    ("a slash in six bytes", b"\xfc\x80\x80\x80\x80\xaf"),
    ("NUL in two bytes", b"\xc0\x80"),
    ("NUL in three bytes", b"\xe0\x80\x80"),
    ("NUL in four bytes", b"\xf0\x80\x80\x80"),
    ("the largest overlong of two bytes", b"\xc1\xbf"),
    ("the largest overlong of three bytes", b"\xe0\x9f\xbf"),
    ("the largest overlong of four bytes", b"\xf0\x8f\xbf\xbf"),
    ("the first surrogate", b"\xed\xa0\x80"),
    ("the last high surrogate", b"\xed\xaf\xbf"),
    ("the first low surrogate", b"\xed\xb0\x80"),
    ("the last surrogate", b"\xed\xbf\xbf"),
    ("a pair of surrogates", b"\xed\xa0\xbd\xed\xb8\x80"),
    ("the first beyond Unicode", b"\xf4\x90\x80\x80"),
    ("the last of four bytes", b"\xf7\xbf\xbf\xbf"),
    ("five bytes", b"\xf8\x88\x80\x80\x80"),
    ("six bytes", b"\xfc\x84\x80\x80\x80\x80"),
    ("good text, then beyond Unicode", b"\xce\xba\xcf\x8c\xf4\x90\x80\x80\x65\x64"),
    ("good text, then a surrogate", b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80edited"),
    ("Latin-1", b"caf\xe9 noir"),
];

/// One fragment for each byte and an empty one at the end.
fn byte_fragments(payload: &[u8]) -> Vec<u8> {
    let mut bytes = frame(TEXT, b"");
    for byte in payload {
        bytes.extend(frame(CONTINUATION, &[*byte]));
    }
    bytes.extend(frame(FIN | CONTINUATION, b""));
    bytes
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, payload) in GOOD {
        let whole = frame(FIN | TEXT, payload);
        let expect = || vec![text(payload)];
        cases.push(Case::fine(GROUP, format!("good: {name}"), whole.clone(), expect()));
        let title = format!("good: {name}, written byte by byte");
        cases.push(Case::fine(GROUP, title, whole, expect()).cut(Cut::Every(1)));
        let title = format!("good: {name}, a fragment for each byte");
        cases.push(Case::fine(GROUP, title, byte_fragments(payload), expect()));
    }
    for (name, payload) in BAD {
        let whole = frame(FIN | TEXT, payload);
        cases.push(Case::refused(GROUP, format!("bad: {name}"), whole.clone(), 1007));
        let title = format!("bad: {name}, written byte by byte");
        cases.push(Case::refused(GROUP, title, whole, 1007).cut(Cut::Every(1)));
        let title = format!("bad: {name}, a fragment for each byte");
        cases.push(Case::refused(GROUP, title, byte_fragments(payload), 1007));
    }
    cases.extend(at_every_cut());
    cases.extend(early());
    let send = frame(FIN | BINARY, b"\xff\xfe\x80");
    let expect = vec![binary(b"\xff\xfe\x80")];
    cases.push(Case::fine(GROUP, "binary need not be UTF-8", send, expect));
    cases
}

/// One text of all character lengths, in two fragments, at each possible cut.
fn at_every_cut() -> Vec<Case> {
    let payload = "aé鹊🪶".as_bytes();
    let cut = |at: usize| {
        let (first, second) = payload.split_at(at);
        let send = [frame(TEXT, first), frame(FIN | CONTINUATION, second)].concat();
        Case::fine(GROUP, format!("good: cut after byte {at}"), send, vec![text(payload)])
    };
    (0..=payload.len()).map(cut).collect()
}

/// Wrong text is refused when it comes, not when the message ends: these never end.
fn early() -> Vec<Case> {
    let mut unended = frame(FIN | TEXT, b"ok \xf4\x90 and so on");
    unended.truncate(6 + 5);
    vec![
        Case::refused(GROUP, "refused inside a frame that never ends", unended, 1007),
        Case::refused(
            GROUP,
            "refused inside a message that never ends",
            frame(TEXT, b"ok \xed\xa0"),
            1007,
        ),
        Case::refused(
            GROUP,
            "refused in the second fragment of a message that never ends",
            [frame(TEXT, b"ok \xf4"), frame(CONTINUATION, b"\x90")].concat(),
            1007,
        ),
    ]
}
