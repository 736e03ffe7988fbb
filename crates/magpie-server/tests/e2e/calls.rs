//! Calls between two users: ringing on all devices, answering on one, signals both ways, ends of
//! all kinds, coming back after a cut, and what remains in the conversation.

use magpie_client::{CallEvent, ClientError, Edge, Event, Message, SignalEvent};
use serde_json::{Value, json};

use crate::common::{Session, TestServer, within};

async fn phone(server: &TestServer, user: &str, device: &str) -> Session {
    Session::open(server.options(user, device).await.features(&["calls"])).await
}

async fn call_event(session: &mut Session) -> CallEvent {
    let pick = |event| match event {
        Event::Call(call) => Some(*call),
        _ => None,
    };
    session.expect("a call event", pick).await
}

async fn call_that(session: &mut Session, state: &str) -> CallEvent {
    loop {
        let call = call_event(session).await;
        if call.state == state {
            return call;
        }
    }
}

async fn signals(session: &mut Session, count: usize) -> Vec<(u64, Value)> {
    let mut found = Vec::new();
    while found.len() < count {
        let pick = |event| match event {
            Event::Signal(SignalEvent { n, data, .. }) => Some((n, Value::Object(data))),
            _ => None,
        };
        found.push(session.expect("a signal", pick).await);
    }
    found
}

/// The record of a call, as it comes to a device.
async fn record(session: &mut Session) -> Message {
    loop {
        let message = session.message().await;
        if message.b.k == "call" {
            return message;
        }
    }
}

fn code<T>(result: Result<T, ClientError>) -> String {
    result.err().and_then(|error| error.code().map(str::to_owned)).unwrap_or_default()
}

/// 小明 rings 翠花, who answers; both phones know of it.
async fn talking(server: &TestServer, call: &str) -> (Session, Session) {
    let caller = phone(server, "小明", "phone").await;
    let mut callee = phone(server, "翠花", "phone").await;
    caller.client.invite("翠花", call, "video").await.unwrap();
    call_that(&mut callee, "ringing").await;
    callee.client.accept_call(call).await.unwrap();
    (caller, callee)
}

#[tokio::test]
async fn a_call_rings_on_all_devices_and_stops_on_the_others_when_one_accepts() {
    let server = TestServer::start();
    let mut caller = phone(&server, "小明", "phone").await;
    let mut callers_tablet = phone(&server, "小明", "tablet").await;
    let mut devices = Vec::new();
    for device in ["phone", "tablet", "desk"] {
        devices.push(phone(&server, "翠花", device).await);
    }
    let made = caller.client.invite("翠花", "c-1", "video").await.unwrap();
    assert_eq!((&*made.state, &*made.media), ("ringing", "video"));
    assert_eq!(made.conns, [Some(caller.client.ready().conn.clone()), None]);
    assert!(made.expires.unwrap() >= made.ts + 45_000);
    for device in &mut devices {
        let rung = call_event(device).await;
        assert_eq!((&*rung.call, &*rung.from, &*rung.state), ("c-1", "小明", "ringing"));
    }
    let accepted = devices[1].client.accept_call("c-1").await.unwrap();
    assert_eq!((&*accepted.state, accepted.expires), ("active", None));
    let conns = [&caller, &devices[1]].map(|session| Some(session.client.ready().conn.clone()));
    assert_eq!(accepted.conns, conns);
    let (first, rest) = devices.split_at_mut(1);
    for other in [&mut caller, &mut callers_tablet, &mut first[0], &mut rest[1]] {
        assert_eq!(call_that(other, "active").await.conns, conns);
    }
    assert_eq!(code(devices[0].client.accept_call("c-1").await), "call_taken");
    assert_eq!(code(devices[2].client.end_call("c-1").await), "call_taken", "a late reject");
    caller.client.end_call("c-1").await.unwrap();
    for device in devices.iter_mut().chain([&mut caller, &mut callers_tablet]) {
        assert_eq!(call_that(device, "ended").await.why.as_deref(), Some("hangup"));
    }
}

#[tokio::test]
async fn a_hang_up_leaves_a_record_with_the_duration_on_both_sides() {
    let server = TestServer::start();
    let (mut caller, mut callee) = talking(&server, "c-1").await;
    caller.client.ping().await.unwrap();
    callee.client.end_call("c-1").await.unwrap();
    let ended = call_that(&mut caller, "ended").await;
    let told = record(&mut callee).await;
    assert_eq!((&*told.from, &*told.c), ("小明", &*ended.c));
    let about = &told.b.more["call"];
    assert_eq!((&about["id"], &about["why"]), (&json!("c-1"), &json!("hangup")));
    let talked_ms = ended.ended.unwrap() - ended.answered.unwrap();
    assert!(about["ms"].as_u64().unwrap().abs_diff(talked_ms) < 1_000, "{about} {talked_ms}");
    assert!(told.b.x.starts_with("[视频通话] 0"), "{}", told.b.x);
    let own = record(&mut caller).await;
    assert_eq!(own.cid.as_deref(), Some("call:c-1"));
    let page = caller.client.history(&ended.c, Edge::Newest, 50).await.unwrap();
    assert_eq!(page.items.len(), 1, "one record");
}

#[tokio::test]
async fn cancelled_rejected_and_failed_calls_say_so_to_everyone_and_in_the_record() {
    let server = TestServer::start();
    let mut caller = phone(&server, "小明", "phone").await;
    let mut callee = phone(&server, "翠花", "phone").await;
    let mut tablet = phone(&server, "翠花", "tablet").await;
    for (call, callee_ends, failed, why, words) in [
        ("c-1", false, false, "cancelled", "[语音通话] 已取消"),
        ("c-2", true, false, "rejected", "[语音通话] 已拒绝"),
        ("c-3", false, true, "failed", "[语音通话] 未接通"),
    ] {
        caller.client.invite("翠花", call, "audio").await.unwrap();
        call_that(&mut callee, "ringing").await;
        let ending = if callee_ends { &callee } else { &caller };
        let fields =
            if failed { json!({"call": call, "why": "failed"}) } else { json!({"call": call}) };
        ending.client.request("call.end", fields.clone()).await.unwrap();
        ending.client.request("call.end", fields).await.unwrap();
        for session in [&mut caller, &mut callee, &mut tablet] {
            let ended = call_that(session, "ended").await;
            assert_eq!((&*ended.call, ended.why.as_deref()), (call, Some(why)));
        }
        let told = record(&mut callee).await;
        assert_eq!((&*told.b.x, &told.b.more["call"]["ms"]), (words, &json!(0)));
        assert_eq!(code(callee.client.accept_call(call).await), "call_taken");
    }
}

#[tokio::test]
async fn a_call_that_nobody_answers_is_missed_and_counts_as_unread() {
    let server = TestServer::with(&[("calls.ring_s", "1")]);
    let mut caller = phone(&server, "小明", "phone").await;
    let mut callee = phone(&server, "翠花", "phone").await;
    caller.client.invite("翠花", "c-1", "video").await.unwrap();
    for session in [&mut caller, &mut callee] {
        assert_eq!(call_that(session, "ended").await.why.as_deref(), Some("missed"));
    }
    let told = record(&mut callee).await;
    assert_eq!(told.b.x, "[视频通话] 未接听");
    assert_eq!(callee.client.unread(&told.c).await.unwrap().count, 1);
    assert_eq!(caller.client.unread(&told.c).await.unwrap().count, 0);
}

#[tokio::test]
async fn who_is_in_a_call_is_busy_and_two_who_ring_each_other_end_up_with_one_call() {
    let server = TestServer::start();
    let (caller, mut callee) = talking(&server, "c-1").await;
    let mut third = phone(&server, "A", "phone").await;
    let busy = third.client.invite("翠花", "c-2", "audio").await.unwrap();
    assert_eq!((&*busy.state, busy.why.as_deref()), ("ended", Some("busy")));
    assert_eq!(record(&mut third).await.b.x, "[语音通话] 对方忙");
    assert_eq!(record(&mut callee).await.from, "A");
    let own = caller.client.invite("A", "c-3", "audio").await.unwrap_err();
    assert_eq!(own.code(), Some("busy"));
    assert!(own.to_string().contains("c-1"), "{own}");
    // The call goes on.
    caller.client.signal("c-1", &json!({"a": 1})).await.unwrap();
    assert_eq!(signals(&mut callee, 1).await, [(1, json!({"a": 1}))]);

    let mut fourth = phone(&server, "B", "phone").await;
    third.client.invite("B", "first", "audio").await.unwrap();
    let glare = fourth.client.invite("A", "second", "audio").await.unwrap_err();
    assert_eq!(glare.code(), Some("busy"));
    assert!(glare.to_string().contains("first"), "{glare}");
    assert_eq!(call_that(&mut fourth, "ringing").await.call, "first");
    fourth.client.accept_call("first").await.unwrap();
}

#[tokio::test]
async fn signals_come_in_order_both_ways_and_again_after_a_cut_socket() {
    let server = TestServer::start();
    let caller = phone(&server, "小明", "phone").await;
    let mut callee = phone(&server, "翠花", "phone").await;
    caller.client.invite("翠花", "c-1", "video").await.unwrap();
    // The offer may be made while it rings: it waits for the one who answers.
    caller.client.signal("c-1", &json!({"offer": 1})).await.unwrap();
    callee.client.accept_call("c-1").await.unwrap();
    for n in 2..=40 {
        caller.client.signal("c-1", &json!({"candidate": n})).await.unwrap();
    }
    callee.client.signal("c-1", &json!({"answer": 1})).await.unwrap();
    let mut caller = caller;
    assert_eq!(signals(&mut caller, 1).await, [(1, json!({"answer": 1}))]);
    let told = signals(&mut callee, 40).await;
    assert_eq!(told[0], (1, json!({"offer": 1})));
    assert_eq!(told.iter().map(|(n, _)| *n).collect::<Vec<_>>(), (1..=40).collect::<Vec<_>>());

    // The callee's line is cut; what comes meanwhile is kept.
    callee.close().await;
    caller.client.signal("c-1", &json!({"late": 41})).await.unwrap();
    let mut back = phone(&server, "翠花", "phone").await;
    assert_eq!(call_event(&mut back).await.state, "active", "told after the sync");
    assert_eq!(code(back.client.signal("c-1", &json!({})).await), "call_taken", "attach first");
    let elsewhere = phone(&server, "翠花", "tablet").await;
    assert_eq!(code(elsewhere.client.attach_call("c-1", 0).await), "call_taken");
    let call = back.client.attach_call("c-1", 39).await.unwrap();
    assert_eq!(call.conns[1].as_ref(), Some(&back.client.ready().conn));
    let again = signals(&mut back, 2).await;
    assert_eq!(again, [(40, json!({"candidate": 40})), (41, json!({"late": 41}))]);
    back.client.signal("c-1", &json!({"restart": 2})).await.unwrap();
    while call_that(&mut caller, "active").await.conns != call.conns {}
    assert_eq!(signals(&mut caller, 1).await, [(2, json!({"restart": 2}))]);
}

#[tokio::test]
async fn a_side_that_does_not_come_back_in_time_ends_the_call_as_lost() {
    let server = TestServer::with(&[("calls.lost_after_s", "1")]);
    let (mut caller, callee) = talking(&server, "c-1").await;
    callee.close().await;
    assert_eq!(call_that(&mut caller, "ended").await.why.as_deref(), Some("lost"));
    assert!(record(&mut caller).await.b.x.starts_with("[视频通话] 通话中断 "));
}

#[tokio::test]
async fn a_device_that_signs_in_while_it_rings_is_rung_and_may_accept() {
    let server = TestServer::start();
    let caller = phone(&server, "小明", "phone").await;
    server.user("翠花").await.close().await;
    caller.client.invite("翠花", "c-1", "audio").await.unwrap();
    let mut late = phone(&server, "翠花", "phone").await;
    assert_eq!(call_event(&mut late).await.state, "ringing");
    assert_eq!(late.client.accept_call("c-1").await.unwrap().state, "active");
}

#[tokio::test]
async fn nobody_can_touch_a_call_of_others_and_an_unknown_one_is_unknown() {
    let server = TestServer::start();
    let (_caller, mut callee) = talking(&server, "c-1").await;
    let stranger = phone(&server, "A", "phone").await;
    for call in ["c-1", "nothing"] {
        assert_eq!(code(stranger.client.accept_call(call).await), "unknown_call");
        assert_eq!(code(stranger.client.end_call(call).await), "unknown_call");
        assert_eq!(code(stranger.client.attach_call(call, 0).await), "unknown_call");
        let signal = stranger.client.signal(call, &json!({"evil": true})).await;
        assert_eq!(code(signal), "unknown_call");
    }
    assert_eq!(code(stranger.client.invite("B", "c-1", "audio").await), "unknown_user");
    assert_eq!(code(stranger.client.invite("翠花", "c-1", "audio").await), "bad_request");
    assert_eq!(code(stranger.client.invite("A", "c-2", "audio").await), "bad_request");
    callee.client.request("block", json!({"user": "A", "on": true})).await.unwrap();
    assert_eq!(code(stranger.client.invite("翠花", "c-2", "audio").await), "blocked");
    let heard = callee.drain().await;
    assert!(!heard.iter().any(|event| matches!(event, Event::Signal(_))), "{heard:?}");
}

#[tokio::test]
async fn an_oversized_signal_is_refused_and_the_connection_lives() {
    let server = TestServer::start();
    let (caller, mut callee) = talking(&server, "c-1").await;
    let large = json!({ "sdp": "x".repeat(65_536) });
    assert_eq!(code(caller.client.signal("c-1", &large).await), "too_large");
    let fits = json!({ "sdp": "x".repeat(65_000) });
    caller.client.signal("c-1", &fits).await.unwrap();
    assert_eq!(signals(&mut callee, 1).await, [(1, fits)]);
}

#[tokio::test]
async fn many_large_signals_reach_a_side_that_comes_back_without_cutting_it_again() {
    let server = TestServer::start();
    let (caller, callee) = talking(&server, "c-1").await;
    callee.close().await;
    for n in 1..=4 {
        let data = json!({ "n": n, "sdp": "x".repeat(60_000) });
        caller.client.signal("c-1", &data).await.unwrap();
    }
    let mut back = phone(&server, "翠花", "phone").await;
    back.client.attach_call("c-1", 0).await.unwrap();
    let numbers: Vec<u64> = signals(&mut back, 4).await.iter().map(|(n, _)| *n).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!(back.client.closed(), None);
}

#[tokio::test]
async fn an_old_client_is_never_rung_and_gets_the_record_as_a_message() {
    let server = TestServer::start();
    let caller = phone(&server, "小明", "phone").await;
    let mut old = server.user("翠花").await;
    caller.client.invite("翠花", "c-1", "audio").await.unwrap();
    let asked = old.client.accept_call("c-1").await.unwrap_err();
    assert_eq!(asked.code(), Some("bad_request"));
    assert!(asked.to_string().contains("features"), "{asked}");
    caller.client.end_call("c-1").await.unwrap();
    let mut before = Vec::new();
    let told = loop {
        match within("an event", old.events.next()).await.unwrap() {
            Event::Message(message) => break message,
            other => before.push(other),
        }
    };
    assert_eq!(told.b.x, "[语音通话] 已取消");
    assert!(!before.iter().any(|event| matches!(event, Event::Call(_))), "{before:?}");
    assert_eq!(old.client.ping().await.unwrap().n, 1, "a call is not counted");
}

#[tokio::test]
async fn a_server_without_calls_says_so_and_offers_none() {
    let server = TestServer::with(&[("calls.enabled", "false")]);
    let caller = phone(&server, "小明", "phone").await;
    server.user("翠花").await;
    assert_eq!(code(caller.client.invite("翠花", "c-1", "audio").await), "forbidden");
}

#[tokio::test]
async fn after_a_restart_a_call_is_unknown_and_its_users_may_call_again() {
    let mut server = TestServer::start();
    let (caller, callee) = talking(&server, "c-1").await;
    server.kill();
    server.restart();
    drop((caller, callee));
    let (caller, _callee) = talking(&server, "c-2").await;
    assert_eq!(code(caller.client.attach_call("c-1", 0).await), "unknown_call");
}

#[tokio::test]
async fn a_client_cannot_write_a_record_itself_nor_keep_one_from_being_written() {
    let server = TestServer::start();
    let caller = phone(&server, "小明", "phone").await;
    let mut callee = phone(&server, "翠花", "phone").await;
    let forged = json!({"k": "call", "x": "[视频通话] 59:59", "call": {}});
    let sent = caller.client.request("send", json!({"to": "翠花", "b": forged})).await;
    assert_eq!(code(sent), "bad_request");
    caller.send_as("翠花", "I was first", "call:c-1").await;
    caller.client.invite("翠花", "c-1", "audio").await.unwrap();
    caller.client.end_call("c-1").await.unwrap();
    assert_eq!(record(&mut callee).await.b.more["call"]["id"], "c-1");
}

#[tokio::test]
async fn every_call_comes_with_servers_that_help_to_connect_it_and_the_secret_stays_here() {
    let secret = "0123456789abcdef0123456789abcdef";
    let server = TestServer::with(&[
        ("calls.stun_urls", "stun:stun.example.com"),
        ("calls.turn_urls", "turn:turn.example.com:3478,turns:turn.example.com:5349"),
        ("calls.turn_secret", secret),
    ]);
    let caller = phone(&server, "小明", "phone").await;
    let answer = caller.client.ice_servers().await.unwrap();
    let now_ms = caller.client.ping().await.unwrap().now;
    assert!(answer.expires > now_ms + 3_500_000 && answer.expires <= now_ms + 3_600_000);
    let [stun, turn] = &answer.ice[..] else { panic!("{answer:?}") };
    assert_eq!((&*stun.urls[0], &stun.credential), ("stun:stun.example.com", &None));
    assert_eq!(turn.urls.len(), 2);
    assert_eq!(turn.username, Some(format!("{}:小明", answer.expires / 1_000)));
    server.user("翠花").await;
    let call = caller.client.invite("翠花", "c-1", "audio").await.unwrap();
    assert_eq!(call.ice.len(), 2);
    assert!(!server.log().contains(secret));
}
