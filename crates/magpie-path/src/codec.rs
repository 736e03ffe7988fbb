//! The frame codec alone: the bytes of a send in, decoded; its event and its answer out as frames.

use std::hint::black_box;

use magpie_gateway::ws::{
    frame,
    limits::Limits,
    reader::{Event, Reader},
};
use magpie_proto::{
    ConversationId, MessageId,
    client::{self, ClientOp},
    server,
};

use crate::{Fault, measured::Rounds, words};

const LIMITS: Limits = Limits {
    message_max_bytes: magpie_proto::FRAME_BYTES_MAX,
    fragments_max: 1_024,
    empty_fragments_max: 16,
    control_burst: 128,
    control_interval_ms: 50,
};

/// Decodes and encodes one message per round; gives how many were understood.
///
/// # Errors
/// The server does not understand the frame.
pub fn run(rounds: Rounds) -> Result<u64, Fault> {
    let (from, to) = (words::user(1)?, words::user(2)?);
    let conversation = ConversationId::direct(&from, &to);
    let sent = words::send_frame(1, &to, &words::body());
    let mut buffer = vec![0; sent.len()];
    let mut reader = Reader::new();
    let mut number = 0;
    rounds.run(|count| {
        for _ in 0..count {
            buffer.copy_from_slice(&sent);
            let mut input = &mut buffer[..];
            let Ok(Some(Event::Text(text))) = reader.next(&mut input, &LIMITS, 0) else {
                return Err("no whole text frame".into());
            };
            let request = client::decode(&text)?;
            let ClientOp::Send(send) = request.op else { return Err("not a send".into()) };
            number += 1;
            let (id, sent_ms) = (MessageId::from_bytes([7; 16]), 1_800_000_000_000 + number);
            let fields = server::MessageFields {
                conversation,
                seq: 100_000 + number,
                id,
                from: &from,
                sent_ms,
                body: send.body.as_json(),
            };
            black_box(frame::text(&server::message(&fields, None)));
            let r = request.r.unwrap_or_default();
            black_box(frame::text(&server::ack(r, conversation, id, fields.seq, sent_ms, false)));
        }
        Ok(())
    })?;
    Ok(number)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn every_message_of_a_codec_run_is_understood() {
        assert_eq!(run(Rounds { warm_up: 3, short: 5, long: 7 }).unwrap(), 15);
    }
}
