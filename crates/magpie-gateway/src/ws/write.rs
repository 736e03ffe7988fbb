//! Drains a queue of complete frames into a transport with as few system calls as possible,
//! and waits for the end of a stream. Owns no queue: the outbox does.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};

use crate::ws::buffer::with_read_buffer;
use crate::ws::transport::Transport;

/// Most frames in one vectored write.
const FRAMES_PER_WRITE: usize = 64;
/// Reads in one go while discarding, before other tasks get their turn.
const DISCARDS_PER_POLL: usize = 16;

/// Writes until `queue` is empty (`Ready`) or the transport takes no more (`Pending`).
///
/// A frame that was written in part stays at the front, shortened: call again with the same
/// queue, and put nothing in front of it.
///
/// # Errors
/// What the transport reports; `WriteZero` when it takes nothing although it says it can.
pub fn poll_drain<T: Transport>(
    transport: &mut T,
    cx: &mut Context<'_>,
    queue: &mut VecDeque<Bytes>,
) -> Poll<io::Result<()>> {
    while let Some(first) = queue.front() {
        let written = if queue.len() == 1 || !transport.is_write_vectored() {
            transport.poll_write(cx, first)
        } else {
            let mut slices = [IoSlice::new(&[]); FRAMES_PER_WRITE];
            for (slice, frame) in slices.iter_mut().zip(queue.iter()) {
                *slice = IoSlice::new(frame);
            }
            transport.poll_write_vectored(cx, &slices[..queue.len().min(FRAMES_PER_WRITE)])
        };
        match written {
            Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(count)) => advance(queue, count),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => return Poll::Pending,
        }
    }
    Poll::Ready(Ok(()))
}

/// Removes the first `count` bytes of the queue.
fn advance(queue: &mut VecDeque<Bytes>, mut count: usize) {
    while let Some(first) = queue.front_mut() {
        if first.len() > count {
            first.advance(count);
            return;
        }
        count -= first.len();
        queue.pop_front();
    }
}

/// Reads and drops until the peer has closed its side.
///
/// A socket closed with unread bytes in it is reset, and the reset can overtake the close frame.
/// So after the last write: shut down, then this, under a deadline of the caller.
///
/// # Errors
/// What the transport reports.
pub fn poll_discard<T: Transport>(transport: &mut T, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    for _ in 0..DISCARDS_PER_POLL {
        match with_read_buffer(|buffer| transport.poll_read(cx, buffer)) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Ok(())),
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => return Poll::Pending,
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::task::Waker;

    use super::*;
    use crate::ws::memory;

    fn poll_all<T: Transport>(transport: &mut T, queue: &mut VecDeque<Bytes>) -> Poll<()> {
        let mut cx = Context::from_waker(Waker::noop());
        poll_drain(transport, &mut cx, queue).map(Result::unwrap)
    }

    fn read(transport: &mut impl Transport) -> Vec<u8> {
        let mut buffer = [0; 256];
        let mut cx = Context::from_waker(Waker::noop());
        match transport.poll_read(&mut cx, &mut buffer) {
            Poll::Ready(count) => buffer[..count.unwrap()].to_vec(),
            Poll::Pending => Vec::new(),
        }
    }

    #[test]
    fn a_full_transport_keeps_the_rest_in_order() {
        let (mut near, mut far) = memory::pair(5);
        let mut queue: VecDeque<Bytes> = (0..7).map(|n| Bytes::from(vec![n; 3])).collect();
        let mut seen = Vec::new();
        while poll_all(&mut near, &mut queue).is_pending() {
            seen.extend(read(&mut far));
        }
        seen.extend(read(&mut far));
        let expected: Vec<u8> = (0..7).flat_map(|n| [n; 3]).collect();
        assert_eq!(seen, expected);
        assert!(queue.is_empty());
    }

    #[test]
    fn more_frames_than_one_write_takes_are_all_written() {
        let (mut near, mut far) = memory::pair(1024);
        let mut queue: VecDeque<Bytes> = (0..200).map(|n| Bytes::from(vec![n])).collect();
        assert!(poll_all(&mut near, &mut queue).is_ready());
        assert_eq!(read(&mut far), (0..200).collect::<Vec<u8>>());
    }

    #[test]
    fn an_empty_frame_in_the_queue_is_skipped_and_not_taken_for_an_end() {
        let mut queue: VecDeque<Bytes> = [Bytes::from_static(b"ab"), Bytes::new()].into();
        advance(&mut queue, 2);
        assert!(queue.is_empty());
    }

    #[test]
    fn discarding_ends_with_the_stream_of_the_peer() {
        let (mut near, mut far) = memory::pair(64);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(far.poll_write(&mut cx, b"late").is_ready());
        assert!(poll_discard(&mut near, &mut cx).is_pending());
        assert!(far.poll_shutdown(&mut cx).is_ready());
        assert!(poll_discard(&mut near, &mut cx).is_ready());
    }
}
