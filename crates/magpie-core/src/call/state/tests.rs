//! The state machine under random interleavings of two users with three devices each, and the
//! cases that are worth a name.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use magpie_proto::CallMedia;
use proptest::prelude::*;

use super::*;

const RULES: Rules = Rules { ring_ms: 45_000, lost_after_ms: 60_000 };

fn at(ms: u64) -> At {
    At { rules: RULES, now_ms: 1_800_000_000_000 + ms, uptime_ms: ms }
}

fn user(index: usize) -> UserId {
    UserId::parse(["小明", "翠花", "A"][index]).unwrap()
}

fn id(text: &str) -> CallId {
    CallId::parse(text).unwrap()
}

/// Connection `number` of a device whose name is its user and its number.
fn conn(number: u64, device: &str) -> CallConn {
    CallConn { id: number, device: device.into() }
}

fn invite(call: &str, to: usize) -> Invite {
    Invite { call: id(call), to: user(to), media: CallMedia::Video }
}

fn codes<T>(result: Result<T, Refusal>) -> Result<(), ErrorCode> {
    result.map(drop).map_err(|refusal| refusal.code)
}

fn phases(told: &[Told]) -> Vec<Phase> {
    let calls = told.iter().filter_map(|told| match told {
        Told::Call(call) => Some(call.phase),
        _ => None,
    });
    calls.collect()
}

fn records(told: &[Told]) -> Vec<(CallWhy, Option<u64>)> {
    let records = told.iter().filter_map(|told| match told {
        Told::Record(record) => Some((record.what.why, record.what.talked_ms)),
        _ => None,
    });
    records.collect()
}

/// 小明 on connection 1 rings 翠花, who answers on connection 2.
fn active() -> Calls {
    let mut calls = Calls::default();
    calls.invite(at(0), &user(0), conn(1, "a"), invite("c", 1)).unwrap();
    calls.accept(at(1_000), &user(1), conn(2, "b"), &id("c")).unwrap();
    calls.take_told();
    calls
}

#[test]
fn an_answered_call_ends_with_its_duration() {
    let mut calls = active();
    calls.hang_up(at(84_400), &user(1), &conn(2, "b"), &id("c"), false).unwrap();
    let told = calls.take_told();
    assert_eq!(phases(&told), [Phase::Ended(CallWhy::Hangup)]);
    assert_eq!(records(&told), [(CallWhy::Hangup, Some(83_400))]);
    assert_eq!(calls.current(&user(0)), None);
}

#[test]
fn who_ends_it_when_says_why_it_ended() {
    for (who, failed, why) in
        [(0, false, CallWhy::Cancelled), (1, false, CallWhy::Rejected), (0, true, CallWhy::Failed)]
    {
        let mut calls = Calls::default();
        calls.invite(at(0), &user(0), conn(1, "a"), invite("c", 1)).unwrap();
        let conn = conn(1 + who as u64, ["a", "b"][who]);
        calls.hang_up(at(5), &user(who), &conn, &id("c"), failed).unwrap();
        assert_eq!(records(&calls.take_told()), [(why, None)]);
        assert_eq!(codes(calls.hang_up(at(6), &user(who), &conn, &id("c"), failed)), Ok(()));
        assert_eq!(calls.take_told(), [], "what is over stays as it is");
    }
}

#[test]
fn when_both_ring_each_other_the_second_learns_of_the_first() {
    let mut calls = Calls::default();
    calls.invite(at(0), &user(0), conn(1, "a"), invite("first", 1)).unwrap();
    let refused = calls.invite(at(1), &user(1), conn(2, "b"), invite("second", 0)).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Busy);
    assert!(refused.message.contains("\"first\""), "{}", refused.message);
    assert_eq!(calls.current(&user(1)).unwrap().id, id("first"), "it still rings at him");
}

#[test]
fn a_busy_callee_ends_the_second_call_and_stays_in_the_first() {
    let mut calls = active();
    let call = calls.invite(at(2_000), &user(2), conn(3, "x"), invite("d", 1)).unwrap();
    assert_eq!(call.phase, Phase::Ended(CallWhy::Busy));
    assert_eq!(records(&calls.take_told()), [(CallWhy::Busy, None)]);
    assert_eq!(calls.current(&user(1)).unwrap().id, id("c"));
    assert_eq!(calls.current(&user(2)), None, "the caller may ring someone else");
}

#[test]
fn the_first_device_that_accepts_has_the_call_and_no_other_can_end_it() {
    let mut calls = active();
    let second = conn(3, "b2");
    assert_eq!(
        codes(calls.accept(at(2), &user(1), second.clone(), &id("c"))),
        Err(ErrorCode::CallTaken)
    );
    let late = calls.hang_up(at(2_000), &user(1), &second, &id("c"), false);
    assert_eq!(codes(late), Err(ErrorCode::CallTaken));
    assert_eq!(codes(calls.accept(at(3), &user(1), conn(2, "b"), &id("c"))), Ok(()), "repeated");
    assert_eq!(codes(calls.accept(at(3), &user(2), second, &id("c"))), Err(ErrorCode::UnknownCall));
}

#[test]
fn a_call_that_nobody_answers_is_missed_and_one_that_is_answered_too_late_is_over() {
    let mut calls = Calls::default();
    calls.invite(at(0), &user(0), conn(1, "a"), invite("c", 1)).unwrap();
    calls.sweep(at(44_999));
    assert_eq!(phases(&calls.take_told()), [Phase::Ringing]);
    let late = calls.accept(at(45_000), &user(1), conn(2, "b"), &id("c"));
    assert_eq!(codes(late), Err(ErrorCode::CallTaken));
    assert_eq!(records(&calls.take_told()), [(CallWhy::Missed, None)]);
}

#[test]
fn a_lost_side_may_come_back_in_time_on_the_same_device_and_gets_what_it_missed() {
    let mut calls = active();
    let send = |calls: &mut Calls, data: &str| {
        calls.signal(at(2_000), &user(0), 1, &id("c"), data.into()).unwrap();
    };
    send(&mut calls, "{\"a\":1}");
    calls.left(3_000, &user(1), 2);
    send(&mut calls, "{\"a\":2}");
    calls.take_told();
    let other = calls.attach(at(4_000), &user(1), conn(9, "else"), &id("c"), 0);
    assert_eq!(codes(other), Err(ErrorCode::CallTaken));
    calls.sweep(at(62_999));
    let call = calls.attach(at(62_999), &user(1), conn(5, "b"), &id("c"), 1).unwrap();
    assert_eq!(call.conns, [Some(1), Some(5)]);
    let told = calls.take_told();
    assert!(matches!(&told[..], [Told::Call(_), Told::Signal(signal)]
        if signal.number == 2 && signal.conn == 5));
    calls.sweep(at(200_000));
    assert_eq!(calls.take_told(), [], "who is back is not lost");
}

#[test]
fn a_side_that_does_not_come_back_ends_the_call() {
    let mut calls = active();
    calls.left(3_000, &user(0), 1);
    calls.sweep(at(62_999));
    assert_eq!(calls.take_told(), []);
    calls.sweep(at(63_000));
    assert_eq!(records(&calls.take_told()), [(CallWhy::Lost, Some(62_000))]);
}

#[test]
fn a_page_without_a_device_name_takes_over_only_from_one_that_is_gone() {
    let mut calls = Calls::default();
    calls.invite(at(0), &user(0), conn(1, ""), invite("c", 1)).unwrap();
    let other = |calls: &mut Calls| codes(calls.attach(at(5), &user(0), conn(7, ""), &id("c"), 0));
    assert_eq!(other(&mut calls), Err(ErrorCode::CallTaken));
    calls.left(6, &user(0), 1);
    assert_eq!(other(&mut calls), Ok(()));
}

#[test]
fn signals_before_the_answer_wait_for_it_and_are_for_those_in_the_call_only() {
    let mut calls = Calls::default();
    calls.invite(at(0), &user(0), conn(1, "a"), invite("c", 1)).unwrap();
    let mut send =
        |who: usize, conn: u64| codes(calls.signal(at(1), &user(who), conn, &id("c"), "{}".into()));
    assert_eq!(send(0, 1), Ok(()));
    assert_eq!(send(1, 2), Err(ErrorCode::BadRequest), "accept first");
    assert_eq!(send(0, 8), Err(ErrorCode::CallTaken), "another connection of the caller");
    assert_eq!(send(2, 3), Err(ErrorCode::UnknownCall));
    assert_eq!(phases(&calls.take_told()), [Phase::Ringing]);
    calls.accept(at(2), &user(1), conn(2, "b"), &id("c")).unwrap();
    let told = calls.take_told();
    assert!(matches!(&told[..], [Told::Call(_), Told::Signal(signal)]
        if signal.number == 1 && signal.conn == 2 && signal.user == user(1)));
}

#[test]
fn what_found_no_room_is_sent_again_in_order_and_nothing_overtakes_it() {
    let mut calls = active();
    let mut signals = Vec::new();
    for _ in 0..3 {
        calls.signal(at(2_000), &user(0), 1, &id("c"), "{}".into()).unwrap();
        for told in calls.take_told() {
            let Told::Signal(signal) = told else { panic!("only signals") };
            signals.push(signal);
        }
    }
    assert!(calls.in_order(&signals[1]));
    calls.found_no_room(&signals[1]);
    assert!(!calls.in_order(&signals[2]));
    calls.sweep(at(3_000));
    let again = calls.take_told();
    assert_eq!(again, [signals[1].clone(), signals[2].clone()].map(Told::Signal));
    assert!(calls.in_order(&signals[2]));
}

#[test]
fn memory_of_calls_that_are_over_is_bounded_in_time_and_number() {
    let mut calls = Calls::default();
    for number in 0..ENDED_MAX + 10 {
        let call = number.to_string();
        calls.invite(at(0), &user(0), conn(1, "a"), invite(&call, 1)).unwrap();
        calls.hang_up(at(0), &user(0), &conn(1, "a"), &id(&call), false).unwrap();
    }
    assert_eq!(calls.entries.len(), ENDED_MAX);
    calls.sweep(at(REMEMBERED_MS - 1));
    assert_eq!(calls.entries.len(), ENDED_MAX);
    calls.sweep(at(REMEMBERED_MS));
    assert!(calls.is_empty());
}

#[derive(Debug, Clone)]
enum Step {
    Invite { who: usize, device: u64 },
    Accept { who: usize, device: u64 },
    End { who: usize, device: u64 },
    Attach { who: usize, device: u64 },
    Signal { who: usize, device: u64 },
    Leave { who: usize, device: u64 },
    Wait { ms: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || (0..2_usize, 0..3_u64);
    let step = prop_oneof![
        3 => who().prop_map(|(who, device)| Step::Invite { who, device }),
        3 => who().prop_map(|(who, device)| Step::Accept { who, device }),
        1 => who().prop_map(|(who, device)| Step::End { who, device }),
        2 => who().prop_map(|(who, device)| Step::Attach { who, device }),
        3 => who().prop_map(|(who, device)| Step::Signal { who, device }),
        2 => who().prop_map(|(who, device)| Step::Leave { who, device }),
        2 => (0..30_000_u64).prop_map(|ms| Step::Wait { ms }),
    ];
    prop::collection::vec(step, 1..60)
}

/// Two users with three devices each, and what each user's devices were told last of each call.
#[derive(Default)]
struct Town {
    calls: Calls,
    now_ms: u64,
    invites: u64,
    /// Reconnects of each device: part of its connection's number.
    lives: BTreeMap<(usize, u64), u64>,
    known: BTreeMap<(UserId, CallId), Phase>,
    records: BTreeMap<CallId, usize>,
    signals: BTreeMap<(CallId, UserId), u64>,
}

impl Town {
    fn conn(&self, who: usize, device: u64) -> CallConn {
        let life = self.lives.get(&(who, device)).copied().unwrap_or_default();
        let number = life * 6 + who as u64 * 3 + device;
        conn(number, &format!("{who}-{device}"))
    }

    fn step(&mut self, step: &Step) {
        let at = at(self.now_ms);
        let last = id(&self.invites.to_string());
        match *step {
            Step::Invite { who, device } => {
                self.invites += 1;
                let call = self.invites.to_string();
                let conn = self.conn(who, device);
                let _ = self.calls.invite(at, &user(who), conn, invite(&call, 1 - who));
            }
            Step::Accept { who, device } => {
                let _ = self.calls.accept(at, &user(who), self.conn(who, device), &last);
            }
            Step::End { who, device } => {
                let _ = self.calls.hang_up(at, &user(who), &self.conn(who, device), &last, false);
            }
            Step::Attach { who, device } => {
                let conn = self.conn(who, device);
                if self.calls.attach(at, &user(who), conn, &last, 0).is_ok() {
                    self.signals.remove(&(last, user(who)));
                }
            }
            Step::Signal { who, device } => {
                let conn = self.conn(who, device).id;
                let _ = self.calls.signal(at, &user(who), conn, &last, "{}".into());
            }
            Step::Leave { who, device } => {
                self.calls.left(self.now_ms, &user(who), self.conn(who, device).id);
                *self.lives.entry((who, device)).or_default() += 1;
            }
            Step::Wait { ms } => {
                self.now_ms += ms;
                self.calls.sweep(super::tests::at(self.now_ms));
            }
        }
        self.hear();
    }

    fn hear(&mut self) {
        for told in self.calls.take_told() {
            match told {
                Told::Call(call) => {
                    for user in [&call.from, &call.to] {
                        let known = self.known.insert((user.clone(), call.id.clone()), call.phase);
                        let over = matches!(known, Some(Phase::Ended(_)));
                        assert!(!over, "nothing is told of a call after its end");
                    }
                }
                Told::Record(record) => *self.records.entry(record.what.id).or_default() += 1,
                Told::Signal(signal) => {
                    let last = self.signals.entry((signal.call, signal.user)).or_default();
                    assert_eq!(signal.number, *last + 1, "signals come in order, without holes");
                    *last = signal.number;
                }
            }
        }
    }

    fn check(&mut self) {
        for who in [0, 1] {
            let live = self.calls.entries.values().filter(|entry| {
                entry.role(&user(who)).is_some() && !matches!(entry.call.phase, Phase::Ended(_))
            });
            assert!(live.count() <= 1, "a user is in one call at most");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn however_two_users_with_three_devices_meet_every_call_ends_once_and_everyone_learns_it(
        steps in steps()
    ) {
        let mut town = Town::default();
        for step in &steps {
            town.step(step);
            town.check();
        }
        // Everybody goes away: what still rings or is active ends by itself.
        for who in [0, 1] {
            for device in 0..3 {
                town.step(&Step::Leave { who, device });
            }
        }
        town.step(&Step::Wait { ms: 60_000 });
        prop_assert!(town.calls.of.is_empty());
        prop_assert_eq!(town.calls.kept_bytes, 0);
        for ((_, call), phase) in &town.known {
            prop_assert!(matches!(phase, Phase::Ended(_)), "{call} never ended");
            prop_assert_eq!(town.records.get(call), Some(&1), "{} has one record", call);
        }
        prop_assert_eq!(town.known.len(), town.records.len() * 2);
    }
}
