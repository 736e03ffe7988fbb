//! What the frame fuzzers run: any bytes, cut anywhere, give the same events and the same verdict,
//! in bounded memory. A plain function over bytes, shared by the stable test and cargo-fuzz.

use crate::ws::close::Violation;
use crate::ws::frame;
use crate::ws::limits::Limits;
use crate::ws::reader::{Event, Reader};

/// Small limits, so that a short input reaches them.
const LIMITS: Limits = Limits {
    message_max_bytes: 300,
    fragments_max: 6,
    empty_fragments_max: 2,
    control_burst: 8,
    control_interval_ms: 10,
};

/// Most the reader may hold: its own record, one control frame, and twice the largest message.
const HELD_MAX_BYTES: usize = 512 + frame::CONTROL_MAX_BYTES + 2 * 1024;

/// What came out of one run, in owned form.
type Outcome = (Vec<Event<'static>>, Option<Violation>);

/// Feeds one input whole, byte by byte, and cut as its own first byte says.
///
/// # Panics
/// When the three runs differ, an event breaks a promise, or memory is not bounded: a bug.
pub fn fuzz_frame(data: &[u8]) {
    let Some((&cut, bytes)) = data.split_first() else { return };
    let whole = run(bytes, |_| usize::MAX);
    let single = run(bytes, |_| 1);
    assert_eq!(whole, single, "byte by byte differs from whole");
    let uneven = run(bytes, |round| 1 + (usize::from(cut) * (round + 1)) % 37);
    assert_eq!(whole, uneven, "uneven pieces differ from whole");
    check_events(&whole);
    check_codec(bytes);
}

fn run(bytes: &[u8], piece_len: impl Fn(usize) -> usize) -> Outcome {
    let mut reader = Reader::new();
    let (mut bytes, mut events) = (bytes.to_vec(), Vec::new());
    let mut rest = bytes.as_mut_slice();
    let mut round = 0;
    while !rest.is_empty() {
        let len = piece_len(round).min(rest.len());
        let (mut piece, after) = rest.split_at_mut(len);
        (rest, round) = (after, round + 1);
        loop {
            // Time stands still: how bytes are cut must not decide about the control budget.
            match reader.next(&mut piece, &LIMITS, 0) {
                Ok(Some(event)) => events.push(event.into_owned()),
                Ok(None) => break,
                Err(violation) => {
                    assert!(reader.is_over() && reader.held_bytes() == 0, "kept after a violation");
                    return (events, Some(violation));
                }
            }
        }
        assert!(piece.is_empty(), "asked for more with bytes left");
        assert!(reader.held_bytes() <= HELD_MAX_BYTES, "holds {} bytes", reader.held_bytes());
        assert_eq!(reader.is_idle(), reader.held_bytes() == 0, "idle and holding bytes");
    }
    (events, None)
}

fn check_events((events, violation): &Outcome) {
    for (index, event) in events.iter().enumerate() {
        match event {
            Event::Text(text) => assert!(text.len() <= LIMITS.message_max_bytes),
            Event::Binary(bytes) => assert!(bytes.len() <= LIMITS.message_max_bytes),
            Event::Ping(bytes) | Event::Pong(bytes) => {
                assert!(bytes.len() <= frame::CONTROL_MAX_BYTES);
            }
            Event::Close(close) => {
                assert_eq!(index + 1, events.len(), "an event after the close");
                assert!(violation.is_none(), "a violation after the close");
                check_server_frame(&close.reply());
            }
        }
    }
    if let Some(violation) = violation {
        check_server_frame(&violation.to_frame());
    }
}

/// What we write is complete, unmasked and as long as its head says.
fn check_server_frame(bytes: &[u8]) {
    assert!(bytes.len() >= 2 && bytes[0] & 0xf0 == 0x80, "not a complete frame");
    assert_eq!(usize::from(bytes[1]), bytes.len() - 2, "a control frame of another length");
}

/// Masking twice changes nothing, and a mask may be taken off in two steps.
fn check_codec(bytes: &[u8]) {
    let Some((mask, payload)) = bytes.split_first_chunk::<4>() else { return };
    let mut once = payload.to_vec();
    frame::unmask(&mut once, *mask, 0);
    let mut steps = payload.to_vec();
    let middle = usize::from(mask[0]) % (payload.len() + 1);
    let (front, back) = steps.split_at_mut(middle);
    frame::unmask(front, *mask, 0);
    frame::unmask(back, *mask, middle);
    assert_eq!(once, steps, "two steps differ from one");
    frame::unmask(&mut once, *mask, 0);
    assert_eq!(once, payload, "masking twice is not the identity");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degenerate_inputs_are_harmless() {
        for data in [&[][..], &[0], &[255, 255], &[7; 5000]] {
            fuzz_frame(data);
        }
    }
}
