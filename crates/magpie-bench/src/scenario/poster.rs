//! Backends beside the load: each a thread with one connection that stays open and posts batches of
//! live values, one after the other. Each numbers what it pushes to each receiver.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use super::courier::index;
use crate::{
    engine::{
        clock::Clock,
        frame::push_decimal,
        latency::Latency,
        stamp::{Stamp, TEXT_BYTES, Text},
    },
    server_process::Http,
};

/// What all of them post.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Receivers, in turn.
    pub(super) receivers: usize,
    /// Values of one request.
    pub(super) batch: usize,
    /// Values a second of all together; 0: a request when everything of the one before arrived.
    pub(super) rate: u64,
    /// How many post.
    pub(super) posters: usize,
    /// Tag of the run.
    pub(super) run: u16,
}

/// What a poster and the loop of the receivers know of one another.
#[derive(Debug, Default)]
struct Shared {
    sent: AtomicU64,
    arrived: AtomicU64,
    stop: AtomicBool,
}

/// A running poster.
struct Poster {
    shared: Arc<Shared>,
    thread: JoinHandle<Result<Waits>>,
}

/// How long its answers took, and how late it was.
pub(super) struct Waits {
    /// From the request to its answer.
    pub(super) answer: Latency,
    /// From when a request was due until it was written.
    pub(super) lag: Latency,
}

impl Waits {
    fn new() -> Result<Self> {
        Ok(Self { answer: Latency::new()?, lag: Latency::new()? })
    }
}

/// All running posters.
pub(super) struct Posters(Vec<Poster>);

impl Posters {
    /// Begins to post.
    pub(super) fn start(plan: Plan, clock: Clock, address: SocketAddr, key: &str) -> Result<Self> {
        let begun_us = clock.now_us();
        let start = |number| {
            let shared = Arc::new(Shared::default());
            let http = Http::connect(address, key)?;
            let text = Text::new(TEXT_BYTES);
            let mut work =
                Work { plan, number, clock, begun_us, shared: shared.clone(), http, text };
            let thread = thread::Builder::new().name("poster".into()).spawn(move || work.run())?;
            Ok(Poster { shared, thread })
        };
        (0..plan.posters).map(start).collect::<Result<_>>().map(Self)
    }

    /// Values written so far.
    pub(super) fn sent(&self) -> u64 {
        self.0.iter().map(|poster| poster.shared.sent.load(Ordering::Acquire)).sum()
    }

    /// A value of this poster has arrived.
    pub(super) fn arrived(&self, number: u32) {
        let Some(poster) = self.0.get(number as usize) else { return };
        let arrived = poster.shared.arrived.fetch_add(1, Ordering::AcqRel) + 1;
        if arrived >= poster.shared.sent.load(Ordering::Acquire) {
            poster.thread.thread().unpark();
        }
    }

    /// Asks all of them to post nothing more.
    pub(super) fn stop(&self) {
        for poster in &self.0 {
            poster.shared.stop.store(true, Ordering::Release);
            poster.thread.thread().unpark();
        }
    }

    /// Whether one has ended; before [`Posters::stop`] that is a failure, which `finish` tells.
    pub(super) fn has_ended(&self) -> bool {
        self.0.iter().any(|poster| poster.thread.is_finished())
    }

    /// Whether all have ended.
    pub(super) fn have_ended(&self) -> bool {
        self.0.iter().all(|poster| poster.thread.is_finished())
    }

    /// Ends all of them; a request that failed is told here. Gives also how many values each sent.
    pub(super) fn finish(&mut self) -> Result<(Waits, Vec<u64>)> {
        self.stop();
        let (mut all, mut sent) = (Waits::new()?, Vec::new());
        for poster in self.0.drain(..) {
            let Ok(waits) = poster.thread.join() else {
                bail!("a thread that posts has panicked");
            };
            let waits = waits?;
            sent.push(poster.shared.sent.load(Ordering::Acquire));
            all.answer.join(&waits.answer);
            all.lag.join(&waits.lag);
        }
        Ok((all, sent))
    }
}

/// What the thread of a poster has.
struct Work {
    plan: Plan,
    number: usize,
    clock: Clock,
    begun_us: u64,
    shared: Arc<Shared>,
    http: Http,
    text: Text,
}

impl Work {
    fn run(&mut self) -> Result<Waits> {
        let mut waits = Waits::new()?;
        let mut body = Vec::new();
        for round in 0.. {
            let Some(due_us) = self.due(round) else { break };
            self.fill(&mut body, due_us)?;
            let posted_us = self.clock.now_us();
            waits.lag.record(posted_us.saturating_sub(due_us));
            let answer = self.http.post_text("/v1/push/batch", &body)?;
            waits.answer.record(self.clock.now_us() - posted_us);
            check(&answer, self.plan.batch)?;
        }
        Ok(waits)
    }

    /// Waits until the next request is due and gives when that was; `None` when it is over.
    fn due(&self, round: u64) -> Option<u64> {
        loop {
            if self.shared.stop.load(Ordering::Acquire) {
                return None;
            }
            let now_us = self.clock.now_us();
            let before = round * self.plan.posters as u64 + self.number as u64;
            let items = before * self.plan.batch as u64;
            if let Some(after_us) = (items * 1_000_000).checked_div(self.plan.rate) {
                let due_us = self.begun_us + after_us;
                if due_us <= now_us {
                    return Some(due_us);
                }
                thread::park_timeout(Duration::from_micros(due_us - now_us));
            } else {
                let sent = self.shared.sent.load(Ordering::Acquire);
                if self.shared.arrived.load(Ordering::Acquire) >= sent {
                    return Some(now_us);
                }
                thread::park();
            }
        }
    }

    /// The next batch. All its values are due at the same moment: a backend has them in hand.
    fn fill(&mut self, body: &mut Vec<u8>, due_us: u64) -> Result<()> {
        let (from, receivers) = (index(self.number), self.plan.receivers as u64);
        let first = self.shared.sent.load(Ordering::Acquire);
        body.clear();
        body.extend_from_slice(br#"{"items":["#);
        for value in (first..).take(self.plan.batch) {
            let number = u32::try_from(value / receivers)?;
            let stamp = Stamp { run: self.plan.run, from, number, due_us };
            body.extend_from_slice(if value == first {
                br#"{"user":"u"#
            } else {
                br#",{"user":"u"#
            });
            push_decimal(body, value % receivers);
            body.extend_from_slice(br#"","channel":"live","hold_s":0,"data":{"k":"text","x":""#);
            body.extend_from_slice(self.text.with(stamp));
            body.extend_from_slice(br#""}}"#);
        }
        body.extend_from_slice(b"]}");
        // Before it is written: what arrives is never more than what was sent.
        self.shared.sent.fetch_add(self.plan.batch as u64, Ordering::AcqRel);
        Ok(())
    }
}

/// Every value was taken, as one that is not stored, and had somebody to go to.
fn check(answer: &[u8], batch: usize) -> Result<()> {
    let count = |what: &str| memchr::memmem::find_iter(answer, what).count();
    if count(r#""stored":false"#) == batch && count(r#""connections":0"#) == 0 {
        return Ok(());
    }
    let text = std::str::from_utf8(answer).context("an answer that is not UTF-8")?;
    let shown: String = text.chars().take(500).collect();
    bail!("not all of {batch} values had a receiver: {shown}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_an_item_that_was_refused_or_reached_nobody_ends_the_run() {
        let good = r#"{"version":0,"stored":false,"connections":1}"#;
        let nobody = r#"{"version":0,"stored":false,"connections":0}"#;
        let refused = r#"{"error":{"code":"bad_request"}}"#;
        let answer = |last: &str| format!(r#"{{"results":[{good},{last}]}}"#);
        assert!(check(answer(good).as_bytes(), 2).is_ok());
        for bad in [nobody, refused] {
            let told = check(answer(bad).as_bytes(), 2).map_err(|error| error.to_string());
            assert!(told.is_err_and(|told| told.contains(bad)), "{bad}");
        }
    }
}
