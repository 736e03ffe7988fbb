//! The client's end of a connection, as thin as it can be: bytes are handed in, frames that come
//! out are counted (or kept, when a run is checked). Costs one copy, like a kernel's.

use std::{
    io::{self, IoSlice},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use bytes::{Buf as _, Bytes};
use magpie_gateway::ws::transport::Transport;

/// Frames that were written to all clients of a run.
pub type Tally = Arc<AtomicU64>;

#[derive(Debug, Default)]
struct Shared {
    incoming: Bytes,
    reader: Option<Waker>,
    kept: Option<Vec<Vec<u8>>>,
}

/// The server's end.
#[derive(Debug)]
pub struct Wire {
    shared: Arc<Mutex<Shared>>,
    tally: Tally,
}

/// The client's end.
#[derive(Debug)]
pub struct Client(Arc<Mutex<Shared>>);

/// A connection whose written frames count in `tally`.
#[must_use]
pub fn pair(tally: &Tally) -> (Client, Wire) {
    let shared = Arc::<Mutex<Shared>>::default();
    (Client(shared.clone()), Wire { shared, tally: tally.clone() })
}

impl Client {
    /// Writes bytes; those before them have been read.
    pub fn write(&self, bytes: Bytes) {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shared.incoming = bytes;
        if let Some(reader) = shared.reader.take() {
            reader.wake();
        }
    }

    /// Keeps what is written from here on.
    pub fn keep(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).kept = Some(Vec::new());
    }

    /// The frames kept since, and keeps none any more.
    #[must_use]
    pub fn take_kept(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).kept.take().unwrap_or_default()
    }
}

impl Wire {
    fn written(&self, frame: &[u8]) {
        self.tally.fetch_add(1, Ordering::Relaxed);
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = &mut shared.kept {
            kept.push(frame.to_vec());
        }
    }
}

impl Transport for Wire {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.incoming.is_empty() {
            shared.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = shared.incoming.len().min(buffer.len());
        shared.incoming.copy_to_slice(&mut buffer[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.written(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        &mut self,
        _: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        buffers.iter().for_each(|frame| self.written(frame));
        Poll::Ready(Ok(buffers.iter().map(|frame| frame.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
