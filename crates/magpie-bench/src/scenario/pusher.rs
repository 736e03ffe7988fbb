//! A backend beside the load: one thread that pushes a value to one user after the other at a
//! fixed rate, waits for each answer and keeps the time it took.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Result, bail};
use serde_json::json;

use super::{Target, day::Profile};
use crate::{
    engine::{clock::Clock, latency::Latency},
    server_process::Http,
};

/// What was pushed.
pub(super) struct Pushed {
    /// How many values were answered as stored.
    pub(super) count: u64,
    /// How long the answers took.
    pub(super) wait: Latency,
}

/// The running backend.
pub(super) struct Pusher {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Pushed>>,
}

impl Pusher {
    /// Begins to push.
    pub(super) fn start(target: &Target, people: Profile) -> Result<Self> {
        let mut http = Http::connect(target.address, &target.key)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name("pusher".into()).spawn(move || {
            let clock = Clock::start();
            let mut pushed = Pushed { count: 0, wait: Latency::new()? };
            let gap_us = (1e6 / people.pushes_per_s.max(0.01)) as u64;
            while !stopped.load(Ordering::Relaxed) {
                let due_us = pushed.count * gap_us;
                let now_us = clock.now_us();
                if now_us < due_us {
                    thread::park_timeout(Duration::from_micros(due_us - now_us));
                    continue;
                }
                let user = format!("u{}", pushed.count % people.users as u64);
                let value = json!({"user": user, "channel": "orders", "data": pushed.count});
                http.post("/v1/push", &value)?;
                pushed.count += 1;
                pushed.wait.record(clock.now_us().saturating_sub(due_us));
            }
            Ok(pushed)
        })?;
        Ok(Self { stop, thread })
    }

    /// Ends it; a push that was refused is told here.
    pub(super) fn stop(self) -> Result<Pushed> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        match self.thread.join() {
            Ok(done) => done,
            Err(_panic) => bail!("the thread that pushes has panicked"),
        }
    }
}
