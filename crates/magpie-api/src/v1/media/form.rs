//! The body of a form on its way to the form's reader, which keeps what it has not understood yet
//! and takes all that it can get before it looks. So it gets no more than a form may have.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::Stream;
use magpie_proto::ErrorCode;

use super::Incoming;
use crate::problem::Problem;

/// Bytes of a form that are not its file: heads of parts, other fields, boundaries.
const AROUND_BYTES_MAX: u64 = 64 * 1_024;

/// How many bytes the reader may get, from the beginning of the form.
#[derive(Clone)]
pub(crate) struct Allowance(Arc<Inner>);

struct Inner {
    bytes: AtomicU64,
    /// There are more, and the reader did not get them.
    exceeded: AtomicBool,
}

impl Allowance {
    /// What may stand before the file.
    pub(crate) fn new() -> Self {
        let (bytes, exceeded) = (AtomicU64::new(AROUND_BYTES_MAX), AtomicBool::new(false));
        Self(Arc::new(Inner { bytes, exceeded }))
    }

    /// The file was found, and is as long as this.
    pub(crate) fn add_file(&self, bytes: u64) {
        self.0.bytes.store(AROUND_BYTES_MAX.saturating_add(bytes), Relaxed);
        self.0.exceeded.store(false, Relaxed);
    }

    /// Waits for the reader, until it cannot go on with what it may get.
    pub(crate) async fn keep<T>(&self, reading: impl Future<Output = T>) -> Result<T, Problem> {
        let mut reading = pin!(reading);
        poll_fn(|cx| match reading.as_mut().poll(cx) {
            Poll::Ready(read) => Poll::Ready(Ok(read)),
            Poll::Pending if self.0.exceeded.load(Relaxed) => Poll::Ready(Err(too_much())),
            Poll::Pending => Poll::Pending,
        })
        .await
    }
}

fn too_much() -> Problem {
    let text = format!(
        "a form has at most {AROUND_BYTES_MAX} bytes beside its file: put the part with a file \
         name first"
    );
    Problem::Request(ErrorCode::TooLarge, text)
}

/// The body, as far as it is allowed.
pub(crate) struct FormBody {
    body: Incoming,
    allowance: Allowance,
    given: u64,
    /// What came and was not given yet.
    kept: Bytes,
}

impl FormBody {
    pub(crate) fn new(body: Incoming, allowance: Allowance) -> Self {
        Self { body, allowance, given: 0, kept: Bytes::new() }
    }
}

impl Stream for FormBody {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while self.kept.is_empty() {
            match Pin::new(&mut self.body).poll_next(cx) {
                Poll::Ready(Some(Ok(bytes))) => self.kept = bytes,
                other => return other,
            }
        }
        let left = self.allowance.0.bytes.load(Relaxed).saturating_sub(self.given);
        if left == 0 {
            // The reader may still find the file in what it has. If not, nobody wakes it:
            // `Allowance::keep` ends its wait.
            self.allowance.0.exceeded.store(true, Relaxed);
            return Poll::Pending;
        }
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(self.kept.len());
        self.given += len as u64;
        Poll::Ready(Some(Ok(self.kept.split_to(len))))
    }
}
