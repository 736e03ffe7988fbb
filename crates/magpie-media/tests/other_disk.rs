//! Putting a file of another disk. A test of its own binary: it looks at the memory of the process.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs::{self, File},
    path::Path,
};

use magpie_media::{
    Variant,
    blobs::{Blobs as _, Content, directory::Directory},
};
use magpie_proto::MediaId;

const LEN: u64 = 96 << 20;

/// The highest use of memory so far, in bytes.
fn peak() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

#[tokio::test]
async fn a_file_that_cannot_be_linked_is_copied_in_pieces() {
    let shared = tempfile::tempdir_in("/dev/shm").unwrap();
    let from = shared.path().join("part");
    File::create(&from).unwrap().set_len(LEN).unwrap();
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let linked = fs::hard_link(&from, folder.path().join("x"));
    assert!(linked.is_err(), "/dev/shm is no disk of its own here: the test proves nothing");
    let id = MediaId::parse(&"ab".repeat(16)).unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    let before = peak();
    directory.put(id, Variant::File, Content::File(from.clone())).await.unwrap();
    let grown = peak() - before;
    assert!(grown < LEN / 8, "{grown} bytes of memory for a copy");
    assert_eq!(directory.len(id, Variant::File).await.unwrap(), Some(LEN));
    assert!(from.exists(), "what is put stays where it is");
    let shelf: Vec<_> = fs::read_dir(folder.path().join("ab")).unwrap().collect();
    assert_eq!(shelf.len(), 1, "nothing lies beside it: {shelf:?}");
}
