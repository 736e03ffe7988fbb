//! The contract on a real S3 server, and what only a network can do to it.

use std::sync::Arc;

use magpie_media::{
    MediaError, Variant,
    blobs::{
        Blobs as _, Content,
        s3::{PART_BYTES, PIECE_BYTES, S3, Settings},
    },
};
use magpie_testkit::{
    FaultProxy, S3Server,
    fault_proxy::{Fate, Seen},
};
use tokio::runtime::Handle;

use crate::contract::{contract, file, id, noise, put, read, whole};

const ACCESS_DENIED: &str = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
const FULL: &str = "<Error><Code>XMinioStorageFull</Code><Message>full</Message></Error>";

struct Place {
    blobs: S3,
    server: Arc<S3Server>,
}

/// The server, and settings with a prefix of this test's own.
pub fn server() -> (Arc<S3Server>, Settings) {
    let server = S3Server::shared(env!("CARGO_TARGET_TMPDIR"));
    let keys = server.owner();
    // Tests run in threads of their name.
    let test = std::thread::current().name().unwrap().replace("::", "/");
    let settings = Settings {
        endpoint: Some(server.endpoint()),
        bucket: server.bucket(),
        region: "us-east-1".to_owned(),
        prefix: format!("{test}/"),
        access_key: keys.access_key,
        secret_key: keys.secret_key,
        path_style: true,
    };
    (server, settings)
}

async fn place() -> Place {
    let (server, settings) = server();
    Place { blobs: S3::connect(&settings, Handle::current()).unwrap(), server }
}

/// The store behind a proxy.
async fn behind(
    judge: impl Fn(&Seen, usize) -> Fate + Send + Sync + 'static,
) -> (Place, FaultProxy) {
    let (server, mut settings) = server();
    let proxy = FaultProxy::start(&server.endpoint(), judge).await;
    settings.endpoint = Some(format!("http://{}", proxy.address));
    (Place { blobs: S3::connect(&settings, Handle::current()).unwrap(), server }, proxy)
}

contract!(place());

#[tokio::test]
async fn a_part_that_fails_ends_the_upload_and_leaves_what_was_there() {
    let second = |seen: &Seen| seen.line.contains("partNumber=2");
    let (place, proxy) = behind(move |seen, _| match second(seen) {
        true => Fate::Answer("403 Forbidden", ACCESS_DENIED),
        false => Fate::Pass,
    })
    .await;
    let blobs = &place.blobs;
    let (_folder, path) = file(&noise(2 * PART_BYTES as usize + 1));
    for before in [None, Some(noise(100))] {
        if let Some(before) = &before {
            put(blobs, id(1, 1), Variant::File, before).await;
        }
        let put = blobs.put(id(1, 1), Variant::File, Content::File(path.clone())).await;
        let told = put.unwrap_err().to_string();
        assert!(told.contains("AccessDenied: no") && told.contains("s3://magpie-files/"), "{told}");
        let len = before.map(|before| before.len() as u64);
        assert_eq!(blobs.len(id(1, 1), Variant::File).await.unwrap(), len);
    }
    // Both uploads were begun, and both were taken back.
    assert_eq!(proxy.seen("?uploads").len(), 2);
    assert_eq!(proxy.seen("DELETE ").len(), 2);
    let prefix = server().1.prefix;
    let mut unfinished = place.server.unfinished_uploads();
    unfinished.retain(|name| name.starts_with(&prefix));
    assert!(unfinished.is_empty(), "{unfinished:?}");
}

#[tokio::test]
async fn large_files_pass_in_bounded_pieces_both_ways() {
    let (place, proxy) = behind(|_, _| Fate::Pass).await;
    let bytes = noise(2 * PART_BYTES as usize + 1);
    let (_folder, path) = file(&bytes);
    for content in [Content::Bytes(bytes.clone()), Content::File(path)] {
        place.blobs.put(id(1, 1), Variant::File, content).await.unwrap();
    }
    let parts = proxy.seen("partNumber=");
    assert_eq!(parts.len(), 6);
    assert!(parts.iter().all(|part| part.body_len as u64 <= PART_BYTES), "{parts:?}");
    assert!(whole(&place.blobs, id(1, 1), Variant::File).await == bytes);
    let pieces = proxy.seen("GET ");
    assert_eq!(pieces.len() as u64, (2 * PART_BYTES + 1).div_ceil(PIECE_BYTES));
    assert!(pieces.iter().all(|piece| piece.range.is_some()), "{pieces:?}");
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_not_for_ever() {
    // The first of each kind fails; listing always.
    let (place, proxy) = behind(|seen, before| match before {
        _ if seen.line.contains("list-type") => Fate::Answer("503 Slow Down", ""),
        0 if seen.line.starts_with("GET") => Fate::CutAfter(400_000),
        0 => Fate::Answer("503 Slow Down", ""),
        _ => Fate::Pass,
    })
    .await;
    let (blobs, bytes) = (&place.blobs, noise(900_000));
    put(blobs, id(1, 1), Variant::File, &bytes).await;
    assert!(read(blobs, id(1, 1), Variant::File, 10..800_000).await == bytes[10..800_000]);
    blobs.erase(id(1, 1)).await.unwrap();
    assert_eq!(blobs.len(id(1, 1), Variant::File).await.unwrap(), None);
    let told = blobs.ids().await.unwrap_err().to_string();
    assert!(told.contains("cannot list") && told.contains("503"), "{told}");
    assert_eq!(proxy.seen("list-type").len(), 4);
}

#[tokio::test]
async fn names_are_made_of_prefix_id_and_variant_and_nothing_else_is_ours() {
    let (place, proxy) = behind(|_, _| Fate::Pass).await;
    put(&place.blobs, id(1, 1), Variant::File, &noise(1)).await;
    put(&place.blobs, id(1, 1), Variant::Thumb, &noise(1)).await;
    let prefix = server().1.prefix;
    let name = format!("PUT /magpie-files/{prefix}01/{}", id(1, 1));
    let lines: Vec<String> = proxy.seen("PUT ").into_iter().map(|seen| seen.line).collect();
    assert_eq!(lines, [name.clone(), name + ".thumb"]);
    // Another server's files below this prefix are not this one's.
    let below = Settings { prefix: format!("{prefix}below/"), ..server().1 };
    let below = S3::connect(&below, Handle::current()).unwrap();
    put(&below, id(2, 2), Variant::File, &noise(1)).await;
    assert_eq!(place.blobs.ids().await.unwrap(), [id(1, 1)]);
    assert_eq!(below.ids().await.unwrap(), [id(2, 2)]);
}

#[tokio::test]
async fn a_store_without_room_is_told_as_a_full_disk() {
    let (place, _proxy) = behind(|seen, _| match seen.line.starts_with("PUT") {
        true => Fate::Answer("507 Insufficient Storage", FULL),
        false => Fate::Pass,
    })
    .await;
    let put = place.blobs.put(id(1, 1), Variant::File, Content::Bytes(noise(1))).await;
    assert!(matches!(put, Err(MediaError::Full)), "{put:?}");
}

#[tokio::test]
async fn a_bucket_that_is_gone_is_a_fault_and_no_missing_file() {
    let (_server, mut settings) = server();
    settings.bucket = "magpie-gone".to_owned();
    let blobs = S3::connect(&settings, Handle::current()).unwrap();
    let told = blobs.read(id(1, 1), Variant::File, 0..1).await.map(drop).unwrap_err().to_string();
    assert!(told.contains("NoSuchBucket"), "{told}");
}
