//! Events that pass by: typing, presence, broadcast.

use magpie_client::{Event, PresenceEvent};
use serde_json::json;

use crate::common::{Session, TestServer};

async fn presence(session: &mut Session, user: &str, online: bool) -> PresenceEvent {
    let pick = |event| match event {
        Event::Presence(change) if change.user == user && change.online == online => Some(change),
        _ => None,
    };
    session.expect("a change of presence", pick).await
}

#[tokio::test]
async fn typing_reaches_the_other_side_and_not_the_typist() {
    let server = TestServer::start();
    let mut alice = server.user("alice").await;
    let mut bob = server.user("bob").await;
    let sent = alice.send("bob", "hello").await;
    alice.client.request("typing", json!({"to": "bob"})).await.unwrap();
    let pick = |event| match event {
        Event::Typing(typing) => Some(typing),
        _ => None,
    };
    let typing = bob.expect("typing", pick).await;
    assert_eq!((typing.c.as_str(), typing.user.as_str()), (sent.c.as_str(), "alice"));
    assert!(!alice.drain().await.iter().any(|event| matches!(event, Event::Typing(_))));
    let eve = server.user("eve").await;
    let refused = eve.client.request("typing", json!({"c": sent.c})).await.unwrap_err();
    assert_eq!(refused.code(), Some("unknown_conversation"));
}

#[tokio::test]
async fn whoever_follows_someone_learns_when_he_comes_and_when_he_was_last_seen() {
    let server = TestServer::start();
    let mut alice = server.user("alice").await;
    let now = alice.client.watch_presence(&["bob", "nobody"]).await.unwrap();
    assert!(now.iter().all(|state| !state.online && state.last_seen == 0), "{now:?}");
    let phone = server.sign_in("bob", "phone").await;
    presence(&mut alice, "bob", true).await;
    let tablet = server.sign_in("bob", "tablet").await;
    phone.close().await;
    // One device is still there.
    assert!(alice.client.watch_presence(&["bob"]).await.unwrap()[0].online);
    tablet.close().await;
    let gone = presence(&mut alice, "bob", false).await;
    assert!(gone.last_seen > 0);
    // The moment is stored ahead of whatever is written after the event.
    alice.send("carol", "he is gone").await;
    let state = &alice.client.watch_presence(&["bob"]).await.unwrap()[0];
    assert_eq!((state.online, state.last_seen), (false, gone.last_seen));
}

#[tokio::test]
async fn a_broadcast_needs_the_permission_and_reaches_everyone_connected() {
    let server = TestServer::start();
    let mut bob = server.user("bob").await;
    let mut carol = server.user("carol").await;
    let frame = || json!({"b": {"k": "text", "x": "maintenance at nine"}});
    let refused = bob.client.request("broadcast", frame()).await.unwrap_err();
    assert_eq!(refused.code(), Some("forbidden"));
    let wanted = json!({"user": "speaker", "permissions": ["broadcast"]});
    let token = server.token_with(wanted).await;
    let speaker = Session::open(magpie_client::Options::new(server.url(), token)).await;
    let reply = speaker.client.request("broadcast", frame()).await.unwrap();
    assert_eq!(reply["connections"], 3);
    for session in [&mut bob, &mut carol] {
        let pick = |event| match event {
            Event::Broadcast(broadcast) => Some(broadcast),
            _ => None,
        };
        let heard = session.expect("the broadcast", pick).await;
        assert_eq!(heard.from.as_deref(), Some("speaker"));
        assert_eq!(heard.b.x, "maintenance at nine");
    }
    // The owner's backend may as well.
    let body = json!({"text": "from the backend"});
    assert_eq!(server.api("POST", "/v1/broadcast", body).await["connections"], 3);
    let is_it = |event| matches!(event, Event::Broadcast(b) if b.from.is_none()).then_some(());
    bob.expect("the backend's broadcast", is_it).await;
}
