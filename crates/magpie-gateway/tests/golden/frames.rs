//! Each reply and event that the gateway encodes, byte for byte.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use magpie_core::{
    Class, Event, Message, Role, User,
    model::{
        ChannelValue, Entry, Gone, HistoryPage, InboxMark, InboxPage, Item, Membership, Missed,
        Replay, ResumePage, Unread, UnreadWhy,
    },
    presence::State,
};
use magpie_gateway::{
    settings::Settings,
    view::{self, pages},
};
use magpie_proto::{Body, ConversationId, Cursor, MessageId, Seq, UserId};

const NOW_MS: u64 = 1_764_000_000_000;

pub(crate) fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn folder() -> PathBuf {
    here().join("golden/v1/server")
}

/// Names of the golden files of a folder.
pub(crate) fn files(folder: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(folder).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.strip_suffix(".json").unwrap().to_owned())
        .collect()
}

/// The text of a server frame: short header, unmasked.
fn payload(frame: &Bytes) -> String {
    let skip = match frame[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    String::from_utf8(frame[skip..].to_vec()).unwrap()
}

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn person(id: &str, name: &str, role: Role) -> User {
    User {
        id: user(id),
        name: name.into(),
        avatar: String::new(),
        role,
        banned: false,
        created_ms: NOW_MS - 86_400_000,
        last_seen_ms: NOW_MS,
    }
}

fn direct() -> ConversationId {
    ConversationId::direct(&user("小明"), &user("翠花"))
}

fn message(seq: Seq, from: &str, text: &str) -> Message {
    let id = 0x0193_4b2c_8a00_7c3e_9d41_5e6f_7a8b_9c00_u128 + u128::from(seq);
    Message {
        conversation: direct(),
        seq,
        id: MessageId::from_bytes(id.to_be_bytes()),
        sender: user(from),
        client_msg_id: (from == "小明").then(|| "01JA2Z8K4W".into()),
        body: Body::text(text),
        sent_ms: NOW_MS + seq * 1_000,
        revision: None,
    }
}

fn entry() -> Entry {
    Entry {
        conversation: direct(),
        peer: Some(person("翠花", "翠花", Role::User)),
        head: 13,
        rev: 0,
        head_ms: NOW_MS + 13_000,
        unread: 1,
        membership: Membership { read_seq: 11, pinned: true, ..Membership::default() },
        last: Some(message(13, "小明", "在的")),
        peer_delivered_seq: 13,
        peer_read_seq: 12,
        delivered_seq: 12,
        draft: None,
    }
}

fn missed() -> Missed {
    let gone = Item::Gone { from: 10, to: 11, why: Gone::Deleted };
    let items = vec![
        gone,
        Item::Message(message(12, "翠花", "在吗?")),
        Item::Message(message(13, "小明", "在的")),
    ];
    Missed { entry: entry(), items, hole: Some((4, 9)), changes_after: None }
}

fn desk_entry() -> Entry {
    Entry {
        conversation: ConversationId::desk(&user("小明")),
        peer: None,
        head: 0,
        rev: 0,
        head_ms: 0,
        unread: 0,
        membership: Membership { hidden_seq: -1, ..Membership::default() },
        last: None,
        peer_delivered_seq: 0,
        peer_read_seq: 0,
        delivered_seq: 0,
        draft: None,
    }
}

fn value() -> ChannelValue {
    ChannelValue {
        user: user("小明"),
        channel: "pay".into(),
        version: 4,
        data: r#"{"paid":true,"left":5}"#.into(),
        sent_ms: NOW_MS,
        hold_until_ms: NOW_MS + 600_000,
        replay: Replay::Always,
        delivered_version: 0,
    }
}

fn ready() -> Bytes {
    let me = person("小明", "小明", Role::User);
    let settings = Settings { server_name: "magpie 0.1.0".into(), ..Settings::default() };
    let fields = pages::Ready {
        user: &me,
        epoch: 0x9f86_d081_884c_7d65,
        conn: 42,
        now_ms: NOW_MS,
        expires_ms: NOW_MS + 3_600_000,
    };
    pages::ready(Some(1), &settings, &fields).unwrap()
}

fn syncs() -> Vec<(&'static str, Bytes)> {
    let cursor = Cursor { epoch: 0x9f86_d081_884c_7d65, position: 1284 }.encode();
    let page = |changed| ResumePage { position: 1284, changed, next: None };
    let sync = |changed, gap, cursor| pages::sync(&page(changed), "小明", gap, cursor).unwrap();
    vec![
        ("sync", sync(vec![missed()], false, Some(&*cursor))),
        ("sync-nothing", sync(Vec::new(), false, Some(&*cursor))),
        ("sync-gap", sync(Vec::new(), true, None)),
    ]
}

fn lists() -> Vec<(&'static str, Bytes)> {
    let next = InboxMark {
        pinned: false,
        head_ms: NOW_MS + 6_000,
        conversation: desk_entry().conversation,
    };
    let inbox = InboxPage { entries: vec![entry(), desk_entry()], next: Some(next) };
    let last = InboxPage { entries: Vec::new(), next: None };
    let history = HistoryPage { items: missed().items, head: 13, more: true };
    let states = [("翠花", true, NOW_MS), ("A", false, 0)]
        .map(|(id, online, last_seen_ms)| State { user: user(id), online, last_seen_ms });
    vec![
        ("inbox", pages::inbox(Some(13), &inbox, "小明").unwrap()),
        ("inbox-last", pages::inbox(Some(14), &last, "小明").unwrap()),
        ("history", pages::history(Some(10), direct(), &history, "小明").unwrap()),
        ("ok-presence", pages::presence(Some(9), &states).unwrap()),
        ("channel", pages::channel(Some(23), "pay", Some(&value())).unwrap()),
        ("channel-none", pages::channel(Some(23), "pay", None).unwrap()),
    ]
}

/// Every file of this crate with the frame that the code makes.
fn frames() -> Vec<(&'static str, String)> {
    let unread = Unread {
        count: 1,
        floor: 11,
        head: 15,
        places: vec![
            (12, UnreadWhy::Counts),
            (13, UnreadWhy::Own),
            (14, UnreadWhy::Void),
            (15, UnreadWhy::Hidden),
        ],
    };
    let entry = entry();
    let conv = view::reply("conv", Some(15), &view::EntryView::of(&entry, "小明"));
    let unread = view::reply("unread", Some(21), &view::unread(direct(), &unread));
    let mut frames = vec![
        ("ready", ready()),
        ("conv", conv.unwrap()),
        ("unread", unread.unwrap()),
        ("ok-auth", pages::renewed(Some(2), NOW_MS + 7_200_000).unwrap()),
        ("ok-broadcast", pages::reached(Some(24), 318).unwrap()),
    ];
    frames.extend(syncs());
    frames.extend(lists());
    let mut frames: Vec<(&str, String)> =
        frames.into_iter().map(|(name, frame)| (name, payload(&frame))).collect();
    let state = Membership { read_seq: 13, ..entry.membership };
    frames.push(("conv.state", view::membership(direct(), &state, 0)));
    frames.push(("msg.hidden", view::hidden(direct(), 9)));
    frames
}

#[test]
fn every_frame_of_the_gateway_equals_its_file_byte_for_byte() {
    for (name, frame) in frames() {
        let file = folder().join(format!("{name}.json"));
        if std::env::var_os("MAGPIE_BLESS").is_some() {
            fs::write(&file, format!("{frame}\n")).unwrap();
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), format!("{frame}\n"), "{name}");
        let value: serde_json::Value = serde_json::from_str(&frame).unwrap();
        assert_eq!(value["t"], name.split('-').next().unwrap());
    }
    let checked: BTreeSet<String> = frames().iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(checked, files(&folder()));
}

/// One list makes the match, which the compiler keeps complete, and the rows of the class table.
macro_rules! events {
    ($($pattern:pat => $name:literal,)*) => {
        const EVENTS: &[&str] = &[$($name,)*];
        fn type_of(event: &Event) -> &'static str {
            match event { $($pattern => $name,)* }
        }
    };
}

events! {
    Event::Message(_) => "msg",
    Event::Membership { .. } => "conv.state",
    Event::Hidden { .. } => "msg.hidden",
    Event::Receipt { .. } => "receipt",
    Event::Typing { .. } => "typing",
    Event::Presence { .. } => "presence",
    Event::Push { .. } => "push",
    Event::Broadcast { .. } => "broadcast",
    // The two without a frame yet stand beside the one that never has one.
    Event::Kick { .. } | Event::Revised(_) | Event::Draft { .. } => "kick",
}

/// One event of each type, with the class that the code gives it. A kick is a close, not a frame.
pub(crate) fn classes() -> Vec<(&'static str, Class)> {
    let (conversation, user) = (direct(), user("翠花"));
    let events = [
        Event::Message(message(1, "翠花", "")),
        Event::Membership {
            user: user.clone(),
            conversation,
            membership: Membership::default(),
            unread: 0,
        },
        Event::Hidden { user: user.clone(), conversation, seq: 1 },
        Event::Receipt { conversation, user: user.clone(), delivered: 1, read: 1 },
        Event::Typing { conversation, user: user.clone() },
        Event::Presence { user, online: true, last_seen_ms: 0 },
        Event::Push { value: value(), stored: true },
        Event::Push { value: value(), stored: false },
        Event::Broadcast { from: None, body: Body::text("") },
    ];
    let shown: BTreeSet<&str> = events.iter().map(type_of).chain(["kick"]).collect();
    assert_eq!(shown, EVENTS.iter().copied().collect());
    events.iter().map(|event| (type_of(event), event.class())).collect()
}

#[test]
fn every_event_and_every_reply_in_the_code_has_a_golden_frame() {
    let mut known = files(&folder());
    known.extend(files(&here().join("../magpie-proto/golden/v1/server")));
    for event in EVENTS.iter().filter(|name| **name != "kick") {
        assert!(known.contains(*event), "no golden frame of event {event}");
    }
    let mut sources = vec!["native.rs", "dispatch.rs", "resume.rs", "view.rs"]
        .into_iter()
        .map(|name| here().join("src").join(name))
        .collect::<Vec<_>>();
    for folder in ["dispatch", "view"] {
        let entries = fs::read_dir(here().join("src").join(folder)).unwrap();
        sources.extend(entries.map(|entry| entry.unwrap().path()));
    }
    for source in sources {
        let code = fs::read_to_string(&source).unwrap();
        for rest in code.split("reply(\"").skip(1) {
            let name = rest.split('"').next().unwrap();
            assert!(known.contains(name), "no golden frame of reply {name} ({})", source.display());
        }
    }
}
