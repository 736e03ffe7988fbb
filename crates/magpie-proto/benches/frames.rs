//! The JSON of the hottest frames: a send decoded, its event and its answer encoded.
//! `cargo bench -p magpie-proto`; compares builds on one machine, judges nothing.
#![allow(clippy::unwrap_used, reason = "a bench stops where its input is wrong")]

use divan::black_box;
use magpie_proto::{Body, ConversationId, MessageId, UserId, client, scan, server};

const TEXT: &str =
    "鹊桥今晚七点半准时开会请各位同事提前十分钟入场把上周的数据和下周的计划都带来谢谢啦";

fn main() {
    divan::main();
}

fn frame() -> String {
    let body = Body::text(TEXT);
    let b = body.as_json();
    format!(r#"{{"t":"send","r":100001,"to":"u0000002","cid":"9e3779b97f4a7c15","b":{b}}}"#)
}

/// A client's send, from text to a checked request.
#[divan::bench]
fn decode_send(bencher: divan::Bencher<'_, '_>) {
    let frame = frame();
    bencher.bench(|| client::decode(black_box(&frame)).unwrap());
}

/// The part of it that looks at every byte: depth, surrogates, numbers.
#[divan::bench]
fn scan_send(bencher: divan::Bencher<'_, '_>) {
    let frame = frame();
    bencher.bench(|| scan::check(black_box(&frame)));
}

/// The event that all receivers share.
#[divan::bench]
fn encode_message(bencher: divan::Bencher<'_, '_>) {
    let (from, to) = (UserId::parse("u0000001").unwrap(), UserId::parse("u0000002").unwrap());
    let body = Body::text(TEXT);
    let fields = server::MessageFields {
        conversation: ConversationId::direct(&from, &to),
        seq: 100_000,
        id: MessageId::from_bytes([7; 16]),
        from: &from,
        sent_ms: 1_800_000_000_000,
        body: body.as_json(),
    };
    bencher.bench(|| server::message(black_box(&fields), None));
}

/// The answer to its sender.
#[divan::bench]
fn encode_ack(bencher: divan::Bencher<'_, '_>) {
    let user = UserId::parse("u0000001").unwrap();
    let (c, id) = (ConversationId::desk(&user), MessageId::from_bytes([7; 16]));
    bencher.bench(|| server::ack(black_box(100_001), c, id, 100_000, 1_800_000_000_000, false));
}
