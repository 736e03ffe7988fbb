//! RFC 6455 on bytes: reading, unmasking, framing, and writing a full queue.
//! `cargo bench -p magpie-gateway --bench ws`; compares builds on one machine, judges nothing.
#![allow(clippy::unwrap_used, reason = "a bench stops where its input is wrong")]

use std::{
    collections::VecDeque,
    task::{Context, Waker},
};

use bytes::Bytes;
use divan::{Bencher, black_box};
use magpie_gateway::ws::{
    frame, limits::Limits, memory, reader::Reader, transport::Transport as _, write,
};

const LIMITS: Limits = Limits {
    message_max_bytes: 1 << 20,
    fragments_max: 64,
    empty_fragments_max: 4,
    control_burst: 64,
    control_interval_ms: 50,
};
const MASK: [u8; 4] = [1, 2, 3, 4];

fn main() {
    divan::main();
}

/// A masked text frame of so many bytes of payload.
fn masked(payload_bytes: usize) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | 126];
    frame.extend(u16::try_from(payload_bytes).unwrap().to_be_bytes());
    frame.extend(MASK);
    let mut payload = vec![b'x'; payload_bytes];
    frame::unmask(&mut payload, MASK, 0);
    frame.extend(payload);
    frame
}

/// One whole text frame: head, mask, UTF-8.
#[divan::bench(args = [256, 4_096])]
fn read_text(bencher: Bencher<'_, '_>, payload_bytes: usize) {
    let frame = masked(payload_bytes);
    let mut reader = Reader::new();
    bencher.with_inputs(|| frame.clone()).bench_local_refs(|bytes| {
        let mut input = &mut bytes[..];
        reader.next(&mut input, &LIMITS, 0).unwrap().map(|event| drop(black_box(event)))
    });
}

/// The mask alone.
#[divan::bench(args = [256, 4_096])]
fn unmask(bencher: Bencher<'_, '_>, payload_bytes: usize) {
    let mut payload = vec![b'x'; payload_bytes];
    bencher.bench_local(|| frame::unmask(black_box(&mut payload), MASK, 0));
}

/// A payload made into a frame.
#[divan::bench]
fn encode_text(bencher: Bencher<'_, '_>) {
    let payload = "x".repeat(256);
    bencher.bench(|| frame::text(black_box(&payload)));
}

/// Sixty-four frames that waited, written in one go.
#[divan::bench]
fn drain_64_frames(bencher: Bencher<'_, '_>) {
    let frame = frame::text(&"x".repeat(256));
    let (mut near, mut far) = memory::pair(1 << 20);
    let mut buffer = vec![0; 1 << 20];
    let mut cx = Context::from_waker(Waker::noop());
    let queue = || std::iter::repeat_n(frame.clone(), 64).collect::<VecDeque<Bytes>>();
    bencher.with_inputs(queue).bench_local_refs(|queue| {
        assert!(write::poll_drain(&mut near, &mut cx, queue).is_ready());
        far.poll_read(&mut cx, &mut buffer).is_ready()
    });
}
