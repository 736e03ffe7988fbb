//! What belongs to a user on all his devices: drafts, the list of devices, name and picture.

use magpie_client::{Device, Event, Options, connect};
use serde_json::json;

use crate::common::{Session, TestServer};

async fn draft(session: &mut Session) -> (String, Option<u64>) {
    let pick = |event| match event {
        Event::Draft(draft) => Some((draft.x, draft.re)),
        _ => None,
    };
    session.expect("a draft", pick).await
}

#[tokio::test]
async fn a_draft_follows_the_user_to_his_other_devices_and_nobody_else() {
    let server = TestServer::start();
    let mut alice = server.user("alice").await;
    let mut phone = server.sign_in("bob", "phone").await;
    let mut tablet = server.sign_in("bob", "tablet").await;
    let c = alice.send("bob", "dinner?").await.c;
    phone.client.draft(&c, "let me", Some(1)).await.unwrap();
    assert_eq!(draft(&mut tablet).await, ("let me".into(), Some(1)));
    let entry = &tablet.client.inbox(None, 1).await.unwrap().convs[0];
    assert_eq!(entry.draft.as_ref().unwrap().x, "let me");
    phone.client.draft(&c, "", None).await.unwrap();
    assert_eq!(draft(&mut tablet).await, (String::new(), None));
    assert_eq!(tablet.client.inbox(None, 1).await.unwrap().convs[0].draft, None);
    let drafts = |event: &Event| matches!(event, Event::Draft(_));
    assert!(!phone.drain().await.iter().any(drafts), "who typed it knows it");
    assert!(!alice.drain().await.iter().any(drafts));
    let long = phone.client.draft(&c, &"字".repeat(1_366), None).await.unwrap_err();
    assert_eq!(long.code(), Some("too_large"));
    let other = alice.client.open("carol").await.unwrap().c;
    let foreign = phone.client.draft(&other, "hm", None).await.unwrap_err();
    assert_eq!(foreign.code(), Some("unknown_conversation"));
}

#[tokio::test]
async fn the_list_of_devices_says_which_are_here_and_which_one_asks() {
    let server = TestServer::start();
    let named = server.options("alice", "phone").await.name("Chrome on Linux");
    let phone = Session::open(named).await;
    let tablet = server.sign_in("alice", "tablet").await;
    tablet.close().await;
    let list = loop {
        // A sign-in does not wait until it is noted, and a connection ends when the server has
        // read its close.
        let list = phone.client.devices().await.unwrap();
        let settled = |device: &Device| device.online == (device.device == "phone");
        if list.len() == 2 && list.iter().all(settled) {
            break list;
        }
    };
    let mut shown: Vec<_> = list
        .iter()
        .map(|device| (device.device.as_str(), device.name.as_str(), device.online, device.current))
        .collect();
    shown.sort_unstable();
    assert_eq!(shown, [("phone", "Chrome on Linux", true, true), ("tablet", "", false, false)]);
}

#[tokio::test]
async fn a_device_that_is_signed_out_is_closed_and_needs_a_new_token() {
    let server = TestServer::start();
    let phone = server.sign_in("alice", "phone").await;
    let lost = server.options("alice", "lost").await;
    let mut session = Session::open(lost.clone()).await;
    phone.client.sign_out_device("lost").await.unwrap();
    let closed = session.closed().await;
    assert_eq!(closed.code, 4506, "{closed}");
    let refused = connect(lost.clone()).await.err().unwrap();
    assert_eq!(refused.code(), Some("signed_out"), "{refused}");
    let list = phone.client.devices().await.unwrap();
    assert!(list.iter().all(|device| device.device != "lost"), "{list:?}");
    // A token knows whole seconds: the next one begins a new life.
    let second = phone.client.ping().await.unwrap().now / 1_000;
    while phone.client.ping().await.unwrap().now / 1_000 <= second {}
    let back = Session::open(server.options("alice", "lost").await).await;
    let again = connect(lost).await.err().unwrap();
    assert_eq!(again.code(), Some("signed_out"), "the old token stays dead");
    while phone.client.devices().await.unwrap().len() < 2 {}
    let nobody = back.client.sign_out_device("fridge").await.unwrap_err();
    assert_eq!(nobody.code(), Some("bad_request"));
    phone.client.ping().await.unwrap();
}

#[tokio::test]
async fn a_user_changes_his_name_and_picture_unless_his_token_says_them() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let picture = "https://cdn.example.com/a.jpg";
    let user = alice.client.set_profile(Some("爱丽丝"), Some(picture)).await.unwrap();
    assert_eq!((user.name.as_str(), user.avatar.as_str()), ("爱丽丝", picture));
    let user = alice.client.set_profile(None, Some("")).await.unwrap();
    assert_eq!((user.name.as_str(), user.avatar.as_str()), ("爱丽丝", ""));
    let bob = server.user("bob").await;
    let peer = bob.client.open("alice").await.unwrap().peer.unwrap();
    assert_eq!(peer.name, "爱丽丝");
    let nobodys = "/v1/avatars/5b1f0c9e7d3a42868f1e0d2c4b6a7988";
    let refused = alice.client.set_profile(None, Some(nobodys)).await.unwrap_err();
    assert_eq!(refused.code(), Some("unknown_media"));
    let again = server.sign_in("alice", "tablet").await;
    assert_eq!(again.client.ready().user.name, "爱丽丝", "a token without a name leaves it");
    let token = server.token_with(json!({"user": "alice", "name": "Alice"})).await;
    let named = Session::open(Options::new(server.url(), token).device("laptop")).await;
    assert_eq!(named.client.ready().user.name, "Alice", "a token with one wins");
    let refused = named.client.set_profile(Some("x"), None).await.unwrap_err();
    assert_eq!(refused.code(), Some("forbidden"));
    named.client.set_profile(None, Some(picture)).await.unwrap();
}

#[tokio::test]
async fn whoever_blocked_someone_does_not_see_him_type() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let mut bob = server.user("bob").await;
    alice.send("bob", "hello").await;
    bob.client.request("block", json!({"user": "alice", "on": true})).await.unwrap();
    alice.client.request("typing", json!({"to": "bob"})).await.unwrap();
    let typing = |event: &Event| matches!(event, Event::Typing(_));
    assert!(!bob.drain().await.iter().any(typing));
    bob.client.request("block", json!({"user": "alice", "on": false})).await.unwrap();
    alice.client.request("typing", json!({"to": "bob"})).await.unwrap();
    let pick = |event| matches!(event, Event::Typing(_)).then_some(());
    bob.expect("typing", pick).await;
}
