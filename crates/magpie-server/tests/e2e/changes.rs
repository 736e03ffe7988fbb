//! Recall, edit, reactions, replies and forwarding: what one does, everyone sees, whether he was
//! there or comes back later, and clients that know nothing of it keep their counts.

use magpie_client::{Body, ChangeEvent, Client, Edge, Event, Item, Message, Target};
use serde_json::{Value, json};

use crate::common::{Session, TestServer, body};

/// A device that knows about changes.
async fn sign_in(server: &TestServer, user: &str, device: &str) -> Session {
    resume(server, user, device, None).await
}

async fn resume(server: &TestServer, user: &str, device: &str, cursor: Option<String>) -> Session {
    let options = server.options(user, device).await.features(&["changes"]).cursor(cursor);
    Session::open(options).await
}

async fn change(session: &mut Session) -> ChangeEvent {
    let pick = |event| match event {
        Event::Changed(change) => Some(*change),
        _ => None,
    };
    session.expect("a change", pick).await
}

async fn place(client: &Client, c: &str, seq: u64) -> Item {
    let page = client.history(c, Edge::After(seq - 1), 1).await.unwrap();
    page.items.into_iter().next().unwrap()
}

fn recalled(item: &Item) -> Option<&str> {
    match item {
        Item::Gone { gone, by, .. } if gone == "recalled" => by.as_deref(),
        _ => None,
    }
}

fn message(item: &Item) -> &Message {
    item.message().unwrap_or_else(|| panic!("no message: {item:?}"))
}

fn code<T: std::fmt::Debug>(result: Result<T, magpie_client::ClientError>) -> String {
    result.unwrap_err().code().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_recall_reaches_all_devices_of_both_and_its_words_are_nowhere_any_more() {
    let server = TestServer::start();
    let mut phone = sign_in(&server, "alice", "phone").await;
    let mut tablet = sign_in(&server, "alice", "tablet").await;
    let mut bob = sign_in(&server, "bob", "phone").await;
    let sent = phone.send("bob", "a secret").await;
    phone.client.recall(&sent.c, sent.seq).await.unwrap();
    for session in [&mut phone, &mut tablet, &mut bob] {
        let change = change(session).await;
        assert_eq!((change.rev, change.seq, change.kind.as_str()), (1, 1, "recall"));
        assert_eq!((change.by.as_str(), recalled(&change.item)), ("alice", Some("alice")));
        assert_eq!(recalled(&place(&session.client, &sent.c, 1).await), Some("alice"));
        let inbox = session.client.inbox(None, 10).await.unwrap();
        assert_eq!((inbox.convs[0].rev, inbox.convs[0].unread), (1, 0));
        assert!(!format!("{inbox:?}").contains("a secret"));
    }
    phone.client.recall(&sent.c, sent.seq).await.unwrap();
    assert_eq!(phone.client.changes(&sent.c, 0, 50).await.unwrap().rev, 1, "once is enough");
}

#[tokio::test]
async fn an_edit_replaces_the_text_and_only_its_sender_may() {
    let server = TestServer::start();
    let alice = sign_in(&server, "alice", "phone").await;
    let mut bob = sign_in(&server, "bob", "phone").await;
    let sent = alice.send_as("bob", "helo", "m-1").await;
    alice.client.edit(&sent.c, 1, &body("hello")).await.unwrap();
    let change = change(&mut bob).await;
    let item = message(&change.item);
    assert_eq!((change.kind.as_str(), item.b.x.as_str(), item.rev), ("edit", "hello", Some(1)));
    assert!(item.edited.is_some() && item.cid.is_none());
    alice.client.edit(&sent.c, 1, &body("hello")).await.unwrap();
    assert_eq!(bob.client.changes(&sent.c, 0, 50).await.unwrap().rev, 1, "the same text again");
    assert_eq!(code(bob.client.edit(&sent.c, 1, &body("no")).await), "forbidden");
    assert_eq!(code(bob.client.recall(&sent.c, 1).await), "forbidden");
    let image = Body { k: "image".into(), x: "[图片]".into(), more: serde_json::Map::new() };
    assert_eq!(code(alice.client.edit(&sent.c, 1, &image).await), "bad_request");
    let again = alice.send_as("bob", "helo", "m-1").await;
    assert_eq!((again.seq, again.dup), (1, true), "a resend of what was edited meanwhile");
    alice.client.recall(&sent.c, 1).await.unwrap();
    assert_eq!(code(alice.client.edit(&sent.c, 1, &body("x")).await), "recalled");
    assert_eq!(code(bob.client.react(&sent.c, 1, "👍", true).await), "recalled");
    let again = alice.send_as("bob", "helo", "m-1").await;
    assert_eq!((again.seq, again.dup), (1, true), "a resend of what was recalled meanwhile");
    assert_eq!(code(alice.client.recall(&sent.c, 9).await), "unknown_message");
}

#[tokio::test]
async fn reactions_come_in_the_order_of_first_use_and_go_again() {
    let server = TestServer::start();
    let mut alice = sign_in(&server, "alice", "phone").await;
    let bob = sign_in(&server, "bob", "phone").await;
    let c = alice.send("bob", "lunch?").await.c;
    bob.client.react(&c, 1, "👍", true).await.unwrap();
    alice.client.react(&c, 1, "🎉", true).await.unwrap();
    alice.client.react(&c, 1, "👍", true).await.unwrap();
    alice.client.react(&c, 1, "👍", true).await.unwrap();
    bob.client.react(&c, 1, "👍", false).await.unwrap();
    let wanted = [("👍".to_owned(), vec!["alice".to_owned()]), ("🎉".into(), vec!["alice".into()])];
    let item = place(&bob.client, &c, 1).await;
    assert_eq!((message(&item).reactions.as_slice(), message(&item).rev), (&wanted[..], Some(4)));
    let mut revs = Vec::new();
    for _ in 0..4 {
        revs.push(change(&mut alice).await.rev);
    }
    assert_eq!(revs, [1, 2, 3, 4], "every change once, without gaps");
    assert_eq!(code(bob.client.react(&c, 1, "", true).await), "bad_request");
    assert_eq!(code(bob.client.react(&c, 1, "no emoji", true).await), "bad_request");
}

#[tokio::test]
async fn a_device_that_was_away_converges_with_one_that_was_there() {
    let server = TestServer::start();
    let alice = sign_in(&server, "alice", "phone").await;
    let there = sign_in(&server, "bob", "phone").await;
    let mut c = String::new();
    for n in 1..=6 {
        c = alice.send("bob", &format!("message {n}")).await.c;
    }
    let away = sign_in(&server, "bob", "tablet").await;
    let cursor = away.client.ping().await.unwrap().cur;
    away.close().await;
    alice.client.recall(&c, 2).await.unwrap();
    alice.client.edit(&c, 3, &body("message three")).await.unwrap();
    there.client.react(&c, 4, "👍", true).await.unwrap();
    there.client.draft(&c, "I think", Some(3)).await.unwrap();
    alice.send("bob", "message 7").await;
    let back = resume(&server, "bob", "tablet", cursor).await;
    let entry = back.changed()[0];
    assert_eq!((entry.rev, entry.unread, entry.changes), (3, 6, None));
    let draft = entry.draft.as_ref().unwrap();
    assert_eq!((draft.x.as_str(), draft.re), ("I think", Some(3)));
    let places: Vec<_> = entry.items.iter().map(Item::span).collect();
    assert_eq!(places, [(2, 2), (3, 3), (4, 4), (7, 7)]);
    let history = there.client.history(&c, Edge::Newest, 50).await.unwrap();
    for item in &entry.items {
        assert!(history.items.contains(item), "{item:?} is not what the other device has");
    }
    let page = back.client.changes(&c, 1, 50).await.unwrap();
    assert_eq!((page.rev, page.more, page.items.len()), (3, false, 2));
    let first = back.client.changes(&c, 0, 1).await.unwrap();
    assert_eq!((first.rev, first.more), (1, true));
}

#[tokio::test]
async fn a_client_that_did_not_ask_for_changes_gets_none_and_its_count_stays_right() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let mut old = server.user("bob").await;
    assert!(old.client.ready().features.is_none());
    assert!(old.client.ready().limits.recall_ms.is_none());
    let c = alice.send("bob", "one").await.c;
    alice.client.edit(&c, 1, &body("two")).await.unwrap();
    alice.client.recall(&c, 1).await.unwrap();
    alice.send("bob", "three").await;
    let events = old.drain().await;
    let unknown = |event: &Event| matches!(event, Event::Unknown(_) | Event::Changed(_));
    assert!(!events.iter().any(unknown), "{events:?}");
    assert_eq!(old.client.ping().await.unwrap().n, 2);
    assert_eq!(old.events.durable_count(), 2);
    assert_eq!(recalled(&place(&old.client, &c, 1).await), Some("alice"));
    let new = sign_in(&server, "bob", "tablet").await;
    assert_eq!(new.client.ready().features, Some(vec!["changes".to_owned(), "media".to_owned()]));
    assert_eq!(new.client.ready().limits.recall_ms, Some(120_000));
}

#[tokio::test]
async fn whoever_asked_for_changes_counts_them() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let mut bob = sign_in(&server, "bob", "phone").await;
    let c = alice.send("bob", "one").await.c;
    alice.client.edit(&c, 1, &body("two")).await.unwrap();
    alice.client.recall(&c, 1).await.unwrap();
    bob.drain().await;
    assert_eq!(bob.client.ping().await.unwrap().n, 3);
    assert_eq!(bob.events.durable_count(), 3);
}

#[tokio::test]
async fn a_recall_and_a_read_leave_the_unread_count_right_in_either_order() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let bob = server.user("bob").await;
    let c = alice.send("bob", "1").await.c;
    for n in 2..=6 {
        alice.send("bob", &n.to_string()).await;
    }
    // At the same time, many times over: whatever comes first, the end is the same.
    let (marks, reads) = ([(c.as_str(), 2)], [(c.as_str(), 3)]);
    let (recall, read, again) = tokio::join!(
        alice.client.recall(&c, 3),
        bob.client.receipts(&[], &marks),
        alice.client.recall(&c, 5),
    );
    recall.unwrap();
    read.unwrap();
    again.unwrap();
    assert_eq!(bob.client.unread(&c).await.unwrap().count, 2, "4 and 6");
    bob.client.receipts(&[], &reads).await.unwrap();
    assert_eq!(bob.client.unread(&c).await.unwrap().count, 2);
    alice.client.recall(&c, 1).await.unwrap();
    assert_eq!(bob.client.unread(&c).await.unwrap().count, 2, "it was read already");
    alice.client.recall(&c, 6).await.unwrap();
    let unread = bob.client.unread(&c).await.unwrap();
    assert_eq!(unread.count, 1);
    let wanted = [(4, "counts"), (5, "void"), (6, "void")].map(|(s, why)| (s, why.to_owned()));
    assert_eq!(unread.places, wanted);
}

#[tokio::test]
async fn a_reply_names_a_place_that_exists_also_when_its_words_are_gone() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let bob = server.user("bob").await;
    let c = alice.send("bob", "first").await.c;
    alice.send("bob", "second").await;
    alice.client.recall(&c, 1).await.unwrap();
    bob.client.request("msg.hide", json!({"c": c, "seq": 2})).await.unwrap();
    let reply = |seq: u64| {
        let mut body = body("about that");
        body.more.insert("re".into(), seq.into());
        body
    };
    for seq in [1, 2] {
        let to = Target::Conversation(&c);
        let sent = bob.client.send(to, &reply(seq), None).await.unwrap();
        let item = place(&alice.client, &c, sent.seq).await;
        assert_eq!(message(&item).b.more["re"], seq);
    }
    assert_eq!(
        code(bob.client.send(Target::User("alice"), &reply(99), None).await),
        "unknown_message"
    );
}

#[tokio::test]
async fn a_forwarded_message_names_whose_words_it_holds_and_nobody_forwards_what_he_cannot_see() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let bob = server.user("bob").await;
    let carol = server.user("carol").await;
    let c = alice.send("bob", "the plan").await.c;
    let ack = bob.client.forward(&c, 1, Target::User("carol"), Some("f-1")).await.unwrap();
    let again = bob.client.forward(&c, 1, Target::User("carol"), Some("f-1")).await.unwrap();
    assert_eq!((again.seq, again.dup), (ack.seq, true));
    let item = place(&carol.client, &ack.c, 1).await;
    let words = message(&item);
    assert_eq!((words.from.as_str(), words.b.x.as_str()), ("bob", "the plan"));
    assert_eq!(words.b.more["fw"]["from"], "alice");
    let on = carol.client.forward(&ack.c, 1, Target::User("dave"), None).await.unwrap();
    let item = place(&carol.client, &on.c, 1).await;
    assert_eq!(message(&item).b.more["fw"]["from"], "alice", "for ever");
    let steal = carol.client.forward(&c, 1, Target::User("dave"), None).await;
    assert!(["unknown_message", "unknown_conversation"].contains(&code(steal).as_str()));
    let mut forged = body("I never said this");
    forged.more.insert("fw".into(), json!({"from": "alice", "ts": 1}));
    assert_eq!(code(bob.client.send(Target::User("carol"), &forged, None).await), "bad_request");
    alice.client.recall(&c, 1).await.unwrap();
    assert_eq!(code(bob.client.forward(&c, 1, Target::User("carol"), None).await), "recalled");
    bob.client.request("msg.hide", json!({"c": ack.c, "seq": 1})).await.unwrap();
    let hidden = bob.client.forward(&ack.c, 1, Target::User("alice"), None).await;
    assert_eq!(code(hidden), "unknown_message");
}

#[tokio::test]
async fn the_windows_end_and_the_backend_has_none() {
    let server =
        TestServer::with(&[("messages.recall_window_s", "0"), ("messages.edit_window_s", "0")]);
    let alice = server.user("alice").await;
    let bob = server.user("bob").await;
    let sent = alice.send("bob", "too late").await;
    // A window of nothing ends with the next millisecond.
    while alice.client.ping().await.unwrap().now <= sent.ts {}
    assert_eq!(code(alice.client.recall(&sent.c, 1).await), "too_late");
    assert_eq!(code(alice.client.edit(&sent.c, 1, &body("x")).await), "too_late");
    let path = format!("/v1/conversations/{}/messages/1", sent.c);
    let edited = server.call("PUT", &path, Some(json!({"text": "mended"}))).await;
    assert_eq!(edited.status, 204, "{edited:?}");
    assert_eq!(message(&place(&bob.client, &sent.c, 1).await).b.x, "mended");
    let gone = server.call("DELETE", &path, None::<Value>).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    assert_eq!(recalled(&place(&bob.client, &sent.c, 1).await), Some("alice"));
}

#[tokio::test]
async fn an_old_client_is_not_handed_what_was_recalled_before_it_came() {
    let server = TestServer::with(&[("dialects.mode", "open")]);
    let alice = server.user("1").await;
    let c = alice.send("2", "recalled").await.c;
    alice.send("2", "stays").await;
    alice.client.recall(&c, 1).await.unwrap();
    let url = format!("ws://{}/wx/2/1", server.address);
    let (mut old, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let first = futures_util::StreamExt::next(&mut old).await.unwrap().unwrap();
    let text = first.into_text().unwrap();
    assert!(text.contains("stays") && !text.contains("recalled"), "{text}");
}
