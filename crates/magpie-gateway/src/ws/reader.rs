//! Turns what a socket gives into messages: frames, fragments, UTF-8, limits, the close frame.
//! A plain state machine between `poll_read` and dispatch: no I/O, no clock, nothing held while idle.

mod message;

use std::borrow::Cow;

use self::message::Message;
use crate::ws::close::{self, Close, Violation};
use crate::ws::frame::{self, Head, OpCode};
use crate::ws::limits::{ControlBudget, Limits};

/// What a peer said. Borrows from the fed bytes where a message lay in them whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A text message.
    Text(Cow<'a, str>),
    /// A binary message.
    Binary(Cow<'a, [u8]>),
    /// A ping: answer with a pong of the same payload.
    Ping(Cow<'a, [u8]>),
    /// A pong.
    Pong(Cow<'a, [u8]>),
    /// The peer closes. Nothing comes after it: what it still sends is dropped.
    Close(Close<'a>),
}

impl Event<'_> {
    /// The same event, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        match self {
            Self::Text(text) => Event::Text(Cow::Owned(text.into_owned())),
            Self::Binary(bytes) => Event::Binary(Cow::Owned(bytes.into_owned())),
            Self::Ping(bytes) => Event::Ping(Cow::Owned(bytes.into_owned())),
            Self::Pong(bytes) => Event::Pong(Cow::Owned(bytes.into_owned())),
            Self::Close(Close { code, reason }) => {
                Event::Close(Close { code, reason: Cow::Owned(reason.into_owned()) })
            }
        }
    }
}

/// Reads one connection. 24 bytes; more only while a frame or message is unfinished.
#[derive(Debug, Default)]
pub struct Reader {
    unfinished: Option<Box<Unfinished>>,
    control: ControlBudget,
    over: bool,
}

/// What cannot be delivered yet.
#[derive(Debug, Default)]
struct Unfinished {
    head: [u8; frame::HEAD_MAX_BYTES],
    head_len: usize,
    frame: Option<OpenFrame>,
    control: Vec<u8>,
    message: Option<Message>,
}

/// A frame whose payload has not all come.
#[derive(Debug, Clone, Copy)]
struct OpenFrame {
    head: Head,
    received: usize,
}

impl Reader {
    /// A reader at the beginning of a connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event from the front of `input`, which shrinks by what was used.
    ///
    /// `None` means that `input` is used up: read more. Masks are taken off in place, so `input`
    /// must not be fed twice, except for what is still in it. `now_ms` is any steady clock.
    ///
    /// # Errors
    /// The rule the peer broke. The connection is then over: send [`Violation::to_frame`]; the
    /// reader drops whatever else it is fed.
    pub fn next<'a>(
        &mut self,
        input: &mut &'a mut [u8],
        limits: &Limits,
        now_ms: u64,
    ) -> Result<Option<Event<'a>>, Violation> {
        if self.over {
            *input = &mut [];
            return Ok(None);
        }
        let outcome = self.advance(input, limits, now_ms);
        if matches!(outcome, Err(_) | Ok(Some(Event::Close(_)))) {
            self.over = true;
            self.unfinished = None;
        }
        outcome
    }

    /// Whether the peer has closed or broken a rule: nothing more will be read.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Whether no frame and no message is unfinished.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.unfinished.is_none()
    }

    /// Bytes held on the heap for what is unfinished; 0 while idle.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.unfinished.as_ref().map_or(0, |unfinished| {
            let message = unfinished.message.as_ref().map_or(0, Message::held_bytes);
            size_of::<Unfinished>() + unfinished.control.capacity() + message
        })
    }

    fn advance<'a>(
        &mut self,
        input: &mut &'a mut [u8],
        limits: &Limits,
        now_ms: u64,
    ) -> Result<Option<Event<'a>>, Violation> {
        loop {
            let open = self.unfinished.as_ref().and_then(|unfinished| unfinished.frame);
            let open = match open {
                Some(open) => open,
                None => {
                    let Some(head) = self.take_head(input)? else { return Ok(None) };
                    self.admit(&head, limits, now_ms)?;
                    OpenFrame { head, received: 0 }
                }
            };
            match self.take_payload(open, input)? {
                Progress::Event(event) => return Ok(Some(event)),
                Progress::FrameDone => {}
                Progress::Hungry => return Ok(None),
            }
        }
    }

    /// The head of the next frame, put together from what was kept and what came.
    fn take_head(&mut self, input: &mut &mut [u8]) -> Result<Option<Head>, Violation> {
        let kept = self.unfinished.as_ref().map_or(0, |unfinished| unfinished.head_len);
        if kept == 0 {
            if let Some(head) = Head::parse(input)? {
                take(input, head.head_len);
                return Ok(Some(head));
            }
            if input.is_empty() {
                return Ok(None);
            }
        }
        let unfinished = self.unfinished.get_or_insert_default();
        let added = input.len().min(frame::HEAD_MAX_BYTES - kept);
        unfinished.head[kept..kept + added].copy_from_slice(&input[..added]);
        let parsed = Head::parse(&unfinished.head[..kept + added])?;
        match parsed {
            Some(head) => {
                take(input, head.head_len - kept);
                unfinished.head_len = 0;
            }
            None => {
                take(input, added);
                unfinished.head_len = kept + added;
            }
        }
        Ok(parsed)
    }

    /// Judges a frame by its head, before any of its payload is kept.
    fn admit(&mut self, head: &Head, limits: &Limits, now_ms: u64) -> Result<(), Violation> {
        if head.opcode.is_control() {
            // A close is free: it is the last frame anyway, and deserves its answer.
            let paid = head.opcode == OpCode::Close || self.control.take(limits, now_ms);
            return if paid { Ok(()) } else { Err(Violation::ControlFlood) };
        }
        let message = self.unfinished.as_mut().and_then(|unfinished| unfinished.message.as_mut());
        let continues = head.opcode == OpCode::Continuation;
        let announced = match &message {
            Some(_) if !continues => return Err(Violation::ExpectedContinuation),
            None if continues => return Err(Violation::UnexpectedContinuation),
            Some(message) => message.announced,
            None => 0,
        };
        let too_big = Violation::MessageTooBig { max_bytes: limits.message_max_bytes };
        let payload_len = usize::try_from(head.payload_len).unwrap_or(usize::MAX);
        let announced = announced.checked_add(payload_len).ok_or(too_big)?;
        if announced > limits.message_max_bytes {
            return Err(too_big);
        }
        match message {
            Some(message) => message.admit(head, announced, limits),
            None if head.fin => Ok(()),
            None => {
                let mut message = Message::new(head.opcode);
                message.admit(head, announced, limits)?;
                self.unfinished.get_or_insert_default().message = Some(message);
                Ok(())
            }
        }
    }

    fn take_payload<'a>(
        &mut self,
        open: OpenFrame,
        input: &mut &'a mut [u8],
    ) -> Result<Progress<'a>, Violation> {
        let OpenFrame { head, received } = open;
        // `admit` has checked the length against limits that are a `usize`.
        let payload_len = usize::try_from(head.payload_len).unwrap_or(usize::MAX);
        let missing = payload_len - received;
        let piece = take(input, missing.min(input.len()));
        frame::unmask(piece, head.mask, received);
        let still_missing = missing - piece.len();
        let whole = received == 0 && still_missing == 0;
        if head.opcode.is_control() {
            if whole {
                self.end_control();
                return control_event(head.opcode, Cow::Borrowed(piece)).map(Progress::Event);
            }
            return self.grow_control(open, piece, still_missing);
        }
        let in_message = self.unfinished.as_ref().is_some_and(|held| held.message.is_some());
        if whole && head.fin && !in_message {
            self.unfinished = None;
            return whole_message(head.opcode, piece).map(Progress::Event);
        }
        self.grow_message(open, piece, still_missing)
    }

    fn grow_control<'a>(
        &mut self,
        open: OpenFrame,
        piece: &[u8],
        still_missing: usize,
    ) -> Result<Progress<'a>, Violation> {
        let unfinished = self.unfinished.get_or_insert_default();
        unfinished.control.reserve_exact(piece.len() + still_missing);
        unfinished.control.extend_from_slice(piece);
        if still_missing > 0 {
            let received = open.received + piece.len();
            unfinished.frame = Some(OpenFrame { received, ..open });
            return Ok(Progress::Hungry);
        }
        let payload = std::mem::take(&mut unfinished.control);
        self.end_control();
        control_event(open.head.opcode, Cow::Owned(payload)).map(Progress::Event)
    }

    fn grow_message<'a>(
        &mut self,
        open: OpenFrame,
        piece: &[u8],
        still_missing: usize,
    ) -> Result<Progress<'a>, Violation> {
        let unfinished = self.unfinished.get_or_insert_default();
        let message = unfinished.message.get_or_insert_with(|| Message::new(open.head.opcode));
        // More fragments may follow: then how much is to come is not known.
        let more = if open.head.fin { still_missing } else { usize::MAX };
        message.push(piece, more)?;
        if still_missing > 0 {
            let received = open.received + piece.len();
            unfinished.frame = Some(OpenFrame { received, ..open });
            return Ok(Progress::Hungry);
        }
        unfinished.frame = None;
        if !open.head.fin {
            return Ok(Progress::FrameDone);
        }
        let message = unfinished.message.take();
        self.unfinished = None;
        match message {
            Some(message) => message.finish().map(Progress::Event),
            None => Ok(Progress::FrameDone),
        }
    }

    /// A control frame is complete: what stays is the message around it, if any.
    fn end_control(&mut self) {
        match &mut self.unfinished {
            Some(unfinished) if unfinished.message.is_some() => unfinished.frame = None,
            unfinished => *unfinished = None,
        }
    }
}

enum Progress<'a> {
    Event(Event<'a>),
    FrameDone,
    Hungry,
}

fn whole_message(opcode: OpCode, payload: &[u8]) -> Result<Event<'_>, Violation> {
    if opcode != OpCode::Text {
        return Ok(Event::Binary(Cow::Borrowed(payload)));
    }
    match std::str::from_utf8(payload) {
        Ok(text) => Ok(Event::Text(Cow::Borrowed(text))),
        Err(_) => Err(Violation::TextNotUtf8),
    }
}

fn control_event(opcode: OpCode, payload: Cow<'_, [u8]>) -> Result<Event<'_>, Violation> {
    match opcode {
        OpCode::Ping => Ok(Event::Ping(payload)),
        OpCode::Close => Ok(Event::Close(match payload {
            Cow::Borrowed(payload) => close::parse(payload)?,
            Cow::Owned(payload) => {
                let Close { code, reason } = close::parse(&payload)?;
                Close { code, reason: Cow::Owned(reason.into_owned()) }
            }
        })),
        _ => Ok(Event::Pong(payload)),
    }
}

/// Cuts `len` bytes off the front of `input`.
fn take<'a>(input: &mut &'a mut [u8], len: usize) -> &'a mut [u8] {
    let (front, rest) = std::mem::take(input).split_at_mut(len);
    *input = rest;
    front
}

#[cfg(test)]
mod tests;
