//! Readers beside a busy writer and applier: what is shown is dense and never goes back, and a
//! device that resumes by cursor misses nothing, whichever layer or table answers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use magpie_core::{
    model::Item,
    port::store::{
        Alteration, Append, Guard, Op, Origin, Place, ResumeQuery, Revise, Store as _, UserPatch,
        Write, WriteResult,
    },
};
use magpie_proto::{Body, ConversationId, MessageId, Seq, UserId, client::Edge};
use magpie_store::{OpenOptions, SqliteStore};
use magpie_testkit::RecordingSink;

const MESSAGES: u64 = 6_000;

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn conversation() -> ConversationId {
    ConversationId::direct(&user("a"), &user("b"))
}

fn write(store: &SqliteStore, op: Op) -> WriteResult {
    let (origin, answer) = Origin::call();
    store.submit(Write { op, origin }).unwrap();
    answer.blocking_recv().unwrap()
}

fn append(number: u64) -> Op {
    Op::Append(Append {
        place: Place::Direct(user("b")),
        sender: user("a"),
        client_msg_id: Some(number.to_string().into()),
        body: Body::text(&number.to_string()),
        id: MessageId::from_bytes(u128::from(number).to_be_bytes()),
        sent_ms: number,
        guard: Guard { create_receiver: true, ..Guard::default() },
    })
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Places of messages, which have to be messages.
fn seqs(items: &[Item]) -> Vec<Seq> {
    let seq = |item: &Item| match item {
        Item::Message(message) => {
            assert_eq!(message.body, Body::text(&message.seq.to_string()), "another's content");
            message.seq
        }
        gone @ Item::Gone { .. } => panic!("a hole: {gone:?}"),
    };
    items.iter().map(seq).collect()
}

/// Looks at the newest page and the entry until it is told to stop.
fn look(store: &SqliteStore, stop: &AtomicBool) {
    let (mut head, mut stopping) = (0, false);
    while !stopping {
        stopping = stop.load(Ordering::Relaxed);
        let newest = store.history(user("b"), false, conversation(), Edge::Newest, 50);
        let Some(page) = wait(newest).unwrap() else { continue };
        assert!(page.head >= head, "the head went back from {head} to {}", page.head);
        head = page.head;
        let expected: Vec<Seq> = (head.saturating_sub(49).max(1)..=head).collect();
        assert_eq!(seqs(&page.items), expected);
        let entry = wait(store.entry(user("b"), false, conversation())).unwrap().unwrap();
        assert!(entry.head >= head);
        assert_eq!((entry.unread, entry.last.unwrap().seq), (entry.head, entry.head));
        let page = wait(store.inbox(user("b"), false, None, 9)).unwrap();
        assert_eq!(page.entries.len(), 1);
    }
}

/// A device that comes back again and again with the cursor it was given.
fn resume(store: &SqliteStore, stop: &AtomicBool) {
    let (mut since, mut have, mut stopping) = (0, 0, false);
    while !stopping {
        stopping = stop.load(Ordering::Relaxed);
        let page = wait(store.resume(ResumeQuery {
            user: user("b"),
            agent: false,
            since: Some(since),
            mark: None,
            budget_bytes: 1 << 20,
        }))
        .unwrap();
        assert!(page.position >= since);
        for missed in &page.changed {
            // A page may show more than its position says, so the next one may repeat it.
            if let Some((from, to)) = missed.hole.filter(|(_, to)| *to > have) {
                assert!(from <= have + 1, "{from} to {to} after {have}");
                have = to;
            }
            let new: Vec<Seq> = seqs(&missed.items).into_iter().filter(|seq| *seq > have).collect();
            assert_eq!(new, (have + 1..=missed.entry.head).collect::<Vec<_>>());
            have = missed.entry.head;
        }
        since = page.position;
    }
    assert_eq!(have, MESSAGES, "the last cursor covers what was not shown");
}

fn put_users(store: &SqliteStore) {
    for id in ["a", "b"] {
        let (name, avatar, role, banned) = (None, None, None, None);
        let patch = UserPatch { id: user(id), name, avatar, role, banned, now_ms: 1 };
        write(store, Op::PutUser(patch)).unwrap();
    }
}

fn stays_dense(apply_patience: Duration, recent_len_max: usize) {
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions { apply_patience, recent_len_max, ..OpenOptions::new(dir.path(), 7) };
    let store = SqliteStore::open(options, Arc::new(RecordingSink::default())).unwrap();
    put_users(&store);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| look(&store, &stop));
        scope.spawn(|| resume(&store, &stop));
        // Batches of different lengths, one after the other.
        let mut number = 0;
        while number < MESSAGES {
            let len = 1 + number % 40;
            for _ in 1..len.min(MESSAGES - number) {
                number += 1;
                store.submit(Write { op: append(number), origin: Origin::None }).unwrap();
            }
            number += 1;
            write(&store, append(number)).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn readers_see_a_dense_history_while_layers_come_and_go() {
    stays_dense(Duration::ZERO, 65_536);
}

#[test]
fn readers_see_a_dense_history_when_every_resume_has_to_search() {
    stays_dense(Duration::ZERO, 0);
}

#[test]
fn readers_see_a_dense_history_while_the_tail_grows() {
    stays_dense(Duration::from_secs(3_600), 16);
}

/// Edit number n says n, and is the n-th change: whoever shows it as changed by rev n shows what
/// that change said, or something later.
fn edits(number: u64) -> Op {
    Op::Revise(Revise {
        conversation: conversation(),
        seq: number % 40 + 1,
        by: user("a"),
        what: Alteration::Edit(Body::text(&number.to_string())),
        at_ms: number,
        window_ms: None,
        guarded: true,
    })
}

/// Looks at changed messages until it is told to stop.
fn look_at_changes(store: &SqliteStore, stop: &AtomicBool) {
    let (mut revs, mut stopping) = (vec![0; 100_000], false);
    while !stopping {
        stopping = stop.load(Ordering::Relaxed);
        let page = wait(store.history(user("b"), false, conversation(), Edge::After(0), 40));
        let changes = wait(store.changes(user("b"), false, conversation(), 0, 40));
        let items = page.unwrap().unwrap().items.into_iter();
        for item in items.chain(changes.unwrap().unwrap().items) {
            let Item::Message(message) = item else { continue };
            let said: u64 = message.body.parts().unwrap().x.parse().unwrap();
            let rev = message.revision.map_or(0, |revision| revision.rev);
            assert!(said >= rev, "rev {rev} said {rev}, not {said}");
            let place = usize::try_from(message.seq).unwrap();
            revs[place] = revs[place].max(rev);
        }
    }
    let newest = (EDITS - 39..=EDITS).map(|number| (number % 40 + 1, number));
    for (seq, rev) in newest {
        assert_eq!(revs[usize::try_from(seq).unwrap()], rev, "the last look sees the last change");
    }
}

const EDITS: u64 = 4_000;

fn nothing_old_is_shown_as_new(apply_patience: Duration) {
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions { apply_patience, ..OpenOptions::new(dir.path(), 7) };
    let store = SqliteStore::open(options, Arc::new(RecordingSink::default())).unwrap();
    put_users(&store);
    for number in 1..=40 {
        write(&store, append(number)).unwrap();
    }
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| look_at_changes(&store, &stop));
        for number in 1..=EDITS {
            let write = Write { op: edits(number), origin: Origin::None };
            store.submit(write).unwrap();
            if number % 7 == 0 {
                let (origin, answer) = Origin::call();
                store.submit(Write { op: append(1_000_000 + number), origin }).unwrap();
                answer.blocking_recv().unwrap().unwrap();
            }
        }
        write(&store, append(0)).unwrap();
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn readers_never_see_an_old_text_under_a_new_rev() {
    nothing_old_is_shown_as_new(Duration::ZERO);
    nothing_old_is_shown_as_new(Duration::from_secs(3_600));
}
