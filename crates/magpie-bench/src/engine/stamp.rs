//! The text of a measured message: a stamp that says who sent it, which it is and when it was
//! due, then Chinese up to the wanted length. Readers find the stamp by scanning for its mark.

/// What a message says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The run that sent it.
    pub(crate) run: u16,
    /// Index of the sender.
    pub(crate) from: u32,
    /// Place in what this sender wrote to this receiver: 0, 1, 2, ...
    pub(crate) number: u32,
    /// When it was due, in microseconds of the generator's clock.
    pub(crate) due_us: u64,
}

/// Bytes of the JSON text of a native body `{"k":"text","x":"..."}`.
pub(crate) const BODY_BYTES: usize = 142;
/// Bytes of the text inside.
pub(crate) const TEXT_BYTES: usize = BODY_BYTES - r#"{"k":"text","x":""}"#.len();

const MARK: u8 = b'#';
const DIGITS: usize = 4 + 5 + 8 + 11;
const FILLER: &str = "鹊";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// A whole text; only its stamp changes from message to message.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    bytes: Vec<u8>,
}

impl Text {
    /// A text of this many bytes, at least as long as the stamp.
    pub(crate) fn new(bytes: usize) -> Self {
        let mut text = vec![b'0'; DIGITS + 1];
        text[0] = MARK;
        while text.len() + FILLER.len() <= bytes {
            text.extend_from_slice(FILLER.as_bytes());
        }
        text.resize(bytes.max(text.len()), b'.');
        Self { bytes: text }
    }

    /// The text with this stamp.
    pub(crate) fn with(&mut self, stamp: Stamp) -> &[u8] {
        let (run, rest) = self.bytes[1..=DIGITS].split_at_mut(4);
        put_hex(run, u64::from(stamp.run));
        let (from, rest) = rest.split_at_mut(5);
        put_hex(from, u64::from(stamp.from));
        let (number, due) = rest.split_at_mut(8);
        put_hex(number, u64::from(stamp.number));
        put_hex(due, stamp.due_us);
        &self.bytes
    }
}

fn put_hex(out: &mut [u8], mut value: u64) {
    for digit in out.iter_mut().rev() {
        *digit = HEX[usize::from(value as u8 & 15)];
        value >>= 4;
    }
}

/// The first stamp in the text and the place behind it.
pub(crate) fn find(text: &[u8]) -> Option<(Stamp, usize)> {
    let mut at = 0;
    while let Some(found) = memchr::memchr(MARK, &text[at..]) {
        at += found + 1;
        if let Some(stamp) = text.get(at..at + DIGITS).and_then(parse) {
            return Some((stamp, at + DIGITS));
        }
    }
    None
}

fn parse(digits: &[u8]) -> Option<Stamp> {
    Some(Stamp {
        run: u16::try_from(hex(&digits[..4])?).ok()?,
        from: u32::try_from(hex(&digits[4..9])?).ok()?,
        number: u32::try_from(hex(&digits[9..17])?).ok()?,
        due_us: hex(&digits[17..])?,
    })
}

fn hex(digits: &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for digit in digits {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        value = value << 4 | u64::from(digit);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const STAMP: Stamp = Stamp { run: 7, from: 19_000, number: 4_000_000, due_us: 1 << 40 };

    #[test]
    fn a_stamp_survives_its_way_through_a_frame() {
        let mut text = Text::new(TEXT_BYTES);
        let frame = format!("x#y{}z", std::str::from_utf8(text.with(STAMP)).unwrap());
        assert_eq!(find(frame.as_bytes()).unwrap().0, STAMP);
    }

    #[test]
    fn the_body_has_the_length_that_results_name() {
        let mut text = Text::new(TEXT_BYTES);
        let text = std::str::from_utf8(text.with(STAMP)).unwrap();
        assert_eq!(format!(r#"{{"k":"text","x":"{text}"}}"#).len(), BODY_BYTES);
        assert!(text.contains("鹊鹊"));
    }

    #[test]
    fn texts_of_people_hold_no_stamp() {
        assert_eq!(find("#1 价格 # 0123".as_bytes()), None);
        assert_eq!(find(b""), None);
    }
}
