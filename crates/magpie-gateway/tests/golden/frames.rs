//! Each reply and event that the gateway encodes, byte for byte.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use magpie_core::{
    Class, Event, Message, Policy, Role, User,
    model::{
        ChangesPage, ChannelValue, Device, Draft, Entry, Gone, HistoryPage, InboxMark, InboxPage,
        Item, Membership, Missed, Reaction, Replay, ResumePage, Revised, Revision, RevisionKind,
        Unread, UnreadWhy,
    },
    presence::State,
};
use magpie_gateway::{
    features::Features,
    settings::Settings,
    view::{self, pages},
};
use magpie_proto::{Body, ConversationId, Cursor, MessageId, Seq, UserId, client::Hello};

pub(crate) const NOW_MS: u64 = 1_764_000_000_000;

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
pub(crate) fn payload(frame: &Bytes) -> String {
    let skip = match frame[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    String::from_utf8(frame[skip..].to_vec()).unwrap()
}

pub(crate) fn user(id: &str) -> UserId {
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

fn ready(hello: &Hello) -> Bytes {
    let me = person("小明", "小明", Role::User);
    let settings = Settings { server_name: "magpie 0.1.0".into(), ..Settings::default() };
    let fields = pages::Ready {
        user: &me,
        epoch: 0x9f86_d081_884c_7d65,
        conn: 42,
        now_ms: NOW_MS,
        expires_ms: NOW_MS + 3_600_000,
        features: Features::asked(hello, &settings),
        policy: &Policy::default(),
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

fn revision(rev: u64, edited_ms: Option<u64>, reactions: &[(&str, &[&str])]) -> Box<Revision> {
    let reaction = |(emoji, users): &(&str, &[&str])| Reaction {
        emoji: (*emoji).into(),
        users: users.iter().map(|id| user(id)).collect(),
    };
    Box::new(Revision { rev, edited_ms, reactions: reactions.iter().map(reaction).collect() })
}

fn revised(rev: u64, kind: RevisionKind, by: &str, item: Item) -> Revised {
    let (seq, at_ms) = (12, NOW_MS + 20_000 + rev * 1_000);
    Revised { conversation: direct(), rev, seq, kind, by: user(by), at_ms, item }
}

/// The client message id of an own message is not in it: everyone gets the same.
fn edited() -> Revised {
    let revision = Some(revision(6, Some(NOW_MS + 26_000), &[]));
    let message = Message { revision, ..message(12, "翠花", "在吗??") };
    revised(6, RevisionKind::Edit, "翠花", Item::Message(message))
}

fn reacted() -> Revised {
    let revision = revision(7, Some(NOW_MS + 26_000), &[("👍", &["小明", "翠花"])]);
    let message = Message { revision: Some(revision), ..message(12, "翠花", "在吗??") };
    revised(7, RevisionKind::React, "小明", Item::Message(message))
}

fn recalled() -> Revised {
    let gone = Item::Gone { from: 12, to: 12, why: Gone::Recalled(user("翠花")) };
    revised(8, RevisionKind::Recall, "翠花", gone)
}

/// What was changed, as pages show it.
fn changed() -> Vec<(&'static str, Bytes)> {
    let cursor = Cursor { epoch: 0x9f86_d081_884c_7d65, position: 1301 }.encode();
    let own = Message {
        revision: Some(revision(5, Some(NOW_MS + 25_000), &[("👍", &["翠花"])])),
        ..message(13, "小明", "在的!")
    };
    let draft = Some(Box::new(Draft { text: "我马上".into(), reply_to: Some(13) }));
    let entry = Entry { rev: 8, unread: 0, last: Some(own.clone()), draft, ..entry() };
    let items = vec![recalled().item, Item::Message(own)];
    let missed = Missed { entry, items: items.clone(), hole: None, changes_after: Some(2) };
    let page = ResumePage { position: 1301, changed: vec![missed], next: None };
    let history = HistoryPage { items: items.clone(), head: 13, more: true };
    let mut items = items;
    items.reverse();
    let changes = ChangesPage { items, rev: 8, more: false };
    let device = |id: &str, name: &str, last_ms| Device {
        id: id.into(),
        name: name.into(),
        first_ms: NOW_MS - 86_400_000,
        last_ms,
        signed_out_ms: 0,
    };
    let devices = [
        device("phone-7c2e", "Chrome on Linux", NOW_MS),
        device("tablet-11aa", "", NOW_MS - 60_000),
    ];
    let here = |id: &str| id == "phone-7c2e";
    let me = User {
        avatar: "https://cdn.example.com/ming.jpg".into(),
        ..person("小明", "小明同学", Role::User)
    };
    let blocked = [person("A", "", Role::User), person("spam-7", "Bargains", Role::Bot)];
    vec![
        ("sync-changes", pages::sync(&page, "小明", false, Some(&cursor)).unwrap()),
        ("history-changed", pages::history(Some(10), direct(), &history, "小明").unwrap()),
        ("changes", pages::changes(Some(29), direct(), &changes, "小明").unwrap()),
        ("devices", pages::devices(Some(31), &devices, here, "phone-7c2e").unwrap()),
        ("user", pages::user(Some(33), &me).unwrap()),
        ("blocks", pages::blocks(Some(34), &blocked).unwrap()),
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
    let asking = Hello { features: vec!["changes".into(), "calls".into()], ..Hello::default() };
    let mut frames = vec![
        ("ready", ready(&Hello::default())),
        ("ready-features", ready(&asking)),
        ("conv", conv.unwrap()),
        ("unread", unread.unwrap()),
        ("ok-auth", pages::renewed(Some(2), NOW_MS + 7_200_000).unwrap()),
        ("ok-broadcast", pages::reached(Some(24), 318).unwrap()),
    ];
    frames.extend(syncs());
    frames.extend(changed());
    frames.extend(lists());
    let mut frames: Vec<(&str, String)> =
        frames.into_iter().map(|(name, frame)| (name, payload(&frame))).collect();
    let state = Membership { read_seq: 13, ..entry.membership };
    frames.push(("conv.state", view::membership(direct(), &state, 0)));
    frames.push(("msg.hidden", view::hidden(direct(), 9)));
    frames.push(("msg.change", view::change(&edited())));
    frames.push(("msg.change-react", view::change(&reacted())));
    frames.push(("msg.change-recall", view::change(&recalled())));
    frames.extend(super::calls::frames());
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
    Event::Revised(_) => "msg.change",
    Event::Draft { .. } => "conv.draft",
    Event::Call(_) => "call",
    Event::CallSignal(_) => "call.signal",
    Event::Kick { .. } => "kick",
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
        Event::Revised(Box::new(edited())),
        Event::Call(Box::new(super::calls::ringing())),
        Event::CallSignal(Box::new(super::calls::signal())),
        Event::Draft { user: self::user("小明"), conversation, draft: None, at_ms: 0 },
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
