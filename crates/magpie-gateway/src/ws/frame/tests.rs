//! Tests of the frame codec: heads cut anywhere, every refusal, masks at every offset, lengths.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::Write as _;

use super::*;

fn parse_whole_and_cut(bytes: &[u8]) -> Result<Option<Head>, Violation> {
    let whole = Head::parse(bytes);
    for end in 0..bytes.len() {
        match Head::parse(&bytes[..end]) {
            Ok(None) => {}
            early => assert_eq!(early, whole, "cut after {end} of {bytes:?}"),
        }
    }
    whole
}

#[test]
fn a_head_is_read_at_each_of_its_three_lengths() {
    let head = parse_whole_and_cut(&[0x81, 0x85, 1, 2, 3, 4]).unwrap().unwrap();
    let expected =
        Head { fin: true, opcode: OpCode::Text, mask: [1, 2, 3, 4], payload_len: 5, head_len: 6 };
    assert_eq!(head, expected);
    let head = parse_whole_and_cut(&[0x02, 0xfe, 0x00, 0x7e, 1, 2, 3, 4]).unwrap().unwrap();
    assert_eq!(
        (head.fin, head.opcode, head.payload_len, head.head_len),
        (false, OpCode::Binary, 126, 8)
    );
    let head = parse_whole_and_cut(&[0x80, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 9, 9, 9, 9]);
    let head = head.unwrap().unwrap();
    assert_eq!((head.payload_len, head.head_len), (1 << 40, HEAD_MAX_BYTES));
}

#[test]
fn a_head_that_breaks_a_rule_is_refused_at_the_first_wrong_byte() {
    let refused: [(&[u8], Violation); 12] = [
        (&[0xc1], Violation::ReservedBits),
        (&[0xa1], Violation::ReservedBits),
        (&[0x91], Violation::ReservedBits),
        (&[0x83], Violation::UnknownOpcode(3)),
        (&[0x8f], Violation::UnknownOpcode(15)),
        (&[0x09], Violation::FragmentedControl),
        (&[0x81, 0x05], Violation::Unmasked),
        (&[0x89, 0xfe], Violation::LongControl),
        (&[0x88, 0xff], Violation::LongControl),
        (&[0x81, 0xfe, 0, 125], Violation::LengthNotMinimal),
        (&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 255, 255], Violation::LengthNotMinimal),
        (&[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], Violation::LengthOutOfRange),
    ];
    for (bytes, violation) in refused {
        assert_eq!(parse_whole_and_cut(bytes), Err(violation), "{bytes:?}");
        assert_eq!(Head::parse(&bytes[..bytes.len() - 1]), Ok(None), "{bytes:?} without its last");
    }
}

#[test]
fn a_mask_comes_off_at_every_length_and_offset() {
    let mask = [0x11, 0x22, 0x44, 0x88];
    for len in 0..40_u8 {
        for offset in 0..9 {
            let mut bytes: Vec<u8> = (0..len).collect();
            unmask(&mut bytes, mask, offset);
            let expected: Vec<u8> =
                (0..len).map(|i| i ^ mask[(usize::from(i) + offset) % 4]).collect();
            assert_eq!(bytes, expected, "{len} at {offset}");
        }
    }
}

#[test]
fn a_frame_is_written_with_the_shortest_length() {
    assert_eq!(text("hi").as_ref(), b"\x81\x02hi");
    assert_eq!(binary(&[]).as_ref(), b"\x82\x00");
    for (len, head) in [
        (125, &[0x82, 125][..]),
        (126, &[0x82, 126, 0, 126]),
        (65535, &[0x82, 126, 255, 255]),
        (65536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        let frame = binary(&vec![7; len]);
        assert_eq!(&frame[..head.len()], head);
        assert_eq!(frame.len(), head.len() + len);
    }
}

#[test]
fn a_written_payload_becomes_the_frame_that_encoding_it_gives() {
    for len in [0, 125, 126, 65535, 65536] {
        let payload = "x".repeat(len);
        let mut frame = FrameWriter::with_capacity(16);
        frame.write_all(payload.as_bytes()).unwrap();
        frame.flush().unwrap();
        assert_eq!(frame.payload_len(), len);
        assert_eq!(frame.payload(), payload.as_bytes());
        assert_eq!(frame.finish_text(), text(&payload));
    }
    assert_eq!(FrameWriter::with_capacity(0).finish_binary(), binary(&[]));
}

#[test]
fn control_frames_never_grow_over_their_limit() {
    assert_eq!(ping(&[0; 200]).len(), 2 + CONTROL_MAX_BYTES);
    assert_eq!(pong(b"p").as_ref(), b"\x8a\x01p");
    let frame = close(1000, &"鹊".repeat(60));
    assert_eq!(frame.len(), 2 + 2 + 123);
    assert!(std::str::from_utf8(&frame[4..]).is_ok());
    assert_eq!(close_without_code().as_ref(), b"\x88\x00");
}
