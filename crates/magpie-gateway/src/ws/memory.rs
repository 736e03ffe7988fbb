//! A transport in memory: two ends of one connection, bounded, thin while idle.
//! Made for simulating sessions by the million; behaves like a socket that never fails.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use crate::ws::transport::Transport;

/// One end of a connection in memory. Dropping it ends the stream for the other end.
#[derive(Debug)]
pub struct Memory {
    pipes: Arc<Mutex<[Pipe; 2]>>,
    /// The pipe this end reads; it writes the other one.
    reads: usize,
}

/// Bytes on their way in one direction.
#[derive(Debug)]
struct Pipe {
    /// There only while something is under way: an idle pipe owns no memory.
    #[expect(clippy::box_collection, reason = "three words less in every idle pipe")]
    bytes: Option<Box<VecDeque<u8>>>,
    capacity: u32,
    /// No more bytes will come.
    ended: bool,
    /// Nobody will read any more.
    abandoned: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// Two connected ends; each direction holds at most `capacity_bytes` (at least one).
#[must_use]
pub fn pair(capacity_bytes: u32) -> (Memory, Memory) {
    let pipe = || Pipe {
        bytes: None,
        capacity: capacity_bytes.max(1),
        ended: false,
        abandoned: false,
        reader: None,
        writer: None,
    };
    let pipes = Arc::new(Mutex::new([pipe(), pipe()]));
    (Memory { pipes: Arc::clone(&pipes), reads: 0 }, Memory { pipes, reads: 1 })
}

impl Pipe {
    fn wake_reader(&mut self) {
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }

    fn wake_writer(&mut self) {
        if let Some(waker) = self.writer.take() {
            waker.wake();
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> usize {
        let Some(bytes) = &mut self.bytes else { return 0 };
        let mut count = 0;
        while count < buffer.len() {
            let (piece, _) = bytes.as_slices();
            if piece.is_empty() {
                break;
            }
            let len = piece.len().min(buffer.len() - count);
            buffer[count..count + len].copy_from_slice(&piece[..len]);
            bytes.drain(..len);
            count += len;
        }
        if bytes.is_empty() {
            self.bytes = None;
        }
        count
    }

    fn free(&self) -> usize {
        let used = self.bytes.as_ref().map_or(0, |bytes| bytes.len());
        usize::try_from(self.capacity).unwrap_or(usize::MAX).saturating_sub(used)
    }
}

impl Transport for Memory {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let pipe = &mut self.pipes.lock()[self.reads];
        if pipe.bytes.is_none() && !pipe.ended && !buffer.is_empty() {
            pipe.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = pipe.read(buffer);
        pipe.wake_writer();
        Poll::Ready(Ok(count))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let pipe = &mut self.pipes.lock()[1 - self.reads];
        if pipe.ended || pipe.abandoned {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if pipe.free() == 0 {
            pipe.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let mut count = 0;
        for buffer in buffers {
            let len = buffer.len().min(pipe.free());
            if len > 0 {
                pipe.bytes.get_or_insert_default().extend(&buffer[..len]);
            }
            count += len;
        }
        pipe.wake_reader();
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let pipe = &mut self.pipes.lock()[1 - self.reads];
        pipe.ended = true;
        pipe.wake_reader();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let mut pipes = self.pipes.lock();
        let written = &mut pipes[1 - self.reads];
        written.ended = true;
        written.wake_reader();
        let read = &mut pipes[self.reads];
        read.abandoned = true;
        read.bytes = None;
        read.wake_writer();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::future::poll_fn;

    use super::*;

    async fn write_all(end: &mut Memory, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = poll_fn(|cx| end.poll_write(cx, bytes)).await?;
            bytes = &bytes[count..];
        }
        poll_fn(|cx| end.poll_shutdown(cx)).await
    }

    async fn read_all(end: &mut Memory) -> Vec<u8> {
        let mut seen = Vec::new();
        let mut buffer = [0; 7];
        loop {
            let count = poll_fn(|cx| end.poll_read(cx, &mut buffer)).await.unwrap();
            if count == 0 {
                return seen;
            }
            seen.extend_from_slice(&buffer[..count]);
        }
    }

    #[tokio::test]
    async fn bytes_pass_both_ways_through_a_pipe_smaller_than_they_are() {
        let (mut near, mut far) = pair(3);
        let sent: Vec<u8> = (0..=255).collect();
        let (written, seen) = tokio::join!(write_all(&mut near, &sent), read_all(&mut far));
        written.unwrap();
        assert_eq!(seen, sent);
        let (written, seen) = tokio::join!(write_all(&mut far, b"back"), read_all(&mut near));
        written.unwrap();
        assert_eq!(seen, b"back");
    }

    #[tokio::test]
    async fn a_dropped_end_is_an_end_of_stream_and_a_broken_pipe() {
        let (mut near, mut far) = pair(8);
        poll_fn(|cx| near.poll_write(cx, b"last")).await.unwrap();
        drop(near);
        let error = write_all(&mut far, b"x").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(read_all(&mut far).await, b"last");
    }

    #[test]
    fn an_idle_pair_is_small() {
        assert!(size_of::<Memory>() <= 16);
        assert!(size_of::<Mutex<[Pipe; 2]>>() <= 112, "{}", size_of::<Mutex<[Pipe; 2]>>());
    }
}
