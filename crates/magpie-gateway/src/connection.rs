//! One socket, one task: reads frames, hands messages to the door, drains the outbox with one
//! write. Holds no read buffer while idle, owns no timer but a short-lived one, and gives other
//! connections their turn after every read.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use magpie_proto::{CloseCode, FRAME_BYTES_MAX};
use tokio::time::Sleep;

use crate::{
    conn::Conn,
    contain::ended_by_fault,
    gate::Slot,
    outbox::Ending,
    ws::{
        buffer::with_read_buffer,
        close::Violation,
        frame,
        limits::Limits,
        reader::{Event, Reader},
        transport::{Replay, Transport},
        write::{poll_discard, poll_drain},
    },
};

/// A closing peer gets this long to read our close frame and answer it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

const LIMITS: Limits = Limits {
    message_max_bytes: FRAME_BYTES_MAX,
    fragments_max: 1_024,
    empty_fragments_max: 16,
    control_burst: 128,
    control_interval_ms: 50,
};

/// Runs a connection from its first frame to its end.
pub fn run<T: Transport>(
    transport: Replay<T>,
    conn: Arc<Conn>,
    slot: Slot,
) -> impl Future<Output = ()> + Send {
    let leaving = Leaving(conn.clone());
    let mut socket =
        Socket { transport, conn, reader: Reader::new(), unwritten: None, pause: None };
    // The future holds what it captures and nothing besides: arguments of an `async fn` would lie
    // in it twice, once as they came and once where they are used.
    async move {
        socket.conn.door.opened(socket.conn.gate(), &socket.conn);
        let graceful = poll_fn(|cx| socket.poll(cx)).await;
        drop(leaving);
        if graceful {
            // Boxed: the last seconds of a connection need not be paid for by its whole life.
            Box::pin(socket.say_goodbye()).await;
        }
        drop(slot);
    }
}

/// Takes the connection out of the gate however its task ends: also when it panics, or is cut at
/// the end of the drain.
struct Leaving(Arc<Conn>);

impl Drop for Leaving {
    fn drop(&mut self) {
        let Self(conn) = self;
        if std::thread::panicking() {
            ended_by_fault(conn);
        }
        // Tells whoever still works for it, like a resume that waits for room, to stop.
        conn.outbox.end(CloseCode::Normal);
        conn.gate().closed(conn);
    }
}

struct Socket<T> {
    transport: Replay<T>,
    conn: Arc<Conn>,
    reader: Reader,
    /// What the peer has not taken yet, if it takes less than there is.
    #[expect(clippy::box_collection, reason = "three words less in every idle connection")]
    unwritten: Option<Box<VecDeque<Bytes>>>,
    /// A dialect connection over its rate: not read until then.
    pause: Option<Pin<Box<Sleep>>>,
}

/// What a turn of reading came to.
enum Turn {
    /// Nothing to read now.
    Idle,
    /// Something was read; there may be more.
    Read,
    /// The peer is gone.
    Gone,
}

impl<T: Transport> Socket<T> {
    /// Ready when the connection is over: true when a close frame should still be written.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.conn.outbox.register(cx.waker());
        let turn = self.poll_read(cx);
        if self.poll_write(cx).is_err() || matches!(turn, Turn::Gone) {
            return Poll::Ready(false);
        }
        // Also when something is still unwritten: a peer that reads nothing any more must not stay
        // connected because of it. What is left is part of the goodbye, which is bounded in time.
        if self.conn.outbox.is_ending() {
            return Poll::Ready(true);
        }
        if matches!(turn, Turn::Read) {
            // The next read waits until every other runnable connection had its turn.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Turn {
        if let Some(pause) = &mut self.pause {
            if pause.as_mut().poll(cx).is_pending() {
                return Turn::Idle;
            }
            self.pause = None;
        }
        if !self.conn.may_read() || self.conn.outbox.is_ending() {
            return Turn::Idle;
        }
        with_read_buffer(|buffer| match self.transport.poll_read(cx, buffer) {
            Poll::Pending => Turn::Idle,
            Poll::Ready(Ok(0) | Err(_)) => Turn::Gone,
            Poll::Ready(Ok(len)) => self.take_chunk(&mut buffer[..len]),
        })
    }

    fn take_chunk(&mut self, mut input: &mut [u8]) -> Turn {
        let conn = self.conn.clone();
        let gate = conn.gate();
        let now_ms = gate.core.clock.uptime_ms();
        conn.heard.set(now_ms);
        loop {
            match self.reader.next(&mut input, &LIMITS, now_ms) {
                Ok(None) => return Turn::Read,
                Ok(Some(event)) => self.take_event(event),
                Err(violation) => self.refuse(violation),
            }
            if conn.outbox.is_ending() {
                return Turn::Read;
            }
            if let Some(pause_ms) = conn.take_pause() {
                self.pause = Some(Box::pin(tokio::time::sleep(Duration::from_millis(pause_ms))));
            }
            if self.pause.is_some() || !conn.may_read() {
                // What was not used yet comes again with the next read.
                self.transport.unread(input);
                return Turn::Read;
            }
        }
    }

    fn take_event(&self, event: Event<'_>) {
        let conn = &self.conn;
        match event {
            Event::Text(text) => conn.door.text(conn.gate(), conn, &text),
            Event::Binary(_) => conn.outbox.end(CloseCode::Unsupported),
            Event::Ping(payload) => {
                conn.outbox.push(frame::pong(&payload));
            }
            Event::Pong(payload) => {
                let marks = conn.proved_by(&payload);
                if !marks.is_empty() {
                    conn.door.proved(conn.gate(), conn, marks);
                }
            }
            Event::Close(close) => {
                let code = close.code.unwrap_or(CloseCode::Normal.number());
                conn.outbox.end(Ending { code, reason: String::new() });
            }
        }
    }

    fn refuse(&self, violation: Violation) {
        tracing::debug!(conn = self.conn.id, %violation, "peer broke the protocol");
        let ending = Ending { code: violation.code(), reason: violation.to_string() };
        self.conn.outbox.end(ending);
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// The peer is gone.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> std::io::Result<()> {
        let mut writing = self.unwritten.take().map(|writing| *writing).unwrap_or_default();
        loop {
            if writing.is_empty() {
                self.conn.outbox.take(&mut writing);
            }
            if writing.is_empty() {
                return Ok(());
            }
            match poll_drain(&mut self.transport, cx, &mut writing) {
                Poll::Ready(done) => done?,
                Poll::Pending => {
                    self.unwritten = Some(Box::new(writing));
                    return Ok(());
                }
            }
        }
    }

    /// Writes what is left and the close frame, ends our side and waits a little for the peer to
    /// end his.
    async fn say_goodbye(mut self) {
        let Some(ending) = self.conn.outbox.ending() else { return };
        let mut writing = self.unwritten.take().map(|writing| *writing).unwrap_or_default();
        self.conn.outbox.take(&mut writing);
        writing.push_back(frame::close(ending.code, &ending.reason));
        let goodbye = async {
            let write = poll_fn(|cx| poll_drain(&mut self.transport, cx, &mut writing));
            write.await?;
            poll_fn(|cx| self.transport.poll_shutdown(cx)).await?;
            poll_fn(|cx| poll_discard(&mut self.transport, cx)).await
        };
        // Whether the peer waited for it or not, the socket is closed now.
        let _: Result<std::io::Result<()>, _> = tokio::time::timeout(CLOSE_TIMEOUT, goodbye).await;
    }
}
