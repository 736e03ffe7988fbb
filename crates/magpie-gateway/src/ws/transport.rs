//! The byte stream under a connection: a TCP socket, TLS over it, or a pipe in memory.
//! The connection loop is written against this, so that sockets can be simulated by the million.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A stream of bytes in both directions, polled by one task.
pub trait Transport: Unpin + Send + 'static {
    /// Reads what is there into the front of `buffer`; 0 at the end of the stream.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes some of `bytes` and says how many.
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Writes some of several buffers, in order, and says how many bytes.
    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;

    /// Whether [`Transport::poll_write_vectored`] writes more than the first buffer.
    fn is_write_vectored(&self) -> bool;

    /// Flushes, then tells the peer that nothing more will be written. Reading goes on.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Transport for T {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(self).poll_read(cx, &mut buffer) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(buffer.filled().len())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        AsyncWrite::is_write_vectored(self)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self).poll_shutdown(cx)
    }
}

/// A transport that first gives out bytes that were read from it before.
///
/// They are frames that came together with the handshake, or what a loop handed back because it
/// had to stop in the middle of a chunk. One pointer more than `T` while there are none.
#[derive(Debug)]
pub struct Replay<T> {
    inner: T,
    held: Option<Box<Bytes>>,
}

impl<T> Replay<T> {
    /// `inner`, with `first` in front of what it will read.
    pub fn new(inner: T, first: Bytes) -> Self {
        let held = (!first.is_empty()).then(|| Box::new(first));
        Self { inner, held }
    }

    /// Hands back bytes that were read and not used: the next read gives them again.
    pub fn unread(&mut self, rest: &[u8]) {
        if rest.is_empty() {
            return;
        }
        let again = match &self.held {
            None => Bytes::copy_from_slice(rest),
            Some(held) => Bytes::from([rest, held.as_ref()].concat()),
        };
        self.held = Some(Box::new(again));
    }

    /// Whether the next read gives bytes without asking `inner`.
    pub fn has_held(&self) -> bool {
        self.held.is_some()
    }
}

impl<T: Transport> Transport for Replay<T> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let Some(held) = &mut self.held else { return self.inner.poll_read(cx, buffer) };
        let count = held.len().min(buffer.len());
        held.copy_to_slice(&mut buffer[..count]);
        if held.is_empty() {
            self.held = None;
        }
        Poll::Ready(Ok(count))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.inner.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.inner.poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_shutdown(cx)
    }
}

/// Takes the socket back from hyper after an upgrade, with what it had already read from it.
///
/// `None` when the upgraded stream is not a plain TCP socket served by the `http1` builder.
#[must_use]
pub fn take_tcp(upgraded: Upgraded) -> Option<Replay<TcpStream>> {
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
    Some(Replay::new(parts.io.into_inner(), parts.read_buf))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::future::poll_fn;

    use super::*;

    async fn read(transport: &mut impl Transport, size: usize) -> Vec<u8> {
        let mut buffer = vec![0; size];
        let count = poll_fn(|cx| transport.poll_read(cx, &mut buffer)).await.unwrap();
        buffer.truncate(count);
        buffer
    }

    #[tokio::test]
    async fn bytes_that_came_with_the_handshake_are_read_first() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut replay = Replay::new(near, Bytes::from_static(b"early"));
        poll_fn(|cx| Transport::poll_write(&mut far, cx, b"late")).await.unwrap();
        assert_eq!(read(&mut replay, 3).await, b"ear");
        assert!(replay.has_held());
        assert_eq!(read(&mut replay, 3).await, b"ly");
        assert!(!replay.has_held());
        assert_eq!(read(&mut replay, 9).await, b"late");
    }

    #[tokio::test]
    async fn unread_bytes_come_back_before_everything_else() {
        let (near, _far) = tokio::io::duplex(64);
        let mut replay = Replay::new(near, Bytes::from_static(b"cd"));
        replay.unread(b"");
        replay.unread(b"ab");
        assert_eq!(read(&mut replay, 9).await, b"abcd");
        replay.unread(b"again");
        assert_eq!(read(&mut replay, 9).await, b"again");
    }
}
