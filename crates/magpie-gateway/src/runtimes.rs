//! The socket threads: one single-threaded runtime per core, each with its lane, its sweep and its
//! accept loop over the same listening socket. A connection never changes its thread.

use std::{io, net::TcpListener, sync::Arc, thread::JoinHandle, time::Duration};

use crate::{
    gate::Gate,
    listener::{self, Http},
    sweep,
};

/// Running socket threads.
pub struct Runtimes {
    threads: Vec<JoinHandle<()>>,
    gate: Arc<Gate>,
}

/// Starts a thread for each lane of the gate.
///
/// # Errors
/// A thread or its runtime could not be made.
pub fn start(
    gate: &Arc<Gate>,
    listener: &TcpListener,
    http: &Arc<dyn Http>,
) -> io::Result<Runtimes> {
    listener.set_nonblocking(true)?;
    let mut threads = Vec::new();
    for lane in 0..gate.lanes.len() {
        let (gate, http, listener) = (gate.clone(), http.clone(), listener.try_clone()?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name(format!("socket-{lane}"));
        threads.push(thread.spawn(move || {
            if let Err(error) = runtime.block_on(run(gate, lane, listener, http)) {
                tracing::error!(%error, "a socket runtime could not start");
            }
        })?);
    }
    Ok(Runtimes { threads, gate: gate.clone() })
}

async fn run(
    gate: Arc<Gate>,
    lane: usize,
    listener: TcpListener,
    http: Arc<dyn Http>,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    tokio::spawn(sweep::run(gate.clone(), lane));
    tokio::spawn(listener::accept(gate.clone(), lane, listener, http));
    gate.lanes[lane].run(&gate.hub).await;
    Ok(())
}

impl Runtimes {
    /// Says goodbye to all sockets, waits for them (bounded by the drain time) and ends the
    /// threads. What the outboxes hold is written before. Gives the threads to join.
    pub async fn drain(self) -> Vec<JoinHandle<()>> {
        self.gate.drain();
        let deadline = Duration::from_millis(self.gate.settings.times.drain_ms);
        if tokio::time::timeout(deadline, self.gate.until_empty()).await.is_err() {
            tracing::warn!(open = self.gate.open_sockets(), "sockets cut at the end of the drain");
        }
        sweep::flush_receipts(&self.gate);
        for lane in &self.gate.lanes {
            lane.close();
        }
        self.threads
    }
}
