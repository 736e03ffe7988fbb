//! Cases: what a send does.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::expect_used,
    reason = "the names are the documentation; test code"
)]

use magpie_core::port::store::{Append, Op, Origin, Outcome, Place, Rejection, Write};
use magpie_proto::{Body, ConversationKind};

use super::subject::{Subject, direct, stored, user};

fn keyed(s: &Subject, from: &str, to: &str, key: &str, text: &str) -> Append {
    let append = s.message(from, Place::Direct(user(to)), text);
    Append { client_msg_id: Some(key.into()), ..append }
}

pub fn a_first_message_makes_the_conversation(s: &Subject) {
    s.users(&["a", "b"]);
    let append = keyed(s, "b", "a", "k1", "嗨");
    let answer = s.append(append.clone());
    let Ok(Outcome::Stored { message, members }) = answer else { panic!("{answer:?}") };
    assert_eq!(message.conversation, direct("a", "b"));
    assert_eq!(message.conversation.kind(), ConversationKind::Direct);
    assert_eq!((message.seq, message.id, message.sent_ms), (1, append.id, 1_000));
    assert_eq!((message.sender.as_str(), message.body.clone()), ("b", append.body));
    assert_eq!(message.client_msg_id.as_deref(), Some("k1"));
    let mut names: Vec<_> = members.into_iter().flatten().collect();
    names.sort();
    assert_eq!(names, [user("a"), user("b")]);
    for who in ["a", "b"] {
        let entry = s.entry(who, direct("a", "b"));
        assert_eq!(entry.last.as_ref(), Some(&message));
        assert!(entry.visible());
    }
    let known = s.read(s.store.members(direct("a", "b"))).expect("it exists");
    assert_eq!(known.1, 1);
}

pub fn seqs_are_dense_and_positions_rise(s: &Subject) {
    s.users(&["a", "b", "c"]);
    let before = s.store.position();
    for round in 1..=5 {
        assert_eq!(s.send("a", "b"), 2 * round - 1);
        assert_eq!(s.send("b", "a"), 2 * round);
        assert_eq!(s.send("a", "c"), round);
    }
    let positions: Vec<_> =
        s.sink.take().into_iter().flat_map(|b| b.results).map(|(_, p)| p).collect();
    assert!(positions.windows(2).all(|p| p[0] < p[1]), "{positions:?}");
    assert_eq!(s.store.position(), before + 15);
}

pub fn a_resend_is_answered_with_the_first_result(s: &Subject) {
    s.users(&["a", "b"]);
    let first = stored(s.append(keyed(s, "a", "b", "k1", "one")));
    s.send("b", "a");
    let again = Append { sent_ms: 9_999, ..keyed(s, "a", "b", "k1", "one") };
    let expected = Outcome::Duplicate {
        conversation: first.conversation,
        id: first.id,
        seq: 1,
        sent_ms: 1_000,
    };
    assert_eq!(s.append(again), Ok(expected.clone()));
    let by_id =
        Append { place: Place::Existing(first.conversation), ..keyed(s, "a", "b", "k1", "one") };
    assert_eq!(s.append(by_id), Ok(expected));
    assert_eq!(s.entry("a", first.conversation).head, 2);
}

pub fn a_resend_is_recognised_inside_one_batch(s: &Subject) {
    s.users(&["a", "b"]);
    let mut answers = Vec::new();
    for _ in 0..20 {
        let (origin, answer) = Origin::call();
        let op = Op::Append(keyed(s, "a", "b", "same", "one"));
        s.store.submit(Write { op, origin }).expect("taken");
        answers.push(answer);
    }
    let results: Vec<_> =
        answers.into_iter().map(|a| a.blocking_recv().expect("an answer")).collect();
    let first = stored(results[0].clone());
    for result in &results[1..] {
        assert!(
            matches!(result, Ok(Outcome::Duplicate { seq: 1, id, .. }) if *id == first.id),
            "{result:?}"
        );
    }
    assert_eq!(s.entry("b", direct("a", "b")).head, 1);
}

pub fn a_key_with_another_body_is_refused(s: &Subject) {
    s.users(&["a", "b"]);
    stored(s.append(keyed(s, "a", "b", "k1", "one")));
    let other = s.append(keyed(s, "a", "b", "k1", "two"));
    assert_eq!(other, Err(Rejection::ClientMsgIdReused));
    assert_eq!(s.entry("a", direct("a", "b")).head, 1);
}

pub fn a_key_belongs_to_its_sender_and_conversation(s: &Subject) {
    s.users(&["a", "b", "c"]);
    for (from, to) in [("a", "b"), ("b", "a"), ("a", "c")] {
        stored(s.append(keyed(s, from, to, "k1", "one")));
    }
    assert_eq!(s.entry("a", direct("a", "b")).head, 2);
}

pub fn messages_without_a_key_are_never_taken_for_each_other(s: &Subject) {
    s.users(&["a", "b"]);
    for seq in 1..=3 {
        assert_eq!(s.send("a", "b"), seq);
    }
}

pub fn a_refused_write_takes_no_seq_and_no_position(s: &Subject) {
    s.users(&["a", "b"]);
    s.send("a", "b");
    let before = s.store.position();
    let bad = s.message("a", Place::Direct(user("nobody")), "x");
    assert!(s.append(bad).is_err());
    stored(s.append(keyed(s, "a", "b", "k", "one")));
    assert!(s.append(keyed(s, "a", "b", "k", "two")).is_err());
    assert_eq!(s.store.position(), before + 1);
    assert_eq!(s.send("a", "b"), 3);
    assert_eq!(s.read(s.store.user(user("nobody"))), None);
}

pub fn everyone_gets_an_answer_in_the_order_of_submitting(s: &Subject) {
    s.users(&["a", "b"]);
    let _ = s.sink.take();
    let (last, answer) = Origin::call();
    let mut last = Some(last);
    for n in 0..500 {
        let append = Append {
            body: Body::text(&n.to_string()),
            ..s.message("a", Place::Direct(user("b")), "")
        };
        let origin = last.take_if(|_| n == 499).unwrap_or_default();
        s.store.submit(Write { op: Op::Append(append), origin }).expect("taken");
    }
    stored(answer.blocking_recv().expect("an answer"));
    let batches = s.sink.take();
    let seqs: Vec<_> = batches
        .iter()
        .flat_map(|batch| &batch.results)
        .map(|(result, _)| stored(result.clone()).seq)
        .collect();
    assert_eq!(seqs, (1..=500).collect::<Vec<_>>());
    for batch in &batches {
        assert_eq!(batch.results.last().map(|(_, p)| *p), Some(batch.position));
    }
}

pub fn one_can_write_to_oneself(s: &Subject) {
    s.users(&["a"]);
    assert_eq!(s.send("a", "a"), 1);
    assert_eq!(s.send("a", "a"), 2);
    let entry = s.entry("a", direct("a", "a"));
    assert_eq!((entry.head, entry.unread), (2, 0));
    assert_eq!(entry.peer.map(|p| p.id), Some(user("a")));
}
