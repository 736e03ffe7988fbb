//! Durable one-to-one messages: how many a second are accepted, acknowledged after fsync and
//! delivered, and how long delivery takes at half of the goal's rate.

use std::{cell::RefCell, process::Command, rc::Rc, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::LocalSet,
    time::Instant,
};

use crate::{Fallible, Plan, server::Server, stats, wire};

const RUNS: usize = 5;
const BODY_BYTES: usize = 142;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(4);
const RECEIPTS_EVERY: Duration = Duration::from_millis(200);
const HALF_OF_GOAL: f64 = 10_000.0;

/// Counters of a run; one thread.
#[derive(Default)]
struct Tally {
    acked: u64,
    delivered: u64,
    refused: u64,
    /// Microseconds from the moment at which a message was due to its delivery.
    latencies_us: Vec<u32>,
}

/// How a run is loaded.
#[derive(Clone, Copy)]
struct Shape {
    senders: usize,
    window: usize,
    pinned: bool,
    receipts: bool,
}

pub(crate) async fn run(plan: &Plan) -> Fallible<()> {
    let shape = |senders, window, pinned, receipts| Shape { senders, window, pinned, receipts };
    let shapes = [
        shape(100, 16, false, false),
        shape(100, 16, true, false),
        shape(500, 1, false, false),
        shape(500, 1, true, false),
        shape(100, 16, false, true),
    ];
    for shape in shapes {
        let (mut rates, mut cpu) = (Vec::new(), 0.0);
        for _ in 0..RUNS {
            let (rate, cpu_us) = LocalSet::new().run_until(throughput(plan, shape)).await?;
            rates.push(rate);
            cpu += cpu_us / RUNS as f64;
        }
        let conditions = conditions(shape, json!({"server_cpu_us_per_message": cpu.round()}));
        stats::print("durable messages", "per second", ">= 20000", &rates, conditions);
    }
    for pinned in [false, true] {
        let shape = shape(100, 0, pinned, false);
        let (mut p50, mut p99) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let mut latencies = LocalSet::new().run_until(latency(plan, shape)).await?;
            latencies.sort_unstable();
            p50.push(f64::from(stats::percentile(&latencies, 0.5)) / 1e3);
            p99.push(f64::from(stats::percentile(&latencies, 0.99)) / 1e3);
        }
        let rate = || json!({"rate_per_s": HALF_OF_GOAL, "loop": "open"});
        stats::print("delivery latency p50", "ms", "-", &p50, conditions(shape, rate()));
        stats::print("delivery latency p99", "ms", "< 50", &p99, conditions(shape, rate()));
    }
    Ok(())
}

fn conditions(shape: Shape, mut more: serde_json::Value) -> serde_json::Value {
    more["senders"] = shape.senders.into();
    more["window"] = shape.window.into();
    more["pinned"] = shape.pinned.into();
    more["receipts"] = shape.receipts.into();
    more["body_bytes"] = BODY_BYTES.into();
    more["fsync"] = "full".into();
    more
}

/// Server on core 0, this generator on core 1; or both wherever they like.
fn pin(pinned: bool) -> Fallible<Option<u32>> {
    let set = if pinned { "1".to_owned() } else { "0-1023".to_owned() };
    let own = std::process::id().to_string();
    let done = Command::new("taskset").args(["-a", "-p", "-c", &set, &own]).output()?;
    if pinned && (!done.status.success() || stats::cores() < 2) {
        return Err("taskset failed: pinning needs two cores".into());
    }
    Ok(pinned.then_some(0))
}

/// Messages a second and the server's processor time for each, in microseconds.
async fn throughput(plan: &Plan, shape: Shape) -> Fallible<(f64, f64)> {
    let server = Server::start(&plan.binary, pin(shape.pinned)?)?;
    let tally = Rc::new(RefCell::new(Tally::default()));
    for (number, stream) in open(&server, shape.senders).await?.into_iter().enumerate() {
        let sender = Sender::new(number, tally.clone());
        tokio::task::spawn_local(sender.closed_loop(stream, shape));
    }
    tokio::time::sleep(WARM_UP).await;
    let (before, cpu_before, begun) = (delivered(&tally)?, server.cpu_s()?, Instant::now());
    tokio::time::sleep(MEASURED).await;
    let (after, cpu_after) = (delivered(&tally)?, server.cpu_s()?);
    let count = (after - before) as f64;
    Ok((count / begun.elapsed().as_secs_f64(), (cpu_after - cpu_before) * 1e6 / count.max(1.0)))
}

/// Messages that were both acknowledged and delivered.
fn delivered(tally: &RefCell<Tally>) -> Fallible<u64> {
    let tally = tally.borrow();
    if tally.refused > 0 {
        return Err(format!("{} sends were refused", tally.refused).into());
    }
    Ok(tally.acked.min(tally.delivered))
}

async fn latency(plan: &Plan, shape: Shape) -> Fallible<Vec<u32>> {
    let server = Server::start(&plan.binary, pin(shape.pinned)?)?;
    let tally = Rc::new(RefCell::new(Tally::default()));
    let epoch = Instant::now();
    let mut writers = Vec::new();
    for (number, stream) in open(&server, shape.senders).await?.into_iter().enumerate() {
        let (read, write) = stream.into_split();
        let sender = Sender { epoch, ..Sender::new(number, tally.clone()) };
        writers.push((Sender { epoch, ..Sender::new(number, tally.clone()) }, write));
        tokio::task::spawn_local(sender.only_read(read));
    }
    pace(&mut writers, epoch.elapsed(), WARM_UP).await?;
    tally.borrow_mut().latencies_us.clear();
    pace(&mut writers, epoch.elapsed(), MEASURED).await?;
    let wanted = HALF_OF_GOAL * MEASURED.as_secs_f64() * 0.95;
    let latencies = std::mem::take(&mut tally.borrow_mut().latencies_us);
    if (latencies.len() as f64) < wanted {
        return Err(format!("only {} of {wanted} delivered", latencies.len()).into());
    }
    Ok(latencies)
}

/// Sends what is due, whether or not anything was answered; stamps each with when it was due.
async fn pace(
    writers: &mut [(Sender, OwnedWriteHalf)],
    from: Duration,
    how_long: Duration,
) -> Fallible<()> {
    let mut sent = 0_u64;
    let mut out = Vec::new();
    let Some(epoch) = writers.first().map(|(sender, _)| sender.epoch) else { return Ok(()) };
    loop {
        let elapsed = epoch.elapsed() - from;
        if elapsed >= how_long {
            return Ok(());
        }
        while sent as f64 / HALF_OF_GOAL < elapsed.as_secs_f64() {
            let due = from + Duration::from_secs_f64(sent as f64 / HALF_OF_GOAL);
            let index = usize::try_from(sent).unwrap_or(0) % writers.len();
            let (sender, write) = &mut writers[index];
            sender.compose(&mut out, due);
            write.write_all(&out).await?;
            out.clear();
            sent += 1;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn open(server: &Server, count: usize) -> Fallible<Vec<TcpStream>> {
    let mut streams = Vec::with_capacity(count);
    for token in server.tokens(count).await? {
        streams.push(wire::sign_in(server.address, &token).await?);
    }
    Ok(streams)
}

/// One connection, sender and receiver at once: users write to each other in pairs.
struct Sender {
    number: usize,
    sent: u64,
    tally: Rc<RefCell<Tally>>,
    epoch: Instant,
    /// Conversation and seq of the newest message received.
    newest: Option<(String, u64)>,
}

impl Sender {
    fn new(number: usize, tally: Rc<RefCell<Tally>>) -> Self {
        Self { number, sent: 0, tally, epoch: Instant::now(), newest: None }
    }

    /// Appends a send. The text starts with the time in microseconds and is filled with Chinese.
    fn compose(&mut self, out: &mut Vec<u8>, due: Duration) {
        use std::fmt::Write as _;
        self.sent += 1;
        let mut body = format!(r#"{{"k":"text","x":"{:016}"#, due.as_micros());
        while body.len() + 3 + 2 <= BODY_BYTES {
            body.push('鹊');
        }
        while body.len() + 2 < BODY_BYTES {
            body.push('.');
        }
        body.push_str("\"}");
        let mut frame = String::with_capacity(256);
        let peer = self.number ^ 1;
        let _ = write!(
            frame,
            r#"{{"t":"send","r":{},"to":"u{peer}","cid":"{:x}-{:x}","b":{body}}}"#,
            self.sent, self.number, self.sent
        );
        wire::push_frame(out, frame.as_bytes());
    }

    /// Keeps `window` sends under way. Ends with the connection.
    async fn closed_loop(mut self, mut stream: TcpStream, shape: Shape) {
        let mut out = Vec::new();
        for _ in 0..shape.window {
            self.compose(&mut out, self.epoch.elapsed());
        }
        let mut buffer = Vec::with_capacity(64 * 1024);
        let mut receipts = tokio::time::interval(RECEIPTS_EVERY);
        while stream.write_all(&out).await.is_ok() {
            out.clear();
            tokio::select! {
                read = stream.read_buf(&mut buffer) => {
                    if !matches!(read, Ok(1..)) {
                        return;
                    }
                    for _ in 0..self.take(&mut buffer) {
                        self.compose(&mut out, self.epoch.elapsed());
                    }
                }
                _ = receipts.tick(), if shape.receipts => {
                    if let Some((c, seq)) = self.newest.take() {
                        let ping = json!({"t": "ping", "delivered": [[c, seq]]}).to_string();
                        wire::push_frame(&mut out, ping.as_bytes());
                    }
                }
            }
        }
    }

    async fn only_read(mut self, mut stream: OwnedReadHalf) {
        let mut buffer = Vec::with_capacity(64 * 1024);
        while matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
            self.take(&mut buffer);
        }
    }

    /// Takes whole frames; gives how many sends were answered.
    fn take(&mut self, buffer: &mut Vec<u8>) -> usize {
        let mut answered = 0;
        let now_us = self.epoch.elapsed().as_micros();
        let mut tally = self.tally.borrow_mut();
        let newest = &mut self.newest;
        wire::take_frames(buffer, |payload| {
            if payload.starts_with(br#"{"t":"ack""#) {
                tally.acked += 1;
                answered += 1;
            } else if payload.starts_with(br#"{"t":"msg""#) {
                tally.delivered += 1;
                let stamp = wire::text_after(payload, br#""x":""#).and_then(|text| text.get(..16));
                let stamp = stamp.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
                let waited = now_us.saturating_sub(stamp.unwrap_or(now_us));
                tally.latencies_us.push(u32::try_from(waited).unwrap_or(u32::MAX));
                *newest = address(payload);
            } else if payload.starts_with(br#"{"t":"error""#) {
                tally.refused += 1;
                answered += 1;
            }
        });
        answered
    }
}

fn address(payload: &[u8]) -> Option<(String, u64)> {
    let c = std::str::from_utf8(wire::text_after(payload, br#""c":""#)?).ok()?.to_owned();
    let at = payload.windows(6).position(|window| window == br#""seq":"#)? + 6;
    let digits = payload[at..].iter().take_while(|byte| byte.is_ascii_digit());
    let seq = digits.fold(0_u64, |seq, byte| seq * 10 + u64::from(byte - b'0'));
    Some((c, seq))
}
