//! UTF-8 checked while it arrives in pieces cut anywhere. Each byte is checked once and copied
//! once; text that can no longer become valid is refused at its first wrong byte.

/// Text of a message that is still arriving.
#[derive(Debug, Default)]
pub(crate) struct GrowingText {
    text: String,
    /// The beginning of a character whose end has not come yet.
    tail: [u8; 4],
    tail_len: usize,
}

/// The bytes cannot be UTF-8, whatever may follow.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotUtf8;

impl GrowingText {
    /// Appends bytes; `more` is how many are known to follow, to grow in few steps.
    pub(crate) fn push(&mut self, mut bytes: &[u8], more: usize) -> Result<(), NotUtf8> {
        while self.tail_len > 0 {
            let Some((first, rest)) = bytes.split_first() else { return Ok(()) };
            bytes = rest;
            self.push_to_tail(*first)?;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => self.append(text, more),
            Err(error) if error.error_len().is_none() => {
                let (whole, begun) = bytes.split_at(error.valid_up_to());
                let Ok(whole) = std::str::from_utf8(whole) else { return Err(NotUtf8) };
                self.append(whole, more);
                self.tail[..begun.len()].copy_from_slice(begun);
                self.tail_len = begun.len();
            }
            Err(_) => return Err(NotUtf8),
        }
        Ok(())
    }

    /// The whole text, unless it ends inside a character.
    pub(crate) fn finish(self) -> Result<String, NotUtf8> {
        if self.tail_len == 0 { Ok(self.text) } else { Err(NotUtf8) }
    }

    /// Bytes this holds on the heap.
    pub(crate) fn capacity(&self) -> usize {
        self.text.capacity()
    }

    fn push_to_tail(&mut self, byte: u8) -> Result<(), NotUtf8> {
        let at = self.tail_len;
        // A character has at most four bytes, so a fifth never gets here: four are valid or not.
        let Some(slot) = self.tail.get_mut(at) else { return Err(NotUtf8) };
        *slot = byte;
        match std::str::from_utf8(&self.tail[..=at]) {
            Ok(character) => {
                self.text.push_str(character);
                self.tail_len = 0;
            }
            Err(error) if error.error_len().is_none() => self.tail_len += 1,
            Err(_) => return Err(NotUtf8),
        }
        Ok(())
    }

    fn append(&mut self, text: &str, more: usize) {
        let step = growth(self.text.len(), self.text.capacity(), text.len(), more);
        self.text.reserve_exact(step);
        self.text.push_str(text);
    }
}

/// How much to reserve beyond `len` so that `add` bytes fit: double at most, never more than is
/// known to come. A peer that declares much and sends little costs little.
pub(crate) fn growth(len: usize, capacity: usize, add: usize, more: usize) -> usize {
    if capacity - len >= add {
        return 0;
    }
    add.max(len.saturating_mul(2).max(1024).saturating_sub(len).min(add.saturating_add(more)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn in_pieces(bytes: &[u8], size: usize) -> Result<String, NotUtf8> {
        let mut text = GrowingText::default();
        for piece in bytes.chunks(size) {
            text.push(piece, 0)?;
        }
        text.finish()
    }

    #[test]
    fn any_cut_gives_the_verdict_of_the_whole() {
        let samples: [&[u8]; 12] = [
            "κόσμε 鹊桥 🪶 é".as_bytes(),
            b"",
            b"plain",
            b"\xce",
            b"\xf4\x8f\xbf\xbf",
            b"\xf4\x90\x80\x80",
            b"\xed\xa0\x80",
            b"a\xc0\xafb",
            b"\xf0\x80\x80\xaf",
            b"ok\xe2\x82",
            b"\xe2\x28\xa1",
            b"\xff",
        ];
        for sample in samples {
            let whole = std::str::from_utf8(sample).ok().map(str::to_owned);
            for size in 1..=sample.len().max(1) {
                assert_eq!(in_pieces(sample, size).ok(), whole, "{sample:?} by {size}");
            }
        }
    }

    #[test]
    fn the_first_byte_that_cannot_be_right_is_refused_at_once() {
        let mut text = GrowingText::default();
        text.push(b"good\xf4", 0).unwrap();
        assert_eq!(text.push(b"\x90", 0), Err(NotUtf8));
    }

    #[test]
    fn growth_follows_what_came_not_what_was_announced() {
        assert_eq!(growth(0, 0, 1, 1 << 40), 1024);
        assert_eq!(growth(0, 0, 1, 5), 6);
        assert_eq!(growth(4096, 4096, 1, 1 << 40), 4096);
        assert_eq!(growth(4096, 8192, 100, 0), 0);
        assert_eq!(growth(10, 10, 5000, 0), 5000);
    }
}
