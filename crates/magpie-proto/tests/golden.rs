//! The golden frames of protocol v1, both directions: what clients send decodes into the expected
//! request, what this crate encodes equals its file byte for byte. Server frames that the gateway
//! builds are held to their files there. `MAGPIE_BLESS=1` writes the server files anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "golden/calls.rs"]
mod calls;

use std::{collections::BTreeSet, fs, path::PathBuf};

use magpie_proto::{
    Body, CallId, CallMedia, CallWhy, ConversationId, Cursor, ErrorCode, MediaId, MessageId, Retry,
    UserId,
    body::CallRecord,
    client::{
        self, Alter, Avatar, CallOp, Change, Changes, ClientOp, Draft, Edge, Forward, Hello,
        History, INTEGER_MAX, ProfileChange, Receipts, Revise, Send, Target,
    },
    server,
};

fn folder(side: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/v1").join(side)
}

fn read(side: &str, name: &str) -> String {
    let file = folder(side).join(format!("{name}.json"));
    let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    text.strip_suffix('\n').unwrap().to_owned()
}

fn files(side: &str) -> BTreeSet<String> {
    let names = fs::read_dir(folder(side)).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.strip_suffix(".json").unwrap().to_owned())
        .collect()
}

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn direct() -> ConversationId {
    ConversationId::direct(&user("小明"), &user("翠花"))
}

fn cursor() -> String {
    Cursor { epoch: 0x9f86_d081_884c_7d65, position: 1284 }.encode()
}

fn id() -> MessageId {
    MessageId::from_bytes(0x0193_4b2c_8a00_7c3e_9d41_5e6f_7a8b_9c0d_u128.to_be_bytes())
}

fn sent(target: Target, cid: &str, body: &str) -> ClientOp {
    ClientOp::Send(Send {
        target,
        client_msg_id: Some(cid.into()),
        body: Body::parse(body).unwrap(),
    })
}

fn page(edge: Edge, limit: u32) -> ClientOp {
    ClientOp::History(History { conversation: direct(), edge, limit })
}

fn set(change: Change) -> ClientOp {
    ClientOp::Set { conversation: direct(), change }
}

fn hello() -> Hello {
    Hello {
        token: Some("<token>".into()),
        device: "phone-7c2e".into(),
        instance: "5f1b90aa".into(),
        ..Hello::default()
    }
}

fn revise(alter: Alter) -> ClientOp {
    ClientOp::Revise(Revise { conversation: direct(), seq: 12, alter })
}

fn forward(target: Target, cid: &str) -> ClientOp {
    let client_msg_id = Some(cid.into());
    ClientOp::Forward(Forward { conversation: direct(), seq: 12, target, client_msg_id })
}

/// Requests about what is stored already, drafts, devices and the profile.
fn later_requests() -> Vec<(&'static str, Option<u64>, ClientOp)> {
    let desk = ConversationId::desk(&user("小明"));
    let picture = MediaId::parse("5b1f0c9e7d3a42868f1e0d2c4b6a7988").unwrap();
    let named = ProfileChange {
        name: Some("小明同学".into()),
        avatar: Some(Avatar::Url("https://cdn.example.com/ming.jpg".into())),
    };
    let pictured = ProfileChange { name: None, avatar: Some(Avatar::Upload(picture)) };
    let draft = Draft { conversation: direct(), text: "我马上".into(), reply_to: Some(12) };
    let asking = Hello {
        name: "Chrome on Linux".into(),
        features: vec!["changes".into(), "calls".into()],
        ..hello()
    };
    let into = |cid, body| sent(Target::Conversation(direct()), cid, body);
    let place = concat!(
        r#"{"k":"location","x":"[位置] 西湖","lat":30.2431,"lon":120.1505,"#,
        r#""title":"西湖","address":"杭州市西湖区"}"#
    );
    let card = r#"{"k":"card","x":"[名片] 小红","user":"小红","name":"小红"}"#;
    let custom = r#"{"k":"custom","x":"[订单] 4711","type":"order","order":4711}"#;
    vec![
        ("hello-features", Some(1), ClientOp::Hello(asking)),
        ("msg.recall", Some(25), revise(Alter::Recall)),
        ("msg.edit", Some(26), revise(Alter::Edit(Body::text("在吗??")))),
        ("msg.react", Some(27), revise(Alter::React { emoji: "👍".into(), on: true })),
        ("msg.forward", Some(28), forward(Target::User(user("A")), "01JA2Z8K4Z")),
        ("msg.forward-into", Some(28), forward(Target::Conversation(desk), "01JA2Z8K50")),
        (
            "changes",
            Some(29),
            ClientOp::Changes(Changes { conversation: direct(), after: 5, limit: 50 }),
        ),
        ("conv.draft", Some(30), ClientOp::Draft(draft)),
        ("typing-conversation", None, ClientOp::Typing { target: Target::Conversation(direct()) }),
        ("devices", Some(31), ClientOp::Devices),
        ("device.signout", Some(32), ClientOp::SignOutDevice { device: "tablet-11aa".into() }),
        ("profile.set", Some(33), ClientOp::SetProfile(named)),
        ("profile.set-avatar", Some(33), ClientOp::SetProfile(pictured)),
        ("blocks", Some(34), ClientOp::Blocks),
        ("send-reply", Some(5), into("01JA2Z8K51", r#"{"k":"text","x":"在的","re":12}"#)),
        ("send-location", Some(5), into("01JA2Z8K52", place)),
        ("send-card", Some(5), into("01JA2Z8K53", card)),
        ("send-custom", Some(5), into("01JA2Z8K54", custom)),
    ]
}

/// Every client file with the request that it means.
fn all_requests() -> Vec<(&'static str, Option<u64>, ClientOp)> {
    let mut all = requests();
    all.extend(later_requests());
    all.extend(calls::requests());
    all
}

/// Those of the first version.
fn requests() -> Vec<(&'static str, Option<u64>, ClientOp)> {
    let image = concat!(
        r#"{"k":"image","x":"[图片]","url":"https://cdn.example.com/cat.jpg","#,
        r#""w":640,"h":480}"#
    );
    let both = |delivered, read| Receipts {
        delivered: vec![(direct(), delivered)],
        read: vec![(direct(), read)],
    };
    let resume = Hello { cursor: Some(cursor()), channels: vec![("pay".into(), 3)], ..hello() };
    let mark = format!("0.1764000006000.{}", ConversationId::desk(&user("小明")));
    vec![
        ("hello", Some(1), ClientOp::Hello(hello())),
        ("hello-resume", Some(1), ClientOp::Hello(resume)),
        ("auth", Some(2), ClientOp::Auth { token: "<new token>".into() }),
        ("ping", Some(3), ClientOp::Ping { receipts: Receipts::default() }),
        ("ping-receipts", Some(4), ClientOp::Ping { receipts: both(12, 11) }),
        (
            "send",
            Some(5),
            sent(Target::User(user("翠花")), "01JA2Z8K4W", r#"{"k":"text","x":"在吗?"}"#),
        ),
        ("send-conversation", Some(6), sent(Target::Conversation(direct()), "01JA2Z8K4X", image)),
        (
            "send-desk",
            Some(7),
            sent(Target::Desk, "01JA2Z8K4Y", r#"{"k":"text","x":"订单什么时候发货?"}"#),
        ),
        ("receipt", Some(8), ClientOp::Receipts(both(12, 12))),
        ("typing", None, ClientOp::Typing { target: Target::User(user("翠花")) }),
        (
            "presence.watch",
            Some(9),
            ClientOp::PresenceWatch { users: vec![user("翠花"), user("A")] },
        ),
        ("history", Some(10), page(Edge::Newest, 50)),
        ("history-before", Some(11), page(Edge::Before(9), 50)),
        ("history-after", Some(12), page(Edge::After(12), 200)),
        ("inbox", Some(13), ClientOp::Inbox { before: None, limit: Some(2) }),
        ("inbox-next", Some(14), ClientOp::Inbox { before: Some(mark), limit: Some(2) }),
        ("conv.open", Some(15), ClientOp::Open { to: user("翠花") }),
        ("conv.pin", Some(16), set(Change::Pin(true))),
        ("conv.mute", Some(17), set(Change::Mute(false))),
        ("conv.hide", Some(18), set(Change::Hide)),
        ("conv.delete", Some(19), set(Change::Delete)),
        ("msg.hide", Some(20), ClientOp::HideMessage { conversation: direct(), seq: 9 }),
        ("unread", Some(21), ClientOp::Unread { conversation: direct() }),
        ("block", Some(22), ClientOp::Block { user: user("A"), on: true }),
        ("channel", Some(23), ClientOp::Channel { channel: "pay".into() }),
        ("broadcast", Some(24), ClientOp::Broadcast { body: Body::text("今晚 22:00 维护") }),
    ]
}

/// One list makes the match, which the compiler keeps complete, and the names to look for.
macro_rules! types {
    ($($pattern:pat => $name:literal,)*) => {
        const TYPES: &[&str] = &[$($name,)*];
        fn type_of(op: &ClientOp) -> &'static str {
            match op { $($pattern => $name,)* }
        }
    };
}

types! {
    ClientOp::Hello(_) => "hello",
    ClientOp::Auth { .. } => "auth",
    ClientOp::Ping { .. } => "ping",
    ClientOp::Send(_) => "send",
    ClientOp::Receipts(_) => "receipt",
    ClientOp::Typing { .. } => "typing",
    ClientOp::PresenceWatch { .. } => "presence.watch",
    ClientOp::History(_) => "history",
    ClientOp::Inbox { .. } => "inbox",
    ClientOp::Open { .. } => "conv.open",
    ClientOp::Set { change: Change::Pin(_), .. } => "conv.pin",
    ClientOp::Set { change: Change::Mute(_), .. } => "conv.mute",
    ClientOp::Set { change: Change::Hide, .. } => "conv.hide",
    ClientOp::Set { change: Change::Delete, .. } => "conv.delete",
    ClientOp::HideMessage { .. } => "msg.hide",
    ClientOp::Unread { .. } => "unread",
    ClientOp::Block { .. } => "block",
    ClientOp::Blocks => "blocks",
    ClientOp::Channel { .. } => "channel",
    ClientOp::Broadcast { .. } => "broadcast",
    ClientOp::Call(CallOp::Invite { .. }) => "call.invite",
    ClientOp::Call(CallOp::Accept { .. }) => "call.accept",
    ClientOp::Call(CallOp::End { .. }) => "call.end",
    ClientOp::Call(CallOp::Attach { .. }) => "call.attach",
    ClientOp::Call(CallOp::Signal { .. }) => "call.signal",
    ClientOp::Call(CallOp::Ice) => "call.ice",
    ClientOp::Revise(Revise { alter: Alter::Recall, .. }) => "msg.recall",
    ClientOp::Revise(Revise { alter: Alter::Edit(_), .. }) => "msg.edit",
    ClientOp::Revise(Revise { alter: Alter::React { .. }, .. }) => "msg.react",
    ClientOp::Forward(_) => "msg.forward",
    ClientOp::Changes(_) => "changes",
    ClientOp::Draft(_) => "conv.draft",
    ClientOp::Devices => "devices",
    ClientOp::SignOutDevice { .. } => "device.signout",
    ClientOp::SetProfile(_) => "profile.set",
}

#[test]
fn every_client_frame_decodes_into_what_it_asks() {
    for (name, r, op) in all_requests() {
        let request = client::decode(&read("client", name)).unwrap();
        assert_eq!((request.r, &request.op), (r, &op), "{name}");
        let kind = name.split('-').next().unwrap();
        assert_eq!(type_of(&op), kind, "the file {name} shows another type");
    }
}

#[test]
fn every_client_type_has_a_golden_frame_and_every_file_is_checked() {
    let checked: BTreeSet<String> =
        all_requests().into_iter().map(|(name, ..)| name.to_owned()).collect();
    assert_eq!(checked, files("client"));
    for kind in TYPES {
        assert!(checked.contains(*kind), "no golden frame of type {kind}");
    }
}

#[test]
fn unknown_fields_are_ignored_in_every_client_frame() {
    for (name, r, op) in all_requests() {
        let text = read("client", name).replacen('{', r#"{"later":{"deep":[1]},"#, 1);
        let request = client::decode(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!((request.r, &request.op), (r, &op), "{name}");
    }
}

fn message(seq: u64, from: &str, cid: Option<&str>) -> String {
    let from = user(from);
    let fields = server::MessageFields {
        conversation: direct(),
        seq,
        id: id(),
        from: &from,
        sent_ms: 1_764_000_000_000,
        body: r#"{"k":"text","x":"在吗?"}"#,
    };
    server::message(&fields, cid)
}

/// The record of a call.
fn record() -> String {
    let record = CallRecord {
        id: CallId::parse("7f3a9c52e1").unwrap(),
        media: CallMedia::Video,
        why: CallWhy::Hangup,
        talked_ms: Some(83_400),
    };
    let (from, body) = (user("小明"), Body::call(&record));
    let fields = server::MessageFields {
        conversation: direct(),
        seq: 15,
        id: id(),
        from: &from,
        sent_ms: 1_764_000_087_400,
        body: body.as_json(),
    };
    server::message(&fields, None)
}

fn forwarded() -> String {
    let from = user("翠花");
    let body = Body::text("在吗?").forwarded(&user("小红"), 1_763_990_000_000).unwrap();
    let fields = server::MessageFields {
        conversation: direct(),
        seq: 14,
        id: id(),
        from: &from,
        sent_ms: 1_764_000_000_000,
        body: body.as_json(),
    };
    server::message(&fields, None)
}

/// Every server file of this crate with the frame that the code makes.
fn frames() -> Vec<(&'static str, String)> {
    let slow = "at most 1000 requests a second";
    let full = "the server's disk is full: nothing was stored, reading still works";
    let known = "no such conversation, or you are not in it";
    let json = "not a frame: EOF while parsing a value at line 1 column 5";
    let error = |r, code: ErrorCode, text| server::error(r, code, code.retry(), text);
    let (now_ms, other) = (1_764_000_000_000, user("翠花"));
    vec![
        ("msg", message(12, "翠花", None)),
        ("msg-own", message(13, "小明", Some("01JA2Z8K4W"))),
        ("msg-forwarded", forwarded()),
        ("msg-call", record()),
        ("ack", server::ack(5, direct(), id(), 13, now_ms, false)),
        ("ack-dup", server::ack(5, direct(), id(), 13, now_ms, true)),
        ("ok", server::ok(8)),
        ("error", error(Some(10), ErrorCode::UnknownConversation, known)),
        ("error-later", error(Some(5), ErrorCode::StorageFull, full)),
        ("error-rate", server::error(Some(5), ErrorCode::RateLimited, Retry::AfterMs(250), slow)),
        ("error-event", error(None, ErrorCode::BadJson, json)),
        ("pong", server::pong(Some(3), Some(&cursor()), 7, now_ms)),
        ("pong-catching-up", server::pong(Some(3), None, 0, now_ms)),
        ("receipt", server::receipt(direct(), &other, 13, 13)),
        ("receipt-delivered", server::receipt(direct(), &other, 13, 0)),
        ("typing", server::typing(direct(), &other)),
        ("conv.draft", server::draft(direct(), "我马上", Some(12), now_ms)),
        ("conv.draft-none", server::draft(direct(), "", None, now_ms)),
        ("presence", server::presence(&other, false, now_ms)),
        ("push", server::push("pay", 4, now_ms, r#"{"paid":true,"left":5}"#, 0)),
        ("push-dropped", server::push("steps", 0, now_ms, "6234", 2)),
        ("broadcast", server::broadcast(Some(&user("admin")), r#"{"k":"text","x":"维护"}"#, 0)),
        ("broadcast-dropped", server::broadcast(None, r#"{"k":"text","x":"维护"}"#, 3)),
        ("broadcast-system", server::broadcast(None, r#"{"k":"text","x":"维护"}"#, 0)),
    ]
}

#[test]
fn every_server_frame_of_this_crate_equals_its_file_byte_for_byte() {
    for (name, frame) in frames() {
        if std::env::var_os("MAGPIE_BLESS").is_some() {
            fs::write(folder("server").join(format!("{name}.json")), format!("{frame}\n")).unwrap();
        }
        assert_eq!(read("server", name), frame, "{name}");
        let value: serde_json::Value = serde_json::from_str(&frame).unwrap();
        assert_eq!(value["t"], name.split('-').next().unwrap());
    }
    let checked: BTreeSet<String> = frames().iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(checked, files("server"));
}

#[test]
fn integers_of_golden_frames_are_exact_in_every_client() {
    fn largest(value: &serde_json::Value) -> u64 {
        match value {
            serde_json::Value::Number(number) => number.as_u64().unwrap_or(0),
            serde_json::Value::Array(list) => list.iter().map(largest).max().unwrap_or(0),
            serde_json::Value::Object(map) => map.values().map(largest).max().unwrap_or(0),
            _ => 0,
        }
    }
    for side in ["client", "server"] {
        for name in files(side) {
            let value = serde_json::from_str(&read(side, &name)).unwrap();
            assert!(largest(&value) <= INTEGER_MAX, "{name}");
        }
    }
}
