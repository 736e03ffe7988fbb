//! A million signed-in sessions in one process: what one costs while idle, and what a message
//! costs from one to another through the real connection, dispatch, bus, lane and outbox. Prints
//! one JSON line. `sessions [SESSIONS [MESSAGES]]`; the store is the one in memory.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

mod node;

use std::error::Error;

use magpie_gateway::session::Session;
use tokio::time::Instant;

use crate::node::Node;

/// As in the server: the figures are of its allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Sessions that sign in at once.
const CHUNK: usize = 256;
/// Messages under way at once: each is a commit of its own here, and the store in memory commits on
/// the thread of the lane, which must not have to wait for itself.
const WINDOW: usize = 32;
/// Sender and receiver lie so many sessions apart: neighbours in memory would be too cheap.
const STRIDE: usize = 7_919;

fn main() -> Fallible<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let sessions = numbers.next().transpose()?.unwrap_or(1_000_000).max(2);
    let messages = numbers.next().transpose()?.unwrap_or(200_000);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(run(sessions, messages))
}

async fn run(count: usize, messages: usize) -> Fallible<()> {
    let node = Node::new(count)?;
    node.make_users(count).await?;
    let mut sessions = Vec::with_capacity(count);
    // One session signs in before the count begins: what every process needs once.
    let mut first = sign_in(&node, count..count + 1).await?;
    let before = resident_bytes()?;
    let begun = Instant::now();
    while sessions.len() < count {
        let chunk = sessions.len()..(sessions.len() + CHUNK).min(count);
        sessions.append(&mut sign_in(&node, chunk).await?);
    }
    let sign_in_us = micros(begun) / count as f64;
    let memory = (resident_bytes()? - before) / count as f64;
    let begun = Instant::now();
    exchange(&mut sessions, messages).await?;
    let message_us = micros(begun) / messages.max(1) as f64;
    first.clear();
    println!(
        r#"{{"scenario":"sessions","figures":{{"sessions":{count},"memory_bytes_per_session":{memory:.0},"sign_in_us":{sign_in_us:.2},"messages":{messages},"us_per_message":{message_us:.2}}}}}"#
    );
    Ok(())
}

/// Opens sessions, says hello and waits until each is synced.
async fn sign_in(node: &Node, numbers: std::ops::Range<usize>) -> Fallible<Vec<Session>> {
    let mut opened = Vec::with_capacity(numbers.len());
    for number in numbers {
        let mut session = Session::open(&node.gate, 0).ok_or("no slot")?;
        session.send(&node.hello(number)?)?;
        opened.push((session, Vec::new()));
    }
    for (session, seen) in &mut opened {
        while !seen.windows(5).any(|part| part == br#""cur""#) {
            tokio::task::yield_now().await;
            session.receive(seen)?;
        }
    }
    Ok(opened.into_iter().map(|(session, _)| session).collect())
}

/// Sends messages in windows and waits for every answer and every delivery.
async fn exchange(sessions: &mut [Session], messages: usize) -> Fallible<()> {
    let mut seen = Vec::new();
    let mut sent = 0;
    while sent < messages {
        let window = sent..(sent + WINDOW).min(messages);
        for number in window.clone() {
            let (from, to) = pair(number, sessions.len());
            let text = format!(
                r#"{{"t":"send","r":{number},"to":"u{to}","cid":"c{number}","b":{{"k":"text","x":"{}"}}}}"#,
                "鹊".repeat(40)
            );
            sessions[from].send(&text)?;
        }
        for number in window.clone() {
            let (from, to) = pair(number, sessions.len());
            for (index, kind) in [(from, &br#"{"t":"ack""#[..]), (to, br#"{"t":"msg""#)] {
                seen.clear();
                while !seen.windows(kind.len()).any(|part| part == kind) {
                    tokio::task::yield_now().await;
                    sessions[index].receive(&mut seen)?;
                }
            }
        }
        sent = window.end;
    }
    Ok(())
}

/// Who writes the message of this number, and to whom. Within a window nobody is named twice, as
/// far as there are enough sessions.
fn pair(number: usize, sessions: usize) -> (usize, usize) {
    let from = (number * 2 * STRIDE) % sessions;
    (from, (from + 1) % sessions)
}

fn micros(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e6
}

/// Resident memory of this process, from the kernel.
fn resident_bytes() -> Fallible<f64> {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:")).ok_or("no Rss")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0)
}
