//! A message on its way in several frames or reads: counts fragments, checks text as it grows.
//! Used by the reader for what did not come whole; frees everything when the message is done.

use std::borrow::Cow;

use super::Event;
use crate::ws::close::Violation;
use crate::ws::frame::{Head, OpCode};
use crate::ws::limits::Limits;
use crate::ws::utf8::{GrowingText, NotUtf8, growth};

/// A message whose last fragment has not all come.
#[derive(Debug)]
pub(super) struct Message {
    body: Body,
    /// Bytes announced by the heads of its frames so far.
    pub(super) announced: usize,
    fragments: u32,
    empty_fragments: u32,
}

#[derive(Debug)]
enum Body {
    Text(GrowingText),
    Binary(Vec<u8>),
}

impl Message {
    pub(super) fn new(opcode: OpCode) -> Self {
        let body = if opcode == OpCode::Text {
            Body::Text(GrowingText::default())
        } else {
            Body::Binary(Vec::new())
        };
        Self { body, announced: 0, fragments: 0, empty_fragments: 0 }
    }

    /// Counts one more fragment.
    pub(super) fn admit(
        &mut self,
        head: &Head,
        announced: usize,
        limits: &Limits,
    ) -> Result<(), Violation> {
        self.announced = announced;
        self.fragments += 1;
        if self.fragments > limits.fragments_max {
            return Err(Violation::TooManyFragments { max: limits.fragments_max });
        }
        if head.payload_len == 0 && !head.fin {
            self.empty_fragments += 1;
            if self.empty_fragments > limits.empty_fragments_max {
                return Err(Violation::TooManyEmptyFragments { max: limits.empty_fragments_max });
            }
        }
        Ok(())
    }

    pub(super) fn push(&mut self, piece: &[u8], more: usize) -> Result<(), Violation> {
        match &mut self.body {
            Body::Text(text) => text.push(piece, more).map_err(Violation::from),
            Body::Binary(bytes) => {
                bytes.reserve_exact(growth(bytes.len(), bytes.capacity(), piece.len(), more));
                bytes.extend_from_slice(piece);
                Ok(())
            }
        }
    }

    pub(super) fn finish<'a>(self) -> Result<Event<'a>, Violation> {
        match self.body {
            Body::Text(text) => Ok(Event::Text(Cow::Owned(text.finish()?))),
            Body::Binary(bytes) => Ok(Event::Binary(Cow::Owned(bytes))),
        }
    }

    /// Bytes held on the heap.
    pub(super) fn held_bytes(&self) -> usize {
        match &self.body {
            Body::Text(text) => text.capacity(),
            Body::Binary(bytes) => bytes.capacity(),
        }
    }
}

impl From<NotUtf8> for Violation {
    fn from(_: NotUtf8) -> Self {
        Self::TextNotUtf8
    }
}
