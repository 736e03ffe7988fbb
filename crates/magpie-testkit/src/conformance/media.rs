//! Cases: uploads: who may send them, who sees them, and when nobody needs them any more.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::expect_used,
    reason = "the names are the documentation; test code"
)]

use magpie_core::{
    model::{Item, Media, Role},
    port::store::{Alteration, Append, Guard, Op, Outcome, Place, Rejection, Revise, WriteResult},
};
use magpie_proto::{Body, ConversationId, MediaId, client::Change};

use super::{
    revisions::revise,
    subject::{MEMBER, Subject, direct, stored, user},
};

fn id(n: u8) -> MediaId {
    MediaId::from_bytes([n; 16])
}

fn media(n: u8, owner: &str) -> Media {
    Media {
        id: id(n),
        owner: user(owner),
        bytes: 1_000 + u64::from(n),
        descriptor: format!("{{\"id\":\"{}\",\"size\":{n}}}", id(n)).into(),
        poster: None,
        public: false,
        created_ms: 5,
        uses: 77,
        free_after_ms: 100,
    }
}

fn put(s: &Subject, media: Media) {
    assert_eq!(s.write(Op::PutMedia(media)), Ok(Outcome::Done));
}

fn body(descriptor: &str) -> Body {
    let json = format!("{{\"k\":\"image\",\"x\":\"[image]\",\"media\":{descriptor}}}");
    Body::from_stored(json.into_bytes().into())
}

fn send(s: &Subject, from: &str, to: &str, descriptor: &str, guard: Guard) -> WriteResult {
    let append = s.message(from, Place::Direct(user(to)), "");
    s.append(Append { body: body(descriptor), guard, ..append })
}

fn show(s: &Subject, from: &str, to: &str, n: u8) -> u64 {
    stored(send(s, from, to, &media(n, from).descriptor, MEMBER)).seq
}

fn uses(s: &Subject, n: u8) -> Option<(u64, u64)> {
    s.read(s.store.media(id(n))).map(|media| (media.uses, media.free_after_ms))
}

fn visible(s: &Subject, who: &str, agent: bool, ids: &[u8]) -> Vec<u8> {
    let ids = ids.iter().map(|n| id(*n)).collect();
    let media = s.read(s.store.visible_media(user(who), agent, ids));
    media.iter().map(|media| media.id.to_bytes()[0]).collect()
}

pub fn a_message_may_show_only_what_its_sender_uploaded(s: &Subject) {
    s.users(&["a", "b"]);
    put(s, media(1, "a"));
    let plain = media(1, "a").descriptor;
    assert_eq!(uses(s, 1), Some((0, 100)), "who holds it is known to the store alone");
    let unknown = Err(Rejection::UnknownMedia);
    assert_eq!(send(s, "b", "a", &plain, MEMBER), unknown);
    let other = plain.replace("\"size\":1", "\"size\":2");
    assert_eq!(send(s, "a", "b", &other, MEMBER), unknown);
    assert_eq!(send(s, "a", "b", &media(2, "a").descriptor, MEMBER), unknown);
    let free = Guard { own_media: false, ..MEMBER };
    assert_eq!(send(s, "a", "b", &media(2, "a").descriptor, free), unknown, "it does not exist");
    assert_eq!(uses(s, 1), Some((0, 100)));
    let spaced = format!("{{ \"size\" : 1, \"id\":\"{}\" }}", id(1));
    assert_eq!(stored(send(s, "a", "b", &spaced, MEMBER)).seq, 1, "as a JSON value");
    assert_eq!(stored(send(s, "b", "a", &plain, free)).seq, 2, "a copy that the server made");
    assert_eq!(uses(s, 1), Some((2, 100)));
    let ghost = Op::PutMedia(media(3, "ghost"));
    assert_eq!(s.write(ghost), Err(Rejection::UnknownUser(user("ghost"))));
}

pub fn an_upload_is_free_when_its_last_message_is_recalled(s: &Subject) {
    s.users(&["a", "b", "c"]);
    put(s, Media { free_after_ms: 300, ..media(9, "a") });
    put(s, Media { poster: Some(id(9)), ..media(1, "a") });
    let descriptor = media(1, "a").descriptor;
    assert_eq!(stored(send(s, "a", "b", &descriptor, MEMBER)).seq, 1);
    assert_eq!(stored(send(s, "a", "c", &descriptor, MEMBER)).seq, 1);
    assert_eq!((uses(s, 1), uses(s, 9)), (Some((2, 100)), Some((2, 300))), "with its poster");
    let dropped = |n| s.write(Op::DropMedia { id: id(n) });
    assert_eq!(dropped(1), Ok(Outcome::MediaDropped(false)));
    put(s, Media { poster: Some(id(9)), bytes: 7, ..media(1, "a") });
    assert_eq!(uses(s, 1), Some((2, 100)), "finished again: the messages still hold it");
    let recall = |peer: &str, at_ms| {
        let op = revise("a", direct("a", peer), 1, Alteration::Recall);
        s.revise(Revise { at_ms, ..op }).expect("recalled");
    };
    recall("b", 1_500);
    assert_eq!(uses(s, 1), Some((1, 100)));
    let idle = |now_ms| {
        let idle = s.read(s.store.idle_media(now_ms, 9));
        idle.iter().map(|media| media.id.to_bytes()[0]).collect::<Vec<_>>()
    };
    assert_eq!(idle(u64::MAX), Vec::<u8>::new());
    recall("c", 1_600);
    assert_eq!((uses(s, 1), uses(s, 9)), (Some((0, 1_600)), Some((0, 1_600))));
    put(s, media(4, "b"));
    put(s, Media { free_after_ms: u64::MAX, ..media(5, "b") });
    assert_eq!(idle(99), Vec::<u8>::new());
    assert_eq!(idle(1_599), [4]);
    assert_eq!(idle(1_600), [4, 1, 9]);
    assert_eq!(s.read(s.store.idle_media(1_600, 2)).len(), 2);
    assert_eq!(dropped(1), Ok(Outcome::MediaDropped(true)));
    assert_eq!(dropped(1), Ok(Outcome::MediaDropped(true)), "again");
    assert_eq!(idle(1_600), [4, 9]);
    assert_eq!(uses(s, 1), None);
    let late = send(s, "a", "b", &descriptor, MEMBER);
    assert_eq!(late, Err(Rejection::UnknownMedia));
}

pub fn an_upload_is_seen_by_those_who_see_a_message_with_it(s: &Subject) {
    s.users(&["a", "b", "c"]);
    put(s, media(9, "a"));
    put(s, Media { poster: Some(id(9)), ..media(1, "a") });
    put(s, Media { public: true, ..media(2, "c") });
    put(s, media(3, "c"));
    assert_eq!(visible(s, "a", false, &[9, 1, 2, 3, 8]), [9, 1, 2]);
    assert_eq!(visible(s, "b", false, &[9, 1, 2, 3]), [2]);
    let (seq, talk) = (show(s, "a", "b", 1), direct("a", "b"));
    assert_eq!(visible(s, "b", false, &[1, 3, 9, 1]), [1, 9, 1], "in the order of the question");
    assert_eq!(visible(s, "c", false, &[1, 9]), Vec::<u8>::new());
    s.write(Op::HideMessage { user: user("b"), conversation: talk, seq }).expect("hidden");
    assert_eq!(visible(s, "b", false, &[1, 9]), Vec::<u8>::new(), "he has deleted it");
    let seq = show(s, "a", "b", 1);
    assert_eq!(visible(s, "b", false, &[1]), [1]);
    s.recall("a", talk, seq).expect("recalled");
    assert_eq!(visible(s, "b", false, &[1]), Vec::<u8>::new());
    assert_eq!(visible(s, "a", false, &[1]), [1], "his own");
    show(s, "a", "b", 1);
    let set = Op::Set { user: user("b"), conversation: talk, change: Change::Delete };
    s.write(set).expect("deleted");
    assert_eq!(visible(s, "b", false, &[1]), Vec::<u8>::new());
    assert_eq!(visible(s, "ghost", false, &[1]), Vec::<u8>::new());
}

pub fn a_picture_of_a_user_outlives_the_messages_that_showed_it(s: &Subject) {
    s.users(&["a", "b"]);
    put(s, Media { public: true, free_after_ms: u64::MAX >> 1, ..media(1, "a") });
    let seq = show(s, "a", "b", 1);
    s.recall("a", direct("a", "b"), seq).expect("recalled");
    assert_eq!(uses(s, 1), Some((0, u64::MAX >> 1)));
}

pub fn an_edit_gets_hold_of_no_upload(s: &Subject) {
    s.users(&["a", "b", "c"]);
    put(s, media(1, "c"));
    let seq = s.send("a", "b");
    let text = format!("{{\"k\":\"text\",\"x\":\"y\",\"media\":{}}}", media(1, "c").descriptor);
    let text = Body::from_stored(text.into_bytes().into());
    let edited = s.revise(revise("a", direct("a", "b"), seq, Alteration::Edit(text)));
    let Some(Item::Message(message)) = edited.map(|revised| revised.item) else {
        panic!("not edited")
    };
    // What the server copies next is not judged again.
    let guard = Guard { own_media: false, is_copy: true, ..MEMBER };
    let copy = s.message("a", Place::Direct(user("b")), "");
    stored(s.append(Append { body: message.body, guard, ..copy }));
    assert_eq!(visible(s, "a", false, &[1]), Vec::<u8>::new());
}

pub fn an_upload_at_a_desk_is_seen_by_its_visitor_and_the_agents(s: &Subject) {
    s.users(&["v", "w"]);
    s.put("x", Some(Role::Agent));
    put(s, media(1, "v"));
    let append = s.message("v", Place::Desk(user("v")), "");
    stored(s.append(Append { body: body(&media(1, "v").descriptor), ..append }));
    assert_eq!(visible(s, "x", true, &[1]), [1]);
    assert_eq!(visible(s, "w", false, &[1]), Vec::<u8>::new());
    put(s, media(2, "x"));
    let append = s.message("x", Place::Existing(ConversationId::desk(&user("v"))), "");
    stored(s.append(Append { body: body(&media(2, "x").descriptor), ..append }));
    assert_eq!(visible(s, "v", false, &[2]), [2]);
}

pub fn a_resend_holds_its_upload_once(s: &Subject) {
    s.users(&["a", "b"]);
    put(s, media(1, "a"));
    let again = || {
        let append = s.message("a", Place::Direct(user("b")), "");
        let body = body(&media(1, "a").descriptor);
        s.append(Append { body, client_msg_id: Some("k".into()), ..append })
    };
    stored(again());
    assert!(matches!(again(), Ok(Outcome::Duplicate { .. })));
    assert_eq!(uses(s, 1), Some((1, 100)));
    s.recall("a", direct("a", "b"), 1).expect("recalled");
    s.write(Op::DropMedia { id: id(1) }).expect("dropped");
    assert!(matches!(again(), Ok(Outcome::Duplicate { seq: 1, .. })), "even when it is gone");
}

pub fn the_bytes_of_a_users_uploads_are_summed_up(s: &Subject) {
    s.users(&["a", "b"]);
    let bytes = |who: &str| s.read(s.store.media_bytes(user(who)));
    assert_eq!(bytes("a"), 0);
    for (n, owner) in [(1, "a"), (2, "a"), (3, "b")] {
        put(s, media(n, owner));
    }
    assert_eq!((bytes("a"), bytes("b"), bytes("ghost")), (2_003, 1_003, 0));
    put(s, Media { bytes: 5, ..media(2, "a") });
    assert_eq!(bytes("a"), 1_006);
    s.write(Op::DropMedia { id: id(1) }).expect("dropped");
    assert_eq!(bytes("a"), 5);
}
