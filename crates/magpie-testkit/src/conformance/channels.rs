//! Cases: the last value of a channel.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::expect_used,
    reason = "the names are the documentation; test code"
)]

use magpie_core::{
    model::{ChannelValue, Replay},
    port::store::{Op, Outcome, Publish, Rejection},
};

use super::subject::{Subject, user};

fn push(data: &str, sent_ms: u64, key: Option<&str>) -> Publish {
    Publish {
        user: user("u"),
        channel: "pay".into(),
        data: data.into(),
        sent_ms,
        hold_until_ms: sent_ms + 100,
        replay: Replay::UntilDelivered,
        idempotency_key: key.map(Into::into),
    }
}

fn publish(s: &Subject, push: Publish) -> (ChannelValue, bool) {
    match s.write(Op::Publish(push)) {
        Ok(Outcome::Published { value, fresh }) => (value, fresh),
        other => panic!("{other:?}"),
    }
}

fn current(s: &Subject) -> ChannelValue {
    s.read(s.store.channels(user("u"), Some("pay".into()))).pop().expect("a value")
}

pub fn channel_versions_rise_by_one(s: &Subject) {
    for version in 1..=3 {
        let (value, fresh) = publish(s, push(&version.to_string(), version, None));
        assert_eq!((value.version, &*value.data, fresh), (version, &*version.to_string(), true));
        assert_eq!(current(s), value);
    }
    publish(s, Publish { channel: "other".into(), ..push("x", 9, None) });
    publish(s, Publish { user: user("w"), ..push("y", 9, None) });
    let all = s.read(s.store.channels(user("u"), None));
    let names: Vec<_> = all.iter().map(|v| (&*v.channel, v.version)).collect();
    assert_eq!(names, [("other", 1), ("pay", 3)]);
    assert_eq!(current(s).replay, Replay::UntilDelivered);
    assert!(s.read(s.store.channels(user("u"), Some("none".into()))).is_empty());
}

pub fn a_push_key_answers_with_the_first_value(s: &Subject) {
    let (first, _) = publish(s, push("1", 1, Some("k")));
    publish(s, push("2", 2, None));
    let before = s.store.position();
    assert_eq!(publish(s, push("1", 3, Some("k"))), (first, false));
    let other = s.write(Op::Publish(push("3", 4, Some("k"))));
    assert_eq!(other, Err(Rejection::PushKeyReused));
    assert_eq!(s.store.position(), before);
    assert_eq!((current(s).version, &*current(s).data), (2, "2"));
    let elsewhere = Publish { channel: "other".into(), ..push("9", 4, Some("k")) };
    assert!(publish(s, elsewhere).1);
}

pub fn a_push_key_is_free_after_its_hold_time(s: &Subject) {
    publish(s, push("1", 1, Some("k")));
    assert!(!publish(s, push("1", 100, Some("k"))).1);
    let (value, fresh) = publish(s, push("2", 101, Some("k")));
    assert_eq!((value.version, fresh), (2, true));
    assert!(!publish(s, push("2", 150, Some("k"))).1);
}

pub fn delivered_versions_never_fall_nor_run_ahead(s: &Subject) {
    publish(s, push("1", 1, None));
    publish(s, push("2", 2, None));
    for (reported, stored) in [(1, 1), (99, 2), (1, 2)] {
        let op = Op::PushDelivered { user: user("u"), channel: "pay".into(), version: reported };
        assert_eq!(s.write(op), Ok(Outcome::Done));
        assert_eq!(current(s).delivered_version, stored);
    }
    let (value, _) = publish(s, push("3", 3, None));
    assert_eq!((value.version, value.delivered_version), (3, 2));
    let nowhere = Op::PushDelivered { user: user("u"), channel: "none".into(), version: 1 };
    assert_eq!(s.write(nowhere), Ok(Outcome::Done));
}
