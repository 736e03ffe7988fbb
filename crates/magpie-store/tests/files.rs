//! Data directories that cannot be used say why; backups, restores and checks do what they say.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{fs, path::Path, sync::Arc};

use magpie_core::port::store::{
    Append, Guard, Op, Origin, Place, Store, UserPatch, Write, WriteResult,
};
use magpie_proto::{Body, ConversationId, MessageId, UserId};
use magpie_store::{
    OpenError, OpenOptions, SqliteStore,
    sqlite::{DATABASE, backup, check, restore},
};
use magpie_testkit::RecordingSink;
use rusqlite::Connection;

fn try_open(dir: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(OpenOptions::new(dir, 7), Arc::new(RecordingSink::default()))
}

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn write(store: &SqliteStore, op: Op) -> WriteResult {
    let (origin, answer) = Origin::call();
    store.submit(Write { op, origin }).unwrap();
    answer.blocking_recv().unwrap()
}

fn send(store: &SqliteStore, from: &str, to: &str) {
    let append = Append {
        place: Place::Direct(user(to)),
        sender: user(from),
        client_msg_id: Some(format!("{from}-{}", store.position()).into()),
        body: Body::text("hello"),
        id: MessageId::from_bytes([7; 16]),
        sent_ms: 1,
        guard: Guard::default(),
    };
    write(store, Op::Append(append)).unwrap();
}

fn filled(dir: &Path) -> SqliteStore {
    let store = try_open(dir).unwrap();
    for id in ["a", "b", "c"] {
        let (name, avatar, role, banned) = (None, None, None, None);
        let patch = UserPatch { id: user(id), name, avatar, role, banned, now_ms: 1 };
        write(&store, Op::PutUser(patch)).unwrap();
    }
    for _ in 0..10 {
        send(&store, "a", "b");
        send(&store, "b", "a");
        send(&store, "a", "c");
    }
    let conversation = ConversationId::direct(&user("a"), &user("b"));
    write(&store, Op::Read { user: user("a"), conversation, seq: 7 }).unwrap();
    store
}

fn refusal(dir: &Path) -> String {
    match try_open(dir) {
        Ok(_) => panic!("opened"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let first = try_open(dir.path()).unwrap();
    assert!(matches!(try_open(dir.path()), Err(OpenError::Locked(_))));
    assert!(refusal(dir.path()).contains("another magpie is running"));
    drop(first);
    drop(try_open(dir.path()).unwrap());
}

#[test]
fn a_newer_schema_is_refused_untouched() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let database = dir.path().join(DATABASE);
    let conn = Connection::open(&database).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    let before = fs::read(&database).unwrap();
    assert!(matches!(
        try_open(dir.path()),
        Err(OpenError::NewerSchema { found: 99, known: 2, .. })
    ));
    let text = refusal(dir.path());
    assert!(text.contains("made by a newer magpie") && text.contains("restore a backup"), "{text}");
    assert_eq!(fs::read(&database).unwrap(), before);
}

#[test]
fn files_of_others_are_refused_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join(DATABASE);
    fs::write(&database, "a shopping list, and more than sixteen bytes of it").unwrap();
    assert!(refusal(dir.path()).contains("no SQLite file"));
    fs::remove_file(&database).unwrap();
    let conn = Connection::open(&database).unwrap();
    conn.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(conn);
    let before = fs::read(&database).unwrap();
    assert!(refusal(dir.path()).contains("belongs to another program"));
    assert_eq!(fs::read(&database).unwrap(), before);
}

#[test]
fn a_damaged_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let database = dir.path().join(DATABASE);
    let mut bytes = fs::read(&database).unwrap();
    bytes[100..4_096].fill(0xa5);
    fs::write(&database, bytes).unwrap();
    let text = refusal(dir.path());
    assert!(text.contains("damaged") && text.contains(DATABASE), "{text}");
}

#[test]
fn a_directory_that_takes_no_files_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write where nobody may, but not even root makes files in /sys.
    let root = fs::write(dir.path().join("probe"), "").is_ok();
    let closed = if root { Path::new("/sys/kernel") } else { dir.path() };
    let text = refusal(closed);
    assert!(text.contains("cannot write to") && text.contains("writable"), "{text}");
    let below_a_file = dir.path().join("probe/data");
    assert!(try_open(&below_a_file).is_err());
}

#[test]
fn a_backup_of_a_running_store_can_be_restored_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let (live, other) = (dir.path().join("live"), dir.path().join("other"));
    let copy = dir.path().join("copy.db");
    let store = filled(&live);
    backup(&live, &copy).unwrap();
    assert!(matches!(backup(&live, &copy), Err(OpenError::Exists(_))));
    send(&store, "a", "b");
    assert!(matches!(restore(&copy, &live, 8, true), Err(OpenError::Locked(_))));
    assert_eq!(restore(&copy, &other, 8, false).unwrap(), None);
    assert!(matches!(restore(&copy, &other, 9, false), Err(OpenError::Exists(_))));
    let restored = try_open(&other).unwrap();
    assert_eq!((restored.epoch(), restored.position()), (8, store.position() - 1));
    drop(restored);
    let report = check(&other).unwrap();
    assert_eq!((report.messages, report.conversations, report.users), (30, 2, 3));
    assert_eq!(report.problems, []);
    drop(store);
    let kept = restore(&copy, &live, 10, true).unwrap().unwrap();
    assert!(kept.exists());
    assert_eq!(try_open(&live).unwrap().epoch(), 10);
    assert!(matches!(backup(&dir.path().join("no"), &copy), Err(OpenError::Missing(_))));
    fs::write(&copy, "not a backup, that much is certain").unwrap();
    assert!(matches!(restore(&copy, &live, 11, true), Err(OpenError::NotAStore { .. })));
}

#[test]
fn a_backup_while_messages_arrive_is_consistent() {
    let dir = tempfile::tempdir().unwrap();
    let live = dir.path().join("live");
    let store = filled(&live);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (0..300).for_each(|_| send(&store, "a", "b")));
        for n in 0..5 {
            let copy = dir.path().join(format!("copy{n}.db"));
            let restored = dir.path().join(format!("restored{n}"));
            backup(&live, &copy).unwrap();
            restore(&copy, &restored, 8, false).unwrap();
            assert_eq!(check(&restored).unwrap().problems, []);
        }
        writer.join().unwrap();
    });
}

#[test]
fn a_check_names_what_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    assert_eq!(check(dir.path()).unwrap().problems, [], "a running store can be checked");
    drop(store);
    let id = ConversationId::direct(&user("a"), &user("b"));
    let conn = Connection::open(dir.path().join(DATABASE)).unwrap();
    for (damage, found) in [
        ("DELETE FROM messages WHERE conversation = ?1 AND seq = 3", "number of messages"),
        ("UPDATE conversations SET head = head + 1 WHERE id = ?1", "newest seq"),
        ("UPDATE conversations SET own_a = 99 WHERE id = ?1", "first user"),
        ("UPDATE conversations SET own_b = 99 WHERE id = ?1", "second user"),
        ("UPDATE memberships SET own_at_floor = 99 WHERE conversation = ?1", "below the floor"),
        ("UPDATE messages SET ver = 1 WHERE conversation = ?1 AND seq = 9", "older position"),
        ("UPDATE conversations SET ver = 9999 WHERE id = ?1", "above the newest commit"),
        ("UPDATE conversations SET rev = 3 WHERE id = ?1", "differs from the rev"),
        ("UPDATE conversations SET voids = 2 WHERE id = ?1", "count for nobody"),
        ("INSERT INTO voids VALUES (?1, 1, 1)", "left of a recalled message"),
        ("INSERT INTO changes VALUES (?1, 900, 1, 1, 1, 1, 1, 1)", "change of a message above"),
        ("UPDATE memberships SET hides = 4 WHERE conversation = ?1", "that a user hid"),
        ("UPDATE memberships SET read_seq = 99 WHERE conversation = ?1", "above the head"),
        ("DELETE FROM conversations WHERE id = ?1", "without its conversation"),
    ] {
        conn.execute(damage, [id.to_i64()]).unwrap();
        let problems = check(dir.path()).unwrap().problems;
        let named = problems
            .iter()
            .any(|p| p.text.contains(found) && p.place == format!("conversation {id}"));
        assert!(named, "{damage}: {problems:?}");
    }
}

#[test]
fn a_check_names_an_upload_that_is_held_by_other_messages_than_it_says() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let conn = Connection::open(dir.path().join(DATABASE)).unwrap();
    conn.execute_batch(
        "INSERT INTO media VALUES (x'000102030405060708090a0b0c0d0e0f', 1, 1, '', NULL, 0, 1, 1, 1);",
    )
    .unwrap();
    let problems = check(dir.path()).unwrap().problems;
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].place, "upload 000102030405060708090a0b0c0d0e0f");
    assert!(problems[0].text.contains("found 1, expected 0"), "{problems:?}");
}

#[test]
fn a_check_names_a_damaged_index() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let database = dir.path().join(DATABASE);
    let conn = Connection::open(&database).unwrap();
    let page: i64 = conn
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'messages_by_seq'", [], |r| {
            r.get(0)
        })
        .unwrap();
    drop(conn);
    let mut bytes = fs::read(&database).unwrap();
    let start = (usize::try_from(page).unwrap() - 1) * 4_096;
    bytes[start + 4_000..start + 4_096].fill(0);
    fs::write(&database, bytes).unwrap();
    match check(dir.path()) {
        Ok(report) => assert!(!report.problems.is_empty()),
        Err(error) => assert!(matches!(error, OpenError::Damaged { .. }), "{error}"),
    }
}

#[test]
fn a_closed_store_has_an_empty_log_and_refuses_writes_while_a_handle_is_still_held() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let position = store.position();
    store.close();
    let (origin, _answer) = Origin::call();
    let op = Op::Seen { user: user("a"), at_ms: 2 };
    assert!(store.submit(Write { op, origin }).is_err());
    let log = dir.path().join(format!("{DATABASE}-wal"));
    assert_eq!(fs::metadata(log).map_or(0, |file| file.len()), 0);
    drop(store);
    assert_eq!(try_open(dir.path()).unwrap().position(), position);
}
