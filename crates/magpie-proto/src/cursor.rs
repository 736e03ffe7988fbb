//! The opaque point from which a client resumes: format, epoch of the store, position in it.
//! Clients keep it and hand it back; only this file knows what is inside.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

const FORMAT: u8 = 1;

/// A point in the history of one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Identity of the store's history; another epoch means "sync anew".
    pub epoch: u64,
    /// Everything up to here is covered.
    pub position: u64,
}

impl Cursor {
    /// The wire form: 23 characters.
    #[must_use]
    pub fn encode(self) -> String {
        let mut bytes = [FORMAT; 17];
        bytes[1..9].copy_from_slice(&self.epoch.to_be_bytes());
        bytes[9..].copy_from_slice(&self.position.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads the wire form; `None` for anything this server did not make.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > 64 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (format, rest) = bytes.split_first()?;
        if *format != FORMAT || rest.len() != 16 {
            return None;
        }
        let epoch = u64::from_be_bytes(rest[..8].try_into().ok()?);
        let position = u64::from_be_bytes(rest[8..].try_into().ok()?);
        Some(Self { epoch, position })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_wire() {
        let cursor = Cursor { epoch: u64::MAX - 1, position: 7 };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        assert!(cursor.encode().len() <= 64);
    }

    #[test]
    fn foreign_texts_are_no_cursors() {
        for bad in ["", "x", "AAAA", &"A".repeat(100), "AgAAAAAAAAAAAAAAAAAAAAA", "!!!"] {
            assert_eq!(Cursor::decode(bad), None, "{bad}");
        }
    }
}
