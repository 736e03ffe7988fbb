//! Resume by cursor: what was missed, once, in one round trip; holes; gaps; history both ways.

use magpie_client::{Edge, Event, Options};

use crate::common::{Session, TestServer};

async fn reopen(server: &TestServer, user: &str, cursor: &str) -> Session {
    let options = server.options(user, "phone").await.cursor(Some(cursor.to_owned()));
    Session::open(options).await
}

#[tokio::test]
async fn after_a_disconnect_one_round_trip_brings_exactly_what_was_missed() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let carol = server.user("carol").await;
    alice.send("bob", "seen").await;
    carol.send("bob", "untouched").await;
    let bob = server.user("bob").await;
    let cursor = bob.client.ping().await.unwrap().cur.unwrap();
    bob.close().await;
    for text in ["one", "two", "three"] {
        alice.send("bob", text).await;
    }
    let mut bob = reopen(&server, "bob", &cursor).await;
    assert_eq!(bob.pages.len(), 1, "one round trip");
    assert!(!bob.pages[0].gap);
    let changed = bob.changed();
    let [conversation] = changed.as_slice() else { panic!("only what changed: {changed:?}") };
    assert_eq!((conversation.head, conversation.unread, conversation.hole), (4, 4, None));
    let texts: Vec<_> = conversation.items.iter().map(|i| &i.message().unwrap().b.x).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    // Live from here on, and nothing of the above comes again.
    alice.send("bob", "four").await;
    assert_eq!(bob.message().await.seq, 5);
}

#[tokio::test]
async fn when_nothing_changed_a_resume_is_less_than_a_kibibyte_however_long_the_list() {
    let server = TestServer::start();
    let bob = server.user("bob").await;
    for number in 0..120 {
        bob.send(&format!("friend-{number}"), "hello").await;
    }
    let cursor = bob.client.ping().await.unwrap().cur.unwrap();
    bob.close().await;
    let again = reopen(&server, "bob", &cursor).await;
    assert_eq!((again.pages.len(), again.changed().len()), (1, 0));
    assert!(again.pages[0].frame_bytes < 1_024, "{} bytes", again.pages[0].frame_bytes);
    // The cursor of that resume is as good as any.
    let cursor = again.cursor.clone();
    again.close().await;
    assert!(reopen(&server, "bob", &cursor).await.changed().is_empty());
}

#[tokio::test]
async fn more_than_fifty_missed_leave_an_explicit_hole_that_history_fills() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    alice.send("bob", "seen").await;
    let bob = server.user("bob").await;
    let cursor = bob.cursor.clone();
    bob.close().await;
    for number in 0..80 {
        alice.send("bob", &number.to_string()).await;
    }
    let bob = reopen(&server, "bob", &cursor).await;
    let changed = bob.changed();
    let conversation = changed[0];
    assert_eq!((conversation.head, conversation.unread), (81, 81));
    assert_eq!(conversation.items.len(), 50, "the newest fifty");
    assert_eq!(conversation.hole, Some((2, 31)), "and the rest is named");
    let page = bob.client.history(&conversation.c, Edge::Before(32), 30).await.unwrap();
    let seqs: Vec<u64> = page.items.iter().map(|item| item.span().0).collect();
    assert_eq!(seqs, (2..=31).collect::<Vec<_>>());
}

#[tokio::test]
async fn history_pages_are_dense_both_ways_and_say_whether_there_is_more() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let mut conversation = String::new();
    for number in 0..25 {
        conversation = alice.send("bob", &number.to_string()).await.c;
    }
    let page = |edge, limit| alice.client.history(&conversation, edge, limit);
    let seqs = |page: &magpie_client::HistoryPage| -> Vec<u64> {
        page.items.iter().map(|item| item.span().0).collect()
    };
    let (mut down, mut edge) = (Vec::new(), Edge::Newest);
    loop {
        let page = page(edge, 10).await.unwrap();
        assert_eq!(page.head, 25);
        down.splice(0..0, seqs(&page));
        edge = Edge::Before(down[0]);
        if !page.more {
            break;
        }
    }
    assert_eq!(down, (1..=25).collect::<Vec<_>>());
    let (mut up, mut after) = (Vec::new(), 0);
    loop {
        let page = page(Edge::After(after), 10).await.unwrap();
        up.extend(seqs(&page));
        after = *up.last().unwrap();
        if !page.more {
            break;
        }
    }
    assert_eq!(up, down);
}

/// The cursor with its position moved or its epoch changed: whatever is in it, one changed digit
/// names another point.
async fn assert_gap(server: &TestServer, cursor: &str) {
    let bob = reopen(server, "bob", cursor).await;
    assert!(bob.pages[0].gap, "{cursor} was taken as good");
    assert!(bob.pages[1..].iter().all(|page| !page.gap), "said once");
    let changed = bob.changed();
    assert_eq!((changed.len(), changed[0].head), (1, 1), "and the list comes anew");
    bob.close().await;
}

#[tokio::test]
async fn a_cursor_of_another_history_or_from_the_future_or_no_cursor_at_all_is_answered_with_a_gap()
{
    let server = TestServer::start();
    let alice = server.user("alice").await;
    alice.send("bob", "hello").await;
    let elsewhere = TestServer::start();
    let stranger = elsewhere.user("bob").await;
    let other_epoch = stranger.cursor.clone();
    for _ in 0..20 {
        stranger.send("x", "more").await;
    }
    assert_gap(&server, &other_epoch).await;
    // The same history, made shorter: what the cursor names has not happened yet.
    let epoch = u64::from_str_radix(&alice.client.ready().epoch, 16).unwrap();
    let future = magpie_proto::Cursor { epoch, position: 1 << 40 }.encode();
    assert_gap(&server, &future).await;
    for garbage in ["", "x", "AAAA", "../../etc/passwd", "💥", &"z".repeat(5_000)] {
        assert_gap(&server, garbage).await;
    }
}

#[tokio::test]
async fn a_pong_carries_a_cursor_and_the_count_of_durable_events() {
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let mut bob = server.user("bob").await;
    let before = bob.client.ping().await.unwrap();
    assert_eq!(before.n, 0);
    for text in ["one", "two", "three"] {
        alice.send("bob", text).await;
    }
    for _ in 0..3 {
        bob.message().await;
    }
    let after = bob.client.ping().await.unwrap();
    assert_eq!((after.n, bob.events.durable_count()), (3, 3));
    assert_ne!(after.cur, before.cur);
    // Everything up to that cursor was put on this connection: it can be resumed from.
    bob.close().await;
    let again = reopen(&server, "bob", &after.cur.unwrap()).await;
    assert!(again.changed().is_empty());
    again.close().await;
    let again = reopen(&server, "bob", &before.cur.unwrap()).await;
    assert_eq!(again.changed()[0].items.len(), 3);
}

#[tokio::test]
async fn a_resume_in_the_middle_of_traffic_brings_every_message_once() {
    const TOTAL: u64 = 400;
    let server = TestServer::start();
    let alice = server.user("alice").await;
    let bob = server.user("bob").await;
    let mut cursor = bob.cursor.clone();
    bob.close().await;
    let sender = tokio::spawn(async move {
        for number in 1..=TOTAL {
            assert_eq!(alice.send("bob", &number.to_string()).await.seq, number);
        }
    });
    let mut next = 1;
    // Comes and goes while messages flow; takes some each time.
    while next <= TOTAL {
        let mut bob = reopen(&server, "bob", &cursor).await;
        for conversation in bob.changed() {
            let first = conversation.items.first().map_or(next, |item| item.span().0);
            assert!(conversation.hole.is_none_or(|(from, to)| from <= next && to + 1 == first));
            next = next.max(conversation.head + 1);
        }
        let mut live = 0;
        while live < 20 && next <= TOTAL {
            let message = bob.message().await;
            if message.seq >= next {
                assert_eq!(message.seq, next, "nothing is missing in between");
                next += 1;
            }
            live += 1;
        }
        // Only a cursor asked for on this connection covers what came on it.
        cursor = bob.client.ping().await.unwrap().cur.unwrap();
        for event in bob.drain().await {
            if let Event::Message(message) = event {
                assert_eq!(message.seq, next);
                next += 1;
            }
        }
        bob.close().await;
    }
    sender.await.unwrap();
}

#[tokio::test]
async fn a_long_list_comes_in_pages_and_only_the_last_has_the_cursor() {
    let server = TestServer::start();
    let bob = server.user("bob").await;
    let long = "长".repeat(3_000);
    for number in 0..60 {
        bob.send(&format!("friend-{number}"), &long).await;
    }
    bob.close().await;
    let fresh = Session::open(Options::new(server.url(), server.token("bob").await)).await;
    assert!(fresh.pages.len() > 1, "540 KB do not fit one page");
    let (last, before) = fresh.pages.split_last().unwrap();
    assert!(before.iter().all(|page| page.more && page.cur.is_none()));
    assert!(!last.more);
    let mut ids: Vec<_> = fresh.changed().iter().map(|c| c.c.clone()).collect();
    assert_eq!(ids.len(), 60);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 60, "each conversation once");
}
