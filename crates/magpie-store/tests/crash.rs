//! What was acknowledged is there after a crash, wherever it hit: a copy of the files of a running
//! store is what a crash leaves behind.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use magpie_core::{
    model::{Draft, Item, Media, Position},
    port::store::{
        Alteration, Append, CommitSink, Committed, Guard, Op, Origin, Outcome, Place, Publish,
        ResumeQuery, Revise, Store, UserPatch, Write, WriteResult,
    },
};
use magpie_proto::{Body, ConversationId, MediaId, MessageId, UserId, client::Edge};
use magpie_store::{
    OpenOptions, SqliteStore,
    sqlite::{DATABASE, backup, check, restore},
};
use magpie_testkit::RecordingSink;
use parking_lot::Mutex;
use rusqlite::Connection;

/// Longer than any test: nothing is applied unless somebody waits for it.
const NEVER: Duration = Duration::from_secs(3_600);

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn conversation() -> ConversationId {
    ConversationId::direct(&user("a"), &user("b"))
}

fn put(id: &str) -> Op {
    let (name, avatar, role, banned) = (Some(format!("name of {id}")), None, None, None);
    Op::PutUser(UserPatch { id: user(id), name, avatar, role, banned, now_ms: 1 })
}

fn append(number: u64) -> Op {
    Op::Append(Append {
        place: Place::Direct(user("b")),
        sender: user("a"),
        client_msg_id: Some(format!("key {number}").into()),
        body: Body::text(&format!("message {number}")),
        id: MessageId::from_bytes(u128::from(number).to_be_bytes()),
        sent_ms: number,
        guard: Guard { create_receiver: true, ..Guard::default() },
    })
}

fn write(store: &SqliteStore, op: Op) -> WriteResult {
    let (origin, answer) = Origin::call();
    store.submit(Write { op, origin }).unwrap();
    answer.blocking_recv().unwrap()
}

fn options(dir: &Path, apply_patience: Duration) -> OpenOptions {
    OpenOptions { apply_patience, segment_bytes_first: 64 << 10, ..OpenOptions::new(dir, 7) }
}

fn open(dir: &Path, apply_patience: Duration) -> SqliteStore {
    let sink = Arc::new(RecordingSink::default());
    SqliteStore::open(options(dir, apply_patience), sink).unwrap()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Bodies of the whole conversation, oldest first; panics on a hole.
fn bodies(store: &SqliteStore) -> Vec<String> {
    let mut bodies = Vec::new();
    loop {
        let edge = Edge::After(bodies.len() as u64);
        let page = wait(store.history(user("b"), false, conversation(), edge, 200)).unwrap();
        let Some(page) = page else { return bodies };
        for item in page.items {
            let Item::Message(message) = item else { panic!("a hole: {item:?}") };
            assert_eq!(message.seq, bodies.len() as u64 + 1);
            bodies.push(message.body.as_json().to_owned());
        }
        if !page.more {
            return bodies;
        }
    }
}

fn expected(count: u64) -> Vec<String> {
    (1..=count).map(|number| Body::text(&format!("message {number}")).as_json().into()).collect()
}

/// What a crash of the process leaves.
fn copy(from: &Path, to: &Path) {
    try_copy(from, to).unwrap();
}

/// Fails when a file is renamed meanwhile.
fn try_copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            try_copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[test]
fn the_unapplied_tail_is_served_at_once_after_a_crash_and_applied_behind() {
    let dir = tempfile::tempdir().unwrap();
    let crashed = dir.path().join("crashed");
    let store = open(&dir.path().join("live"), NEVER);
    write(&store, put("a")).unwrap();
    for number in 1..=300 {
        write(&store, append(number)).unwrap();
    }
    write(&store, Op::Read { user: user("b"), conversation: conversation(), seq: 100 }).unwrap();
    copy(&dir.path().join("live"), &crashed);
    let position = store.position();
    drop(store);

    let store = open(&crashed, NEVER);
    assert_eq!((store.position(), store.epoch()), (position, 7));
    assert!(store.tail_bytes() > 0, "nothing was applied yet");
    assert_eq!(bodies(&store), expected(300));
    let entry = wait(store.entry(user("b"), false, conversation())).unwrap().unwrap();
    assert_eq!(
        (entry.head, entry.unread, entry.peer.unwrap().name),
        (300, 200, "name of a".into())
    );
    let since = Some(position - 2);
    let query =
        ResumeQuery { user: user("b"), agent: false, since, mark: None, budget_bytes: 9_999 };
    let page = wait(store.resume(query)).unwrap();
    assert_eq!((page.position, page.changed.len()), (position, 1));
    let again = write(&store, append(17)).unwrap();
    assert!(matches!(again, Outcome::Duplicate { seq: 17, .. }), "{again:?}");
    let next = write(&store, append(301)).unwrap();
    assert!(matches!(next, Outcome::Stored { message, .. } if message.seq == 301));
    // A list has those of the tail among the others.
    assert_eq!(wait(store.users(None, 9)).unwrap().len(), 2);
    drop(store);
    assert_eq!(bodies(&open(&crashed, NEVER)), expected(301));
    assert_eq!(check(&crashed).unwrap().problems, []);
}

#[test]
fn a_database_that_falls_back_to_its_last_checkpoint_is_brought_up_again() {
    let dir = tempfile::tempdir().unwrap();
    let (live, crashed) = (dir.path().join("live"), dir.path().join("crashed"));
    let options = OpenOptions { rows_per_checkpoint: 100, ..options(&live, Duration::ZERO) };
    let store = SqliteStore::open(options, Arc::new(RecordingSink::default())).unwrap();
    write(&store, put("a")).unwrap();
    let mut sent = 0;
    for round in 0..6 {
        for _ in 0..250 {
            sent += 1;
            write(&store, append(sent)).unwrap();
        }
        // A power cut: SQLite's log, which no commit waits for, is lost whole.
        let crashed = crashed.join(round.to_string());
        copy_without_log(&live, &crashed);
        assert_eq!(bodies(&open(&crashed, NEVER)), expected(sent), "round {round}");
        assert_eq!(check(&crashed).unwrap().problems, []);
    }
}

/// As `copy`, without SQLite's write-ahead log. The journal is copied last: it only grows behind
/// what the database file holds. A checkpoint that was half done meanwhile would need the log, which
/// a power cut leaves there then; such a copy, or one of a segment that was put aside, is taken
/// again.
fn copy_without_log(from: &Path, to: &Path) {
    let (live, copied) = (from.join(DATABASE), to.join(DATABASE));
    loop {
        fs::create_dir_all(to).unwrap();
        fs::copy(&live, &copied).unwrap();
        let journal = try_copy(&from.join("journal"), &to.join("journal"));
        let same = fs::read(&live).unwrap() == fs::read(&copied).unwrap();
        if journal.is_ok() && same && is_whole(&copied) {
            return;
        }
        fs::remove_dir_all(to).unwrap();
    }
}

fn is_whole(database: &Path) -> bool {
    let conn = Connection::open(database).unwrap();
    let verdict = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    verdict.is_ok_and(|verdict| verdict == "ok")
}

/// Copies the files whenever it is told of a commit, before anybody else is.
struct Copier {
    live: PathBuf,
    copies: PathBuf,
    taken: Mutex<Vec<(u64, PathBuf)>>,
    messages: Mutex<u64>,
}

impl CommitSink for Copier {
    fn committed(&self, batch: Vec<Committed>, position: Position) {
        let stored = |c: &&Committed| matches!(c.result, Ok(Outcome::Stored { .. }));
        let mut messages = self.messages.lock();
        *messages += batch.iter().filter(stored).count() as u64;
        let target = self.copies.join(position.to_string());
        copy(&self.live, &target);
        self.taken.lock().push((*messages, target));
        for committed in &batch {
            committed.origin.answer_call(&committed.result);
        }
    }
}

#[test]
fn a_crash_right_after_any_acknowledgement_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let live = dir.path().join("live");
    let copier = Arc::new(Copier {
        live: live.clone(),
        copies: dir.path().join("copies"),
        taken: Mutex::default(),
        messages: Mutex::new(0),
    });
    // Nobody applies meanwhile: the files stand still while they are copied.
    let store = SqliteStore::open(options(&live, NEVER), Arc::clone(&copier) as _).unwrap();
    write(&store, put("a")).unwrap();
    for number in 1..=60 {
        write(&store, append(number)).unwrap();
    }
    for (messages, copy) in copier.taken.lock().iter() {
        assert_eq!(bodies(&open(copy, NEVER)), expected(*messages));
    }
}

fn revise(seq: u64, what: Alteration) -> Op {
    Op::Revise(Revise {
        conversation: conversation(),
        seq,
        by: user("a"),
        what,
        at_ms: 9,
        window_ms: None,
        guarded: true,
    })
}

/// Everything that became of messages, and what lies beside them.
fn everything(store: &SqliteStore) -> String {
    let (b, id) = (user("b"), conversation());
    let query = ResumeQuery {
        user: b.clone(),
        agent: false,
        since: Some(3),
        mark: None,
        budget_bytes: 9_999,
    };
    let seen = (
        wait(store.history(b.clone(), false, id, Edge::Newest, 50)),
        wait(store.entry(user("a"), false, id)),
        wait(store.changes(b.clone(), false, id, 0, 50)),
        wait(store.unread(b, false, id)),
        wait(store.resume(query)).map(|page| page.changed),
        wait(store.devices(user("a"))),
        wait(store.media(media().id)),
        wait(store.visible_media(user("b"), false, vec![media().id])),
        wait(store.idle_media(99, 9)),
    );
    format!("{seen:#?}")
}

fn media() -> Media {
    Media {
        id: MediaId::from_bytes([7; 16]),
        owner: user("a"),
        bytes: 5,
        descriptor: r#"{"id":"07070707070707070707070707070707"}"#.into(),
        poster: None,
        public: false,
        created_ms: 1,
        uses: 0,
        free_after_ms: 50,
    }
}

/// One of each kind, some on messages that lie long back.
fn whatever_can_become_of_messages() -> Vec<Op> {
    let react = |emoji: &str, on| Alteration::React { emoji: emoji.into(), on };
    let draft = |text: &str| Op::Draft {
        user: user("a"),
        conversation: conversation(),
        draft: (!text.is_empty()).then(|| Box::new(Draft { text: text.into(), reply_to: Some(1) })),
        at_ms: 9,
    };
    let Op::Append(mut show) = append(6) else { panic!("a message") };
    let descriptor = media().descriptor;
    let body = format!("{{\"k\":\"image\",\"x\":\"i\",\"media\":{descriptor}}}");
    show.body = Body::from_stored(body.into_bytes().into());
    let device =
        |at_ms| Op::DeviceSeen { user: user("a"), device: "p".into(), name: "Phone".into(), at_ms };
    vec![
        // While nothing was recalled the list takes its short way, which has to see this.
        revise(5, Alteration::Edit(Body::text("the newest"))),
        revise(2, Alteration::Edit(Body::text("edited"))),
        revise(3, react("x", true)),
        revise(3, react("y", true)),
        revise(1, Alteration::Recall),
        draft("hel"),
        Op::PutMedia(media()),
        Op::Append(show),
        revise(3, react("x", false)),
        device(1),
        revise(2, Alteration::Edit(Body::text("edited again"))),
        draft(""),
        revise(3, Alteration::Recall),
        revise(6, Alteration::Recall),
        Op::SignOutDevice { user: user("a"), device: "p".into(), at_ms: 2 },
        Op::DropMedia { id: media().id },
        device(3),
    ]
}

#[test]
fn what_became_of_messages_is_there_after_a_crash_at_any_moment() {
    for patience in [NEVER, Duration::ZERO] {
        let dir = tempfile::tempdir().unwrap();
        let live = dir.path().join("live");
        let store = open(&live, patience);
        write(&store, put("a")).unwrap();
        for number in 1..=5 {
            write(&store, append(number)).unwrap();
        }
        for (step, op) in whatever_can_become_of_messages().into_iter().enumerate() {
            let what = format!("{step}: {op:?}");
            write(&store, op).unwrap_or_else(|refused| panic!("{what}: {refused:?}"));
            let expected = everything(&store);
            let crashed = dir.path().join(step.to_string());
            if patience == NEVER {
                copy(&live, &crashed);
            } else {
                copy_without_log(&live, &crashed);
            }
            // From the journal alone, then from the tables.
            for _ in 0..2 {
                let store = open(&crashed, NEVER);
                assert_eq!(everything(&store), expected, "after {what}");
                let again = write(&store, append(2)).unwrap();
                assert!(matches!(again, Outcome::Duplicate { seq: 2, .. }), "{again:?}");
            }
            assert_eq!(check(&crashed).unwrap().problems, [], "after {what}");
        }
    }
}

#[test]
fn messages_of_the_database_show_what_the_tail_knows_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), NEVER);
    write(&store, put("a")).unwrap();
    for number in 1..=20 {
        write(&store, append(number)).unwrap();
    }
    drop(store);
    let store = open(dir.path(), NEVER);
    assert_eq!(store.tail_bytes(), 0, "the database has it all");
    let long = |letter: &str| Body::text(&letter.repeat(60_000));
    for letter in ["x", "y"] {
        for seq in 1..=20 {
            write(&store, revise(seq, Alteration::Edit(long(letter)))).unwrap();
        }
    }
    let page = wait(store.history(user("b"), false, conversation(), Edge::Newest, 50));
    let page = page.unwrap().unwrap();
    assert_eq!((page.items.len(), page.more), (8, true), "a page has room for eight of these");
    for item in page.items {
        let Item::Message(message) = item else { panic!("a hole") };
        assert_eq!(message.body, long("y"));
    }
    write(&store, revise(20, Alteration::Recall)).unwrap();
    let entry = wait(store.entry(user("b"), false, conversation())).unwrap().unwrap();
    assert_eq!((entry.unread, entry.last.map(|message| message.seq)), (19, Some(19)));
}

#[test]
fn a_backup_and_a_check_see_what_only_the_journal_has() {
    let dir = tempfile::tempdir().unwrap();
    let (live, file) = (dir.path().join("live"), dir.path().join("copy.backup"));
    let store = open(&live, NEVER);
    write(&store, put("a")).unwrap();
    for number in 1..=50 {
        write(&store, append(number)).unwrap();
    }
    let report = check(&live).unwrap();
    assert_eq!((report.messages, report.conversations, report.users), (50, 1, 2));
    assert_eq!(report.problems, []);
    backup(&live, &file).unwrap();
    let restored = dir.path().join("restored");
    assert_eq!(restore(&file, &restored, 8, false).unwrap(), None);
    let copied = open(&restored, NEVER);
    assert_eq!((copied.epoch(), copied.position()), (8, store.position()));
    assert_eq!(bodies(&copied), expected(50));
}

#[test]
fn a_restore_over_a_store_keeps_its_journal_away_from_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let (live, crashed) = (dir.path().join("live"), dir.path().join("crashed"));
    let file = dir.path().join("copy.backup");
    let store = open(&live, NEVER);
    write(&store, put("a")).unwrap();
    write(&store, append(1)).unwrap();
    backup(&live, &file).unwrap();
    write(&store, append(2)).unwrap();
    copy(&live, &crashed);
    assert!(restore(&file, &crashed, 8, true).unwrap().is_some());
    assert_eq!(bodies(&open(&crashed, NEVER)), expected(1));
    // The journal of another store is refused, not replayed.
    fs::remove_dir_all(crashed.join("journal")).unwrap();
    copy(&live.join("journal"), &crashed.join("journal"));
    let refused = SqliteStore::open(options(&crashed, NEVER), Arc::new(RecordingSink::default()));
    let text = refused.err().unwrap().to_string();
    assert!(text.contains("belongs to another store"), "{text}");
}

#[test]
fn a_flipped_bit_in_the_journal_is_told_and_nothing_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let (live, crashed) = (dir.path().join("live"), dir.path().join("crashed"));
    let store = open(&live, NEVER);
    write(&store, put("a")).unwrap();
    for number in 1..=20 {
        write(&store, append(number)).unwrap();
    }
    copy(&live, &crashed);
    let segment = fs::read_dir(crashed.join("journal")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&segment).unwrap();
    let place = bytes.windows(9).position(|text| text == b"message 7").unwrap();
    bytes[place] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let refused = SqliteStore::open(options(&crashed, NEVER), Arc::new(RecordingSink::default()));
    let text = refused.err().unwrap().to_string();
    assert!(text.contains("damaged") && text.contains("restore a backup"), "{text}");
    let problems = check(&crashed).unwrap().problems;
    assert!(problems.iter().any(|problem| problem.text.contains("damaged")), "{problems:?}");
}

#[test]
fn writers_wait_for_the_applier_when_the_tail_is_full_and_nothing_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions { tail_bytes_max: 20_000, ..options(dir.path(), NEVER) };
    let store = SqliteStore::open(options, Arc::new(RecordingSink::default())).unwrap();
    write(&store, put("a")).unwrap();
    for number in 1..=500 {
        write(&store, append(number)).unwrap();
    }
    assert!(store.tail_bytes() <= 40_000, "{}", store.tail_bytes());
    assert_eq!(bodies(&store), expected(500));
}

#[test]
fn resends_after_a_restart_are_known_while_the_keys_are_being_learned_and_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), NEVER);
    write(&store, put("a")).unwrap();
    for number in 1..=400 {
        write(&store, append(number)).unwrap();
    }
    drop(store);
    let store = open(dir.path(), NEVER);
    for number in 1..=400 {
        let again = write(&store, append(number)).unwrap();
        assert!(matches!(again, Outcome::Duplicate { seq, .. } if seq == number), "{again:?}");
    }
    assert!(matches!(write(&store, append(401)), Ok(Outcome::Stored { .. })));
}

#[test]
fn a_channels_value_and_its_key_are_known_before_and_after_they_are_applied() {
    let dir = tempfile::tempdir().unwrap();
    let publish = |key: &str, data: &str| {
        Op::Publish(Publish {
            user: user("a"),
            channel: "pay".into(),
            data: data.into(),
            sent_ms: 5,
            hold_until_ms: 1_000,
            replay: magpie_core::model::Replay::Always,
            idempotency_key: Some(key.into()),
        })
    };
    for patience in [NEVER, Duration::ZERO] {
        let store = open(dir.path(), patience);
        let first = write(&store, publish("k", "1")).unwrap();
        let again = write(&store, publish("k", "1")).unwrap();
        let (Outcome::Published { value, .. }, Outcome::Published { value: same, fresh }) =
            (first, again)
        else {
            panic!("not published")
        };
        assert_eq!((value, fresh), (same, false));
        assert!(write(&store, publish("k", "2")).is_err(), "another value with the same key");
    }
}
