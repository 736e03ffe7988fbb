//! Tests of the reader: delivery without copies, fragments, limits, and nothing held while idle.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const MASK: [u8; 4] = [0xa5, 0x5a, 0x3c, 0xc3];

fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(0x80 | u8::try_from(len).unwrap()),
        len @ 126..=0xffff => {
            bytes.push(0xfe);
            bytes.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            bytes.push(0xff);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().enumerate().map(|(i, byte)| byte ^ MASK[i % 4]));
    bytes
}

type Seen = (Vec<Event<'static>>, Option<Violation>);

fn feed(reader: &mut Reader, bytes: &[u8], limits: &Limits) -> Seen {
    let mut bytes = bytes.to_vec();
    let mut input = bytes.as_mut_slice();
    let mut events = Vec::new();
    loop {
        match reader.next(&mut input, limits, 0) {
            Ok(Some(event)) => events.push(event.into_owned()),
            Ok(None) => {
                assert!(input.is_empty());
                return (events, None);
            }
            Err(violation) => return (events, Some(violation)),
        }
    }
}

fn feed_in_pieces(bytes: &[u8], size: usize, limits: &Limits) -> Seen {
    let mut reader = Reader::new();
    let mut all = Vec::new();
    for piece in bytes.chunks(size) {
        let (events, violation) = feed(&mut reader, piece, limits);
        all.extend(events);
        if violation.is_some() {
            return (all, violation);
        }
    }
    (all, None)
}

fn text(text: &str) -> Event<'static> {
    Event::Text(Cow::Owned(text.to_owned()))
}

fn ping(payload: &[u8]) -> Event<'static> {
    Event::Ping(Cow::Owned(payload.to_vec()))
}

#[test]
fn a_whole_message_is_delivered_from_the_fed_bytes_without_a_copy() {
    let mut bytes = client_frame(0x81, "鹊桥".as_bytes());
    bytes.extend(client_frame(0x82, b"\x00\xff"));
    let range = bytes.as_ptr_range();
    let (mut input, mut reader) = (bytes.as_mut_slice(), Reader::new());
    let limits = Limits::default();
    let first = reader.next(&mut input, &limits, 0).unwrap().unwrap();
    let second = reader.next(&mut input, &limits, 0).unwrap().unwrap();
    let (Event::Text(Cow::Borrowed(text)), Event::Binary(Cow::Borrowed(binary))) = (first, second)
    else {
        unreachable!("both borrow")
    };
    assert_eq!((text, binary), ("鹊桥", &b"\x00\xff"[..]));
    assert!(range.contains(&text.as_ptr()) && range.contains(&binary.as_ptr()));
    assert_eq!(reader.next(&mut input, &limits, 0), Ok(None));
    assert_eq!(reader.held_bytes(), 0);
}

#[test]
fn a_reader_is_small_and_holds_nothing_between_messages() {
    assert!(size_of::<Reader>() <= 24);
    let mut reader = Reader::new();
    let limits = Limits::default();
    let frame = client_frame(0x81, &[b'a'; 300]);
    for _ in 0..3 {
        assert_eq!(feed(&mut reader, &frame[..1], &limits), (vec![], None));
        assert!(!reader.is_idle());
        assert_eq!(feed(&mut reader, &frame[1..200], &limits), (vec![], None));
        assert!(reader.held_bytes() > 0);
        assert_eq!(feed(&mut reader, &frame[200..], &limits).0, [text(&"a".repeat(300))]);
        assert!(reader.is_idle());
    }
    for frame in [client_frame(0x89, b"ping"), client_frame(0x89, b"")] {
        for byte in frame {
            feed(&mut reader, &[byte], &limits);
        }
        assert_eq!((reader.is_idle(), reader.held_bytes()), (true, 0));
    }
}

#[test]
fn any_cut_of_a_conversation_gives_the_same_events() {
    let mut bytes = client_frame(0x01, "κόσ".as_bytes());
    bytes.extend(client_frame(0x89, b"now"));
    bytes.extend(client_frame(0x00, &"με".as_bytes()[..1]));
    bytes.extend(client_frame(0x8a, b""));
    bytes.extend(client_frame(0x80, &"με".as_bytes()[1..]));
    bytes.extend(client_frame(0x82, &[7; 300]));
    bytes.extend(client_frame(0x88, b"\x03\xe9away"));
    bytes.extend(client_frame(0x81, b"after the close"));
    let expected = vec![
        ping(b"now"),
        Event::Pong(Cow::Owned(vec![])),
        text("κόσμε"),
        Event::Binary(Cow::Owned(vec![7; 300])),
        Event::Close(Close { code: Some(1001), reason: "away".into() }),
    ];
    for size in 1..=bytes.len() {
        let seen = feed_in_pieces(&bytes, size, &Limits::default());
        assert_eq!(seen, (expected.clone(), None), "in pieces of {size}");
    }
}

#[test]
fn a_huge_declared_length_is_refused_at_once_and_costs_nothing() {
    let mut reader = Reader::new();
    let mut bytes = vec![0x82, 0xff];
    bytes.extend((1_u64 << 40).to_be_bytes());
    bytes.extend(MASK);
    let limits = Limits::default();
    let violation = feed(&mut reader, &bytes, &limits).1.unwrap();
    assert_eq!(violation.code(), close::TOO_BIG);
    assert_eq!(reader.held_bytes(), 0);
    assert!(reader.is_over());
    assert_eq!(feed(&mut reader, &client_frame(0x81, b"more"), &limits), (vec![], None));
}

#[test]
fn an_announced_length_inside_the_limit_is_not_reserved_in_advance() {
    let limits = Limits { message_max_bytes: 1 << 26, ..Limits::default() };
    let mut reader = Reader::new();
    let mut bytes = vec![0x81, 0xff];
    bytes.extend((1_u64 << 26).to_be_bytes());
    bytes.extend(MASK);
    bytes.push(b'x' ^ MASK[0]);
    assert_eq!(feed(&mut reader, &bytes, &limits), (vec![], None));
    assert!(reader.held_bytes() < 2048, "{}", reader.held_bytes());
}

#[test]
fn the_limit_counts_all_fragments_together() {
    let limits = Limits { message_max_bytes: 10, ..Limits::default() };
    let mut bytes = client_frame(0x01, &[b'a'; 6]);
    bytes.extend(client_frame(0x80, &[b'b'; 4]));
    assert_eq!(feed_in_pieces(&bytes, 3, &limits), (vec![text("aaaaaabbbb")], None));
    let mut bytes = client_frame(0x01, &[b'a'; 6]);
    bytes.extend(client_frame(0x80, &[b'b'; 5]));
    let too_big = Violation::MessageTooBig { max_bytes: 10 };
    assert_eq!(feed_in_pieces(&bytes, 3, &limits), (vec![], Some(too_big)));
}

#[test]
fn fragment_floods_end_the_connection() {
    let limits = Limits { fragments_max: 4, empty_fragments_max: 2, ..Limits::default() };
    let mut bytes = client_frame(0x02, b"a");
    for _ in 0..3 {
        bytes.extend(client_frame(0x00, b"b"));
    }
    assert_eq!(feed_in_pieces(&bytes, 64, &limits), (vec![], None));
    bytes.extend(client_frame(0x80, b"c"));
    let violation = feed_in_pieces(&bytes, 64, &limits).1.unwrap();
    assert_eq!(violation, Violation::TooManyFragments { max: 4 });
    let mut bytes = client_frame(0x01, b"");
    bytes.extend(client_frame(0x00, b""));
    let last = client_frame(0x80, b"");
    let finished = [bytes.clone(), last].concat();
    assert_eq!(feed_in_pieces(&finished, 64, &limits), (vec![text("")], None));
    bytes.extend(client_frame(0x00, b""));
    let violation = feed_in_pieces(&bytes, 64, &limits).1.unwrap();
    assert_eq!(violation.code(), close::POLICY);
}

#[test]
fn a_ping_flood_ends_the_connection_and_slow_pings_do_not() {
    let limits = Limits { control_burst: 5, control_interval_ms: 100, ..Limits::default() };
    let flood = client_frame(0x89, b"").repeat(6);
    let (events, violation) = feed_in_pieces(&flood, 7, &limits);
    assert_eq!((events.len(), violation), (5, Some(Violation::ControlFlood)));
    let mut reader = Reader::new();
    for second in 0..100 {
        let mut bytes = client_frame(0x89, b"");
        let event = reader.next(&mut bytes.as_mut_slice(), &limits, second * 1000);
        assert_eq!(event, Ok(Some(ping(b""))));
    }
}

#[test]
fn broken_text_is_refused_before_its_frame_is_complete() {
    let mut bytes = client_frame(0x81, b"ok\xf4\x90 and a long rest");
    bytes.truncate(6 + 4);
    let violation = feed_in_pieces(&bytes, 1, &Limits::default()).1;
    assert_eq!(violation, Some(Violation::TextNotUtf8));
    let mut bytes = client_frame(0x01, b"ok\xce");
    bytes.extend(client_frame(0x80, b""));
    assert_eq!(feed_in_pieces(&bytes, 64, &Limits::default()).1, Some(Violation::TextNotUtf8));
}

#[test]
fn fragments_out_of_order_are_refused() {
    let alone = client_frame(0x80, b"x");
    let refused = Some(Violation::UnexpectedContinuation);
    assert_eq!(feed_in_pieces(&alone, 2, &Limits::default()).1, refused);
    let twice = [client_frame(0x01, b"x"), client_frame(0x81, b"y")].concat();
    let refused = Some(Violation::ExpectedContinuation);
    assert_eq!(feed_in_pieces(&twice, 2, &Limits::default()).1, refused);
}
