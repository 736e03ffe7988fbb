//! The stranger limit under a stampede: a thousand sends at once from fifty sockets, on the real
//! server with its real store. Exactly as many are stored as the limit says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::{collections::HashMap, sync::Arc};

use common::{Session, TestServer, body, within};
use magpie_client::{Client, Target};
use tokio::sync::Barrier;

const SOCKETS: usize = 50;
const SENDS_EACH: usize = 20;
const LIMIT: u64 = 3;

async fn server() -> TestServer {
    let limit = LIMIT.to_string();
    TestServer::with(&[("limits.stranger_limit", &limit), ("limits.connections_per_user", "100")])
}

/// Sends from every socket at once; the seqs that were given out, by sender.
async fn stampede(sessions: &[Session], to: &'static str) -> HashMap<String, Vec<u64>> {
    let start = Arc::new(Barrier::new(SOCKETS * SENDS_EACH));
    let mut tasks = Vec::new();
    for session in sessions {
        for number in 0..SENDS_EACH {
            let (client, start) = (session.client.clone(), start.clone());
            tasks.push(tokio::spawn(async move {
                start.wait().await;
                send(&client, to, number).await
            }));
        }
    }
    let mut stored: HashMap<String, Vec<u64>> = HashMap::new();
    for task in tasks {
        let (sender, seq) = task.await.unwrap();
        stored.entry(sender).or_default().extend(seq);
    }
    stored
}

/// The sender, and the seq if it was stored.
async fn send(client: &Client, to: &str, number: usize) -> (String, Option<u64>) {
    let text = format!("{number}");
    let content = body(&text);
    let sender = client.ready().user.id.clone();
    match within("an answer", client.send(Target::User(to), &content, None)).await {
        Ok(ack) => (sender, Some(ack.seq)),
        Err(refused) => {
            assert_eq!(refused.code(), Some("stranger_limit"), "{refused}");
            (sender, None)
        }
    }
}

async fn sign_in(server: &TestServer, user: impl Fn(usize) -> String) -> Vec<Session> {
    let mut sessions = Vec::new();
    for number in 0..SOCKETS {
        sessions.push(server.sign_in(&user(number), &format!("device-{number}")).await);
    }
    sessions
}

#[tokio::test]
async fn of_a_thousand_parallel_sends_of_one_stranger_exactly_the_limit_is_stored() {
    let server = server().await;
    let sessions = sign_in(&server, |_| "eager".to_owned()).await;
    let mut stored = stampede(&sessions, "silent").await;
    let seqs = stored.get_mut("eager").unwrap();
    seqs.sort_unstable();
    assert_eq!(*seqs, (1..=LIMIT).collect::<Vec<_>>());
    // What the receiver finds is what was acknowledged.
    let silent = server.user("silent").await;
    assert_eq!(silent.changed()[0].head, LIMIT);
}

#[tokio::test]
async fn each_of_fifty_strangers_gets_exactly_his_own_limit() {
    let server = server().await;
    let sessions = sign_in(&server, |number| format!("eager-{number}")).await;
    let stored = stampede(&sessions, "silent").await;
    assert_eq!(stored.len(), SOCKETS);
    for (sender, mut seqs) in stored {
        seqs.sort_unstable();
        assert_eq!(seqs, (1..=LIMIT).collect::<Vec<_>>(), "{sender}");
    }
    let silent = server.user("silent").await;
    assert_eq!(silent.changed().len(), SOCKETS);
    assert!(silent.changed().iter().all(|conversation| conversation.head == LIMIT));
}
