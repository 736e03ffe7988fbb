//! A simulated client: the far end of a pipe in memory whose near end is a real connection, with
//! its task, door, outbox and places in hub and roster. For measurements with more sessions than
//! a machine has ports, and with nothing of the kernel in the figures.

use std::{
    io,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;

use crate::{
    connection,
    gate::Gate,
    native::NATIVE,
    ws::{
        memory::{self, Memory},
        transport::{Replay, Transport as _},
    },
};

/// Bytes under way in one direction.
const PIPE_BYTES: u32 = 1 << 20;
/// Bytes taken from the pipe at once.
const READ_BYTES: usize = 4_096;

/// A native session. While idle it owns nothing besides its pipe.
pub struct Session {
    end: Memory,
}

impl Session {
    /// Opens a session on runtime `lane`, which must be the one that this is called on; `None`
    /// when the gate has no slot left.
    #[must_use]
    pub fn open(gate: &Arc<Gate>, lane: usize) -> Option<Self> {
        let slot = gate.take_slot()?;
        let (near, end) = memory::pair(PIPE_BYTES);
        let conn = gate.new_conn(lane, &NATIVE);
        tokio::spawn(connection::run(Replay::new(near, Bytes::new()), conn, slot));
        Some(Self { end })
    }

    /// Sends a text frame, unless the pipe is full.
    ///
    /// # Errors
    /// `WouldBlock` when the server reads too slowly, `BrokenPipe` when it has closed.
    pub fn send(&mut self, text: &str) -> io::Result<()> {
        let frame = client_frame(text);
        match self.end.poll_write(&mut Context::from_waker(Waker::noop()), &frame)? {
            Poll::Ready(len) if len == frame.len() => Ok(()),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Appends what the server has written to `out`; gives how many bytes that were.
    ///
    /// # Errors
    /// `UnexpectedEof` when the server has closed.
    pub fn receive(&mut self, out: &mut Vec<u8>) -> io::Result<usize> {
        let before = out.len();
        loop {
            let at = out.len();
            out.resize(at + READ_BYTES, 0);
            let cx = &mut Context::from_waker(Waker::noop());
            let read = self.end.poll_read(cx, &mut out[at..]);
            out.truncate(at + if let Poll::Ready(Ok(len)) = read { len } else { 0 });
            match read? {
                Poll::Pending => return Ok(out.len() - before),
                Poll::Ready(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Poll::Ready(_) => {}
            }
        }
    }
}

/// A masked text frame; a mask of zeros changes nothing and is a mask.
fn client_frame(text: &str) -> Vec<u8> {
    let mut frame = Vec::with_capacity(text.len() + 14);
    frame.push(0x81);
    match (u8::try_from(text.len()), u16::try_from(text.len())) {
        (Ok(len @ 0..126), _) => frame.push(0x80 | len),
        (_, Ok(len)) => {
            frame.push(0x80 | 126);
            frame.extend(len.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((text.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend_from_slice(text.as_bytes());
    frame
}
