//! Who may ring whom, who is told what, and the record that remains.

use magpie_core::{
    Audience, Caller, Event, Policy, Refusal,
    call::{self, Call, CallConn, Invite, Phase},
    conversation::settings,
    port::store::{Origin, StoreError},
};
use magpie_proto::{CallId, CallMedia, CallWhy, ErrorCode};

use super::world::{World, uid};

fn conn(id: u64) -> CallConn {
    CallConn { id, device: "phone".into() }
}

async fn ring(world: &World, from: &Caller, id: u64, to: &str) -> Result<Call, Refusal> {
    let call = CallId::parse("c").unwrap();
    let invite = Invite { call, to: uid(to), media: CallMedia::Audio };
    call::invite(&world.core, from, conn(id), invite, Origin::None).await
}

fn refused(result: Result<Call, Refusal>) -> Option<ErrorCode> {
    result.err().map(|refusal| refusal.code)
}

/// Bodies of the records among what was told.
fn records(world: &World) -> Vec<String> {
    let told = world.told();
    let records = told.iter().filter_map(|(audience, event)| match event {
        Event::Message(message) => {
            assert_eq!(*audience, Audience::pair(&uid("小明"), &uid("翠花")));
            assert_eq!(message.sender, uid("小明"));
            Some(message.body.as_json().to_owned())
        }
        _ => None,
    });
    records.collect()
}

#[tokio::test]
async fn only_a_known_user_other_than_oneself_who_has_not_blocked_the_caller_is_rung() {
    let world = World::new(Policy { create_unknown_users: true, ..Policy::default() });
    let (caller, callee) = (world.user("小明").await, world.user("翠花").await);
    assert_eq!(refused(ring(&world, &caller, 1, "小明").await), Some(ErrorCode::BadRequest));
    assert_eq!(refused(ring(&world, &caller, 1, "A").await), Some(ErrorCode::UnknownUser));
    settings::block(&world.core, &callee, uid("小明"), true).await.unwrap();
    assert_eq!(refused(ring(&world, &caller, 1, "翠花").await), Some(ErrorCode::Blocked));
    settings::block(&world.core, &callee, uid("小明"), false).await.unwrap();
    assert_eq!(refused(ring(&world, &caller, 1, "翠花").await), None);
}

#[tokio::test]
async fn a_stranger_limit_of_messages_holds_for_calls_and_is_off_by_default() {
    for (limit, code) in [(None, None), (Some(2), Some(ErrorCode::StrangerLimit))] {
        let world = World::new(Policy { stranger_limit: limit, ..Policy::default() });
        let (caller, callee) = (world.user("小明").await, world.user("翠花").await);
        for text in ["在吗?", "??"] {
            world.say(&caller, "翠花", text).await.unwrap();
        }
        assert_eq!(refused(ring(&world, &caller, 1, "翠花").await), code, "{limit:?}");
        if limit.is_some() {
            world.presence.online.lock().insert(uid("翠花"), 1);
            assert_eq!(refused(ring(&world, &caller, 1, "翠花").await), None, "he is here");
            call::end(&world.core, &caller, &conn(1), &CallId::parse("c").unwrap(), false).unwrap();
            world.presence.online.lock().clear();
            world.say(&callee, "小明", "在的").await.unwrap();
            let invite = Invite {
                call: CallId::parse("d").unwrap(),
                to: uid("翠花"),
                media: CallMedia::Audio,
            };
            let again = call::invite(&world.core, &caller, conn(1), invite, Origin::None).await;
            assert_eq!(refused(again), None, "he has answered");
        }
    }
}

#[tokio::test]
async fn both_are_told_of_every_change_and_the_record_is_the_callers_message() {
    let world = World::new(Policy::default());
    let (caller, callee) = (world.user("小明").await, world.user("翠花").await);
    world.told();
    let call = ring(&world, &caller, 1, "翠花").await.unwrap();
    let both = Audience::pair(&uid("小明"), &uid("翠花"));
    assert_eq!(world.told(), [(both.clone(), Event::Call(Box::new(call.clone())))]);
    call::accept(&world.core, &callee, conn(2), &call.id, Origin::None).unwrap();
    let told = world.told();
    assert!(matches!(&told[..], [(audience, Event::Call(call))]
        if *audience == both && call.phase == Phase::Active));
    call::signal(&world.core, &caller, &conn(1), &call.id, "{}".into()).unwrap();
    let told = world.told();
    assert!(matches!(&told[..], [(audience, Event::CallSignal(signal))]
        if *audience == Audience::user(&uid("翠花")) && signal.conn == 2));
    world.clock.advance_ms(83_400);
    call::end(&world.core, &callee, &conn(2), &call.id, false).unwrap();
    let record = r#"{"k":"call","x":"[语音通话] 01:23","call":{"id":"c","media":"audio","why":"hangup","ms":83400}}"#;
    assert_eq!(records(&world), [record]);
    world.clock.advance_ms(1_000);
    call::sweep(&world.core);
    assert_eq!(records(&world), [] as [&str; 0], "one record");
}

#[tokio::test]
async fn a_connection_that_leaves_ends_the_call_unless_it_comes_back_in_time() {
    let world = World::new(Policy::default());
    let (caller, callee) = (world.user("小明").await, world.user("翠花").await);
    let call = ring(&world, &caller, 1, "翠花").await.unwrap();
    call::accept(&world.core, &callee, conn(2), &call.id, Origin::None).unwrap();
    call::left(&world.core, &uid("翠花"), 2);
    world.clock.advance_ms(59_999);
    call::sweep(&world.core);
    assert_eq!(call::current(&world.core, &uid("翠花")).unwrap().phase, Phase::Active);
    world.clock.advance_ms(1);
    world.told();
    call::sweep(&world.core);
    let told = world.told();
    assert!(matches!(&told[..], [(_, Event::Call(call)), (_, Event::Message(_))]
        if call.phase == Phase::Ended(CallWhy::Lost)));
    assert_eq!(call::current(&world.core, &uid("小明")), None);
}

#[tokio::test]
async fn a_record_that_the_store_does_not_take_is_written_when_it_takes_writes_again() {
    let world = World::new(Policy::default());
    let (caller, _) = (world.user("小明").await, world.user("翠花").await);
    let call = ring(&world, &caller, 1, "翠花").await.unwrap();
    world.store.refuse(Some(StoreError::Full));
    call::end(&world.core, &caller, &conn(1), &call.id, false).unwrap();
    call::sweep(&world.core);
    assert_eq!(records(&world), [] as [&str; 0]);
    world.store.refuse(None);
    // Taken into the queue, and lost with its commit.
    world.store.fail_next(StoreError::Full);
    call::sweep(&world.core);
    assert_eq!(records(&world), [] as [&str; 0]);
    for _ in 0..3 {
        call::sweep(&world.core);
    }
    assert_eq!(records(&world).len(), 1);
}
