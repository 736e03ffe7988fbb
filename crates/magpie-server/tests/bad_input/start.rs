//! Rows: places where a server cannot start. It says why, exits with an error, and the server that
//! runs beside it does not notice.

use std::{
    fs::{self, File, OpenOptions},
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
};

use super::{Log, Row, World, world::Start};

/// Starts one that must give up, saying all of `words`.
fn gives_up(start: &Start, words: &[&str]) {
    let (text, code) = start.fails();
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
    assert!(!text.contains("panicked"), "{text}");
    assert!(!text.contains("magpie ready in"), "{text}");
    assert!(matches!(code, Some(1..)), "exit code {code:?}: {text}");
}

/// A data directory that a server has used and left.
fn used() -> Start {
    let mut server = Start::fresh().runs();
    assert!(server.alive());
    let start = server.stop();
    assert!(!start.data.join("magpie.db-wal").exists(), "the log was not folded in at the end");
    start
}

fn overwrite(file: &Path, at: u64, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

fn port_in_use(world: &mut World) {
    let start = Start { listen: world.server.address.to_string(), ..Start::fresh() };
    gives_up(&start, &["cannot listen on", &start.listen, "choose another address"]);
}

fn second_server(world: &mut World) {
    let start = Start { data: world.server.start.data.clone(), ..Start::fresh() };
    gives_up(&start, &["another magpie is running", "stop it first"]);
}

/// Root may write where permissions forbid it, so the directory is mounted read-only, in a mount
/// namespace that ends with the server.
fn read_only(_: &mut World) {
    let mut start = used();
    let before = fs::read(start.data.join("magpie.db")).unwrap();
    let data = start.data.display();
    start.before = Some(format!("mount --bind {data} {data}\nmount -o remount,bind,ro {data}"));
    gives_up(&start, &["cannot write to", "choose another data directory"]);
    assert_eq!(fs::read(start.data.join("magpie.db")).unwrap(), before);
}

fn file_in_the_way(_: &mut World) {
    let start = Start::fresh();
    File::create(&start.data).unwrap();
    gives_up(&start, &["data"]);
}

/// SQLite keeps the schema's number at byte 60 of the file.
fn newer_version(_: &mut World) {
    let start = used();
    let file = start.data.join("magpie.db");
    overwrite(&file, 60, &99_u32.to_be_bytes());
    let before = fs::read(&file).unwrap();
    gives_up(&start, &["newer magpie", "schema 99", "restore a backup"]);
    assert_eq!(fs::read(&file).unwrap(), before, "a newer store was touched");
}

fn not_a_store(_: &mut World) {
    let start = used();
    let file = start.data.join("magpie.db");
    fs::write(&file, "just some notes of mine").unwrap();
    gives_up(&start, &["is not a magpie store", "choose another data directory"]);
    assert_eq!(fs::read(&file).unwrap(), b"just some notes of mine");
}

fn damaged(_: &mut World) {
    let start = used();
    overwrite(&start.data.join("magpie.db"), 100, &[0x5a; 3_900]);
    gives_up(&start, &["is damaged", "restore a backup"]);
}

fn damaged_key(_: &mut World) {
    let start = used();
    fs::write(start.data.join("signing.key"), "short").unwrap();
    gives_up(&start, &["signing.key"]);
}

/// The table.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::act("a port in use", port_in_use, Log::Quiet),
        Row::act("a second server on the same data directory", second_server, Log::Quiet),
        Row::act("a read-only data directory", read_only, Log::Quiet),
        Row::act("a file in place of the data directory", file_in_the_way, Log::Quiet),
        Row::act("a data directory from a newer version", newer_version, Log::Quiet),
        Row::act("another file in place of the database", not_a_store, Log::Quiet),
        Row::act("a damaged database", damaged, Log::Quiet),
        Row::act("a signing secret that is too short", damaged_key, Log::Quiet),
    ]
}
