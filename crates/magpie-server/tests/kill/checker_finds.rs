//! The checker finds each kind of fault when it is planted, and nothing in a clean run.

use super::{
    checker::{Conversation, Fault, Truth, check},
    log::{Line, Log, Stored},
};

fn message(seq: u64, from: &str, text: &str) -> Stored {
    Stored {
        conversation: "c".to_owned(),
        seq,
        id: format!("id-{text}"),
        from: from.to_owned(),
        text: text.to_owned(),
    }
}

fn sent(text: &str) -> Line {
    Line::Sent { text: text.to_owned() }
}

fn acked(seq: u64, text: &str) -> Line {
    let (text, conversation) = (text.to_owned(), "c".to_owned());
    Line::Acked { id: format!("id-{text}"), text, conversation, seq }
}

/// Alice sends twice, Bob once; everybody sees everything; one resend, one repeat.
fn clean() -> (Vec<Log>, Truth) {
    let history = [message(1, "alice", "a1"), message(2, "bob", "b1"), message(3, "alice", "a2")];
    let [one, two, three] = history.clone().map(Line::Shown);
    let again = Line::Repeated(history[1].clone());
    let alice = vec![
        sent("a1"),
        acked(1, "a1"),
        one.clone(),
        two.clone(),
        sent("a2"),
        sent("a2"),
        again,
        three.clone(),
        acked(3, "a2"),
        acked(3, "a2"),
    ];
    let bob = vec![one, sent("b1"), acked(2, "b1"), two, three];
    let log = |user: &str, lines| Log { user: user.to_owned(), lines };
    let members = vec!["alice".to_owned(), "bob".to_owned()];
    let conversation = Conversation { members, messages: history.to_vec() };
    let truth = Truth::from([("c".to_owned(), conversation)]);
    (vec![log("alice", alice), log("bob", bob)], truth)
}

/// The faults after one change to the clean run.
fn faults(plant: impl FnOnce(&mut Vec<Log>, &mut Vec<Stored>)) -> Vec<Fault> {
    let (mut logs, mut truth) = clean();
    plant(&mut logs, &mut truth.get_mut("c").unwrap().messages);
    check(&logs, &truth)
}

#[test]
fn a_clean_run_has_no_fault() {
    assert_eq!(faults(|_, _| {}), []);
}

#[test]
fn an_acknowledged_message_that_is_lost_is_found() {
    // The last one vanishes in a crash; nobody else had been shown it.
    let found = faults(|logs, stored| {
        stored.pop();
        for log in logs {
            log.lines.retain(|line| !matches!(line, Line::Shown(m) if m.seq == 3));
        }
    });
    let lost = Fault::AckedNotStored { user: "alice".into(), text: "a2".into() };
    assert!(found.contains(&lost), "{found:?}");
}

#[test]
fn an_acknowledged_place_that_was_given_to_another_message_is_found() {
    let found = faults(|logs, stored| {
        logs[1].lines.push(sent("b2"));
        stored[2] = message(3, "bob", "b2");
    });
    assert!(found.contains(&Fault::AckedNotStored { user: "alice".into(), text: "a2".into() }));
    let other =
        |user: &str| Fault::ShownOther { user: user.into(), conversation: "c".into(), seq: 3 };
    assert!(found.contains(&other("alice")) && found.contains(&other("bob")), "{found:?}");
}

#[test]
fn a_send_that_is_stored_twice_is_found() {
    let found = faults(|_, stored| {
        let mut twin = message(4, "alice", "a2");
        twin.id = "another".into();
        stored.push(twin);
    });
    assert!(found.contains(&Fault::StoredTwice { text: "a2".into() }), "{found:?}");
}

#[test]
fn a_message_that_nobody_sent_is_found() {
    let found = faults(|_, stored| stored.push(message(4, "alice", "ghost")));
    assert!(found.contains(&Fault::NeverSent { text: "ghost".into() }), "{found:?}");
}

#[test]
fn a_hole_in_the_order_is_found() {
    let found = faults(|_, stored| {
        stored.remove(1);
    });
    assert!(found.contains(&Fault::NotDense { conversation: "c".into(), after: 1, found: 3 }));
}

#[test]
fn a_resend_with_another_answer_is_found() {
    let found = faults(|logs, _| logs[0].lines.push(acked(2, "a2")));
    assert!(found.contains(&Fault::AcksDiffer { user: "alice".into(), text: "a2".into() }));
}

#[test]
fn a_message_shown_twice_is_found() {
    let found = faults(|logs, _| {
        let again = logs[1].lines[0].clone();
        logs[1].lines.push(again);
    });
    let (user, conversation) = ("bob".to_owned(), "c".to_owned());
    let fault = Fault::ShownOutOfOrder { user, conversation, after: 3, found: 1 };
    assert!(found.contains(&fault), "{found:?}");
}

#[test]
fn a_message_that_a_member_was_never_shown_is_found() {
    let found = faults(|logs, _| {
        logs[1].lines.pop();
    });
    let (user, conversation) = ("bob".to_owned(), "c".to_owned());
    assert_eq!(found, [Fault::Missed { user, conversation, shown: 2, head: 3 }]);
}

#[test]
fn a_repeat_that_differs_from_the_first_time_is_found() {
    let found = faults(|logs, _| {
        let mut other = message(2, "bob", "b1");
        other.id = "changed".into();
        logs[0].lines.push(Line::Repeated(other));
    });
    let (user, conversation) = ("alice".to_owned(), "c".to_owned());
    assert_eq!(found, [Fault::ShownOther { user, conversation, seq: 2 }]);
}

#[test]
fn a_gap_without_a_reason_is_found() {
    let found = faults(|logs, _| logs[1].lines.push(Line::Gap));
    assert_eq!(found, [Fault::GapWithoutReason { user: "bob".into() }]);
}

#[test]
fn a_push_that_was_lost_on_the_way_is_found() {
    let skipped = Line::Skipped { conversation: "c".into(), seq: 3 };
    let found = faults(|logs, _| logs[1].lines.push(skipped));
    let (user, conversation) = ("bob".to_owned(), "c".to_owned());
    assert_eq!(found, [Fault::SkippedOnTheWay { user, conversation, before: 3 }]);
}

#[test]
fn a_connection_that_the_server_ended_without_a_reason_is_found() {
    let found = faults(|logs, _| logs[0].lines.push(Line::Closed { code: 4000 }));
    assert_eq!(found, [Fault::ClosedWithoutReason { user: "alice".into(), code: 4000 }]);
}
