//! What every store of finished files promises. Each function is one promise; `contract!` makes a
//! test of each for one store.

use std::{ops::Range, path::PathBuf};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use magpie_media::{
    Variant::{self, File, Thumb},
    blobs::{Blobs, Content},
};
use magpie_proto::MediaId;
use tempfile::TempDir;

/// Larger than what any store sends in one go, with a last part that is not full.
const LARGE_BYTES: usize = 2 * 8 * 1_048_576 + 12_345;
/// With two files each these are more names than a store lists in one answer.
const MANY: u8 = 252;

macro_rules! contract {
    ($make:expr) => {
        $crate::contract::contract! { @stamp $make;
            both_variants_are_kept_apart
            putting_again_replaces
            a_range_is_read_to_the_byte
            a_large_file_goes_up_whole_and_stays_where_it_was
            what_is_not_there_is_none
            erasing_takes_both_and_is_harmless_again
            every_id_is_listed_once
            a_put_that_fails_leaves_nothing
        }
    };
    (@stamp $make:expr; $($name:ident)+) => {$(
        #[tokio::test]
        async fn $name() {
            let place = $make.await;
            $crate::contract::$name(&place.blobs).await;
        }
    )+};
}
pub(crate) use contract;

/// An id of two numbers.
pub fn id(shelf: u8, number: u8) -> MediaId {
    let mut bytes = [7; 16];
    (bytes[0], bytes[15]) = (shelf, number);
    MediaId::from_bytes(bytes)
}

pub fn noise(len: usize) -> Bytes {
    (0..len).map(|n| u8::try_from((n * 31 + n / 251) % 251).unwrap()).collect()
}

/// A file outside of the store.
pub fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    // On the disk of the directory, as uploads are.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("upload");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

pub async fn put(blobs: &dyn Blobs, id: MediaId, variant: Variant, bytes: &Bytes) {
    blobs.put(id, variant, Content::Bytes(bytes.clone())).await.unwrap();
}

pub async fn read(blobs: &dyn Blobs, id: MediaId, variant: Variant, range: Range<u64>) -> Bytes {
    let stream = blobs.read(id, variant, range).await.unwrap().expect("the file is there");
    let pieces: Vec<Bytes> = stream.try_collect().await.unwrap();
    pieces.concat().into()
}

pub async fn whole(blobs: &dyn Blobs, id: MediaId, variant: Variant) -> Bytes {
    let len = blobs.len(id, variant).await.unwrap().expect("the file is there");
    read(blobs, id, variant, 0..len).await
}

pub async fn both_variants_are_kept_apart(blobs: &dyn Blobs) {
    let (large, small) = (noise(5_000), Bytes::from_static(b"small"));
    put(blobs, id(1, 1), File, &large).await;
    assert_eq!(blobs.len(id(1, 1), Thumb).await.unwrap(), None);
    put(blobs, id(1, 1), Thumb, &small).await;
    assert_eq!(blobs.len(id(1, 1), File).await.unwrap(), Some(5_000));
    assert_eq!(whole(blobs, id(1, 1), File).await, large);
    assert_eq!(whole(blobs, id(1, 1), Thumb).await, small);
}

pub async fn putting_again_replaces(blobs: &dyn Blobs) {
    put(blobs, id(1, 1), File, &noise(5_000)).await;
    put(blobs, id(1, 1), File, &Bytes::from_static(b"shorter")).await;
    assert_eq!(whole(blobs, id(1, 1), File).await, "shorter");
    let (_folder, path) = file(b"a file takes its place");
    blobs.put(id(1, 1), File, Content::File(path)).await.unwrap();
    assert_eq!(whole(blobs, id(1, 1), File).await, "a file takes its place");
}

pub async fn a_range_is_read_to_the_byte(blobs: &dyn Blobs) {
    // Several pieces of any store.
    let bytes = noise(2_500_000);
    put(blobs, id(1, 1), File, &bytes).await;
    let ranges = [0..1, 0..2_500_000, 1..131_073, 1_048_575..1_048_577, 1_000_000..2_100_000, 5..5];
    for range in ranges.into_iter().chain([2_499_999..2_500_000, 2_500_000..2_500_000]) {
        let (from, to) = (range.start as usize, range.end as usize);
        assert!(read(blobs, id(1, 1), File, range).await == bytes[from..to], "{from}..{to}");
    }
}

pub async fn a_large_file_goes_up_whole_and_stays_where_it_was(blobs: &dyn Blobs) {
    let bytes = noise(LARGE_BYTES);
    let (_folder, path) = file(&bytes);
    blobs.put(id(1, 1), File, Content::File(path.clone())).await.unwrap();
    assert_eq!(blobs.len(id(1, 1), File).await.unwrap(), Some(LARGE_BYTES as u64));
    assert!(whole(blobs, id(1, 1), File).await == bytes);
    assert!(std::fs::read(path).unwrap() == bytes, "the upload was changed");
}

pub async fn what_is_not_there_is_none(blobs: &dyn Blobs) {
    for variant in [File, Thumb] {
        assert_eq!(blobs.len(id(1, 1), variant).await.unwrap(), None);
        assert!(blobs.read(id(1, 1), variant, 0..10).await.unwrap().is_none());
        assert!(blobs.read(id(1, 1), variant, 0..0).await.unwrap().is_none());
    }
    assert_eq!(blobs.ids().await.unwrap(), []);
}

pub async fn erasing_takes_both_and_is_harmless_again(blobs: &dyn Blobs) {
    for number in [1, 2] {
        put(blobs, id(1, number), File, &noise(10)).await;
        put(blobs, id(1, number), Thumb, &noise(10)).await;
    }
    for _ in 0..2 {
        blobs.erase(id(1, 1)).await.unwrap();
        for variant in [File, Thumb] {
            assert_eq!(blobs.len(id(1, 1), variant).await.unwrap(), None);
        }
        assert_eq!(blobs.ids().await.unwrap(), [id(1, 2)]);
    }
    assert_eq!(whole(blobs, id(1, 2), Thumb).await, noise(10));
}

pub async fn every_id_is_listed_once(blobs: &dyn Blobs) {
    let content = noise(3);
    let mut wanted = Vec::new();
    for shelf in [0, 255] {
        for number in 0..MANY {
            put(blobs, id(shelf, number), File, &content).await;
            put(blobs, id(shelf, number), Thumb, &content).await;
            wanted.push(id(shelf, number));
        }
    }
    // Half of an upload is one, too.
    put(blobs, id(9, 9), Thumb, &content).await;
    wanted.push(id(9, 9));
    wanted.sort_unstable();
    let mut listed = blobs.ids().await.unwrap();
    listed.sort_unstable();
    assert_eq!(listed, wanted);
}

pub async fn a_put_that_fails_leaves_nothing(blobs: &dyn Blobs) {
    let (folder, path) = file(b"");
    for nowhere in [folder.path().join("nothing"), path.join("below a file")] {
        blobs.put(id(1, 1), File, Content::File(nowhere)).await.unwrap_err();
        assert_eq!(blobs.len(id(1, 1), File).await.unwrap(), None);
    }
    assert_eq!(blobs.ids().await.unwrap(), []);
}
