//! The run itself: twenty senders, kills at random moments, a verdict.

use std::{collections::BTreeMap, time::Duration};

use magpie_client::Edge;
use tokio::sync::watch;

use super::{
    checker::{Conversation, Truth, check},
    client::{Client, Phase, Told},
    log::{Log, Stored},
};
use crate::common::TestServer;

const SENDERS: usize = 20;
/// Acknowledged in each life before it may be killed.
const ACKED_MIN: u64 = 500;
/// And so many more at most: where in the traffic the kill hits.
const ACKED_EXTRA: u64 = 500;
/// A life that brings no more acknowledgements hangs.
const PATIENCE: Duration = Duration::from_secs(120);

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// SplitMix64.
fn roll(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[tokio::test]
async fn whatever_was_acknowledged_before_a_kill_is_there_once_in_order_and_reaches_everybody_once()
{
    let kills = setting("MAGPIE_KILLS", 50);
    let seed = setting("MAGPIE_SEED", u64::from(std::process::id()));
    println!("MAGPIE_KILLS={kills} MAGPIE_SEED={seed}");
    let mut random = seed;
    // The user's rate is not what this test is about.
    let mut server = TestServer::with(&[
        ("limits.messages_per_s", "1000000"),
        ("limits.messages_burst", "1000000"),
    ]);
    let (acked, mut total) = watch::channel(0_u64);
    let (drained, mut done) = watch::channel(0_usize);
    let told = Told { acked, drained };
    let (lives, life) = watch::channel(0_u64);
    let (phase, phases) = watch::channel(Phase::Load);
    let mut clients = Vec::new();
    for number in 0..SENDERS {
        let name = |n: usize| format!("u{}", n % SENDERS);
        // Two-way with the neighbour, and into a second conversation with the one after.
        let peers = vec![name(number ^ 1), name(number + 2), name(number ^ 1)];
        let token = server.token(&name(number)).await;
        let client = Client::new(&name(number), token, peers, told.clone());
        clients.push(tokio::spawn(client.run(server.address, life.clone(), phases.clone())));
    }
    let (mut fewest, mut rates) = (u64::MAX, Vec::new());
    for _ in 0..kills {
        let before = *total.borrow_and_update();
        let begun = tokio::time::Instant::now();
        let enough = before + ACKED_MIN + roll(&mut random) % ACKED_EXTRA;
        let waited = tokio::time::timeout(PATIENCE, total.wait_for(|count| *count >= enough));
        let in_life = *waited.await.expect("the load has stopped").unwrap() - before;
        server.kill();
        assert_eq!(server.died_of(), Some(9), "it was alive: {}", server.log());
        fewest = fewest.min(in_life);
        rates.push(in_life as f64 / begun.elapsed().as_secs_f64());
        server.restart();
        lives.send_modify(|life| *life += 1);
    }
    rates.sort_by(f64::total_cmp);
    let all = *total.borrow();
    println!(
        "{all} acknowledged in all, at least {fewest} in each life; acknowledged each second of a \
         life: median {:.0}, lowest {:.0}",
        rates[rates.len() / 2],
        rates[0]
    );
    assert!(fewest >= ACKED_MIN);
    phase.send_replace(Phase::Drain);
    let all_done = done.wait_for(|count| *count == SENDERS);
    tokio::time::timeout(PATIENCE, all_done).await.expect("sends without an ack").unwrap();
    phase.send_replace(Phase::Finish);
    let mut logs = Vec::new();
    for client in clients {
        logs.push(tokio::time::timeout(PATIENCE, client).await.expect("a client hangs").unwrap());
    }
    let faults = check(&logs, &truth(&server, &logs).await);
    let shown: Vec<_> = faults.iter().take(20).map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{} faults: {}", faults.len(), shown.join("\n"));
}

/// Everything that the server holds, read by fresh sessions page by page.
async fn truth(server: &TestServer, logs: &[Log]) -> Truth {
    let mut truth: BTreeMap<String, Conversation> = BTreeMap::new();
    for log in logs {
        let session = server.sign_in(&log.user, "auditor").await;
        let ids: Vec<String> = session.changed().iter().map(|c| c.c.clone()).collect();
        for id in ids {
            let conversation = truth.entry(id.clone()).or_default();
            conversation.members.push(log.user.clone());
            if conversation.messages.is_empty() {
                conversation.messages = history(&session, &id).await;
            }
        }
        session.close().await;
    }
    truth
}

async fn history(session: &crate::common::Session, id: &str) -> Vec<Stored> {
    let mut messages = Vec::new();
    let mut after = 0;
    loop {
        let page = session.client.history(id, Edge::After(after), 200).await.unwrap();
        for item in &page.items {
            after = item.span().1;
            let Some(m) = item.message() else { panic!("nothing was deleted: {item:?}") };
            messages.push(Stored {
                conversation: m.c.clone(),
                seq: m.seq,
                id: m.id.clone(),
                from: m.from.clone(),
                text: m.b.x.clone(),
            });
        }
        if !page.more {
            return messages;
        }
    }
}
