//! Files in an object store, from outside: a server built with the feature `s3` on a real S3 server.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use magpie_media::blobs::{
    Blobs as _,
    s3::{S3, Settings},
};
use magpie_testkit::{
    FaultProxy, S3Server,
    fault_proxy::{Fate, Seen},
};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use common::{
    ServerBuilder, TestServer,
    files::{announce, complete, link, noise, put, raw},
    within,
};

const MIB: usize = 1_048_576;

/// A server whose files lie below this prefix.
fn builder(s3: &S3Server, prefix: &str) -> ServerBuilder {
    let keys = s3.owner();
    ServerBuilder::default()
        .built_here()
        .set("media.s3.endpoint", s3.endpoint())
        .set("media.s3.bucket", s3.bucket())
        .set("media.s3.prefix", prefix)
        .set("media.s3.access_key", keys.access_key)
        .set("media.s3.secret_key", keys.secret_key)
        .set("media.s3.path_style", true)
}

fn s3_server() -> Arc<S3Server> {
    S3Server::shared(env!("CARGO_TARGET_TMPDIR"))
}

/// The store itself, for a look past the server.
fn look(s3: &S3Server, prefix: &str) -> S3 {
    let keys = s3.owner();
    let settings = Settings {
        endpoint: Some(s3.endpoint()),
        bucket: s3.bucket(),
        region: "us-east-1".to_owned(),
        prefix: prefix.to_owned(),
        access_key: keys.access_key,
        secret_key: keys.secret_key,
        path_style: true,
    };
    S3::connect(&settings, Handle::current()).unwrap()
}

/// What `magpie check` says of the files of a server that runs.
fn check(server: &TestServer, s3: &S3Server, prefix: &str) -> String {
    let keys = s3.owner();
    let output = Command::new(env!("CARGO_BIN_EXE_magpie"))
        .args(["check", "--show", "--data"])
        .arg(server.folder.path().join("data"))
        .current_dir(server.folder.path())
        .env_clear()
        .env("MAGPIE_MEDIA__S3__ENDPOINT", s3.endpoint())
        .env("MAGPIE_MEDIA__S3__BUCKET", s3.bucket())
        .env("MAGPIE_MEDIA__S3__PREFIX", prefix)
        .env("MAGPIE_MEDIA__S3__ACCESS_KEY", &keys.access_key)
        .env("MAGPIE_MEDIA__S3__SECRET_KEY", &keys.secret_key)
        .env("MAGPIE_MEDIA__S3__PATH_STYLE", "true")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(!said.contains(&keys.secret_key), "{said}");
    said
}

async fn upload(server: &TestServer, bytes: &[u8]) -> Value {
    let made = announce(server, "小明", "film.bin", bytes.len()).await;
    for (number, piece) in bytes.chunks(MIB).enumerate() {
        assert_eq!(put(server, &made, number * MIB, piece).await.status, 204);
    }
    let done = complete(server, &made).await;
    assert_eq!(done.status, 200, "{:?}", done.json());
    done.json()["media"].clone()
}

#[tokio::test]
async fn a_file_lives_in_the_object_store_from_its_upload_to_its_recall() {
    let (s3, prefix) = (s3_server(), "life/");
    let mut server = builder(&s3, prefix).start();
    // More than goes up in one part.
    let bytes = noise(9 * MIB);
    let media = upload(&server, &bytes).await;
    let id = media["id"].as_str().unwrap();
    let look = look(&s3, prefix);
    let stored = || async { look.ids().await.unwrap() };
    assert_eq!(stored().await.iter().map(ToString::to_string).collect::<Vec<_>>(), [id]);
    let local = server.folder.path().join("data/media").join(&id[..2]);
    assert!(!local.exists(), "the file is on the disk, too");
    let uploads = server.folder.path().join("data/media/uploads");
    assert_eq!(std::fs::read_dir(uploads).unwrap().count(), 0, "a part was left");

    let body = json!({"from": "小明", "to": "翠花",
        "body": {"k": "file", "x": "[文件]", "media": media}});
    let sent = server.api("POST", "/v1/messages", body).await;
    // A new process of the same server finds its files and erases none.
    server.terminate();
    assert!(server.ended().await.success());
    server.restart();
    let url = link(&server, "翠花", &media).await.unwrap();
    for (from, to) in [(0, 0), (MIB - 1, MIB), (8 * MIB - 5, 9 * MIB - 1), (0, 9 * MIB - 1)] {
        let range = format!("Range: bytes={from}-{to}");
        let answer = raw(&server, "GET", &url, &[&range], &[]).await;
        assert_eq!(answer.status, 206);
        assert!(answer.body == bytes[from..=to], "{from}-{to}");
    }
    let said = check(&server, &s3, prefix);
    let counts = "1 uploads, 0 without a file, 0 files without an upload, in s3://";
    assert!(said.contains(counts), "{said}");

    let c = sent["conversation"].as_str().unwrap();
    let recall = format!("/v1/conversations/{c}/messages/{}", sent["seq"]);
    assert_eq!(server.call("DELETE", &recall, None).await.status, 204);
    let gone = async {
        while !stored().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    within("the erasing of the file", gone).await;
    assert_eq!(raw(&server, "GET", &url, &[], &[]).await.status, 404);
}

#[tokio::test]
async fn while_the_object_store_is_away_nothing_is_lost_and_nothing_is_called_missing() {
    let s3 = s3_server();
    let away = Arc::new(AtomicBool::new(false));
    let is_away = away.clone();
    let judge = move |_: &Seen, _| match is_away.load(Ordering::SeqCst) {
        true => Fate::Answer("500 Internal Server Error", ""),
        false => Fate::Pass,
    };
    let proxy = FaultProxy::start(&s3.endpoint(), judge).await;
    let endpoint = format!("http://{}", proxy.address);
    let builder = builder(&s3, "away/").set("media.s3.endpoint", endpoint);
    // Beside the proxy, which runs on this thread.
    let server = tokio::task::spawn_blocking(move || builder.start()).await.unwrap();
    let before = upload(&server, b"before").await;
    let url = link(&server, "小明", &before).await.unwrap();
    let made = announce(&server, "小明", "a.bin", 1_000).await;
    assert_eq!(put(&server, &made, 0, &noise(1_000)).await.status, 204);

    away.store(true, Ordering::SeqCst);
    assert_eq!(complete(&server, &made).await.status, 500);
    assert_eq!(raw(&server, "GET", &url, &[], &[]).await.status, 500);
    let stand = raw(&server, "HEAD", made["upload"].as_str().unwrap(), &[], &[]).await;
    assert_eq!(stand.header("upload-offset"), Some("1000"));
    assert!(server.log().contains("cannot put s3://magpie-files/away/"), "{}", server.log());

    away.store(false, Ordering::SeqCst);
    assert_eq!(raw(&server, "GET", &url, &[], &[]).await.body, b"before");
    let done = complete(&server, &made).await;
    assert_eq!(done.status, 200, "{:?}", done.json());
    let url = link(&server, "小明", &done.json()["media"]).await.unwrap();
    assert_eq!(raw(&server, "GET", &url, &[], &[]).await.body, noise(1_000));
}

#[tokio::test]
async fn a_start_says_which_setting_of_the_object_store_is_wrong() {
    let s3 = s3_server();
    let refused = |key: &str, value: &str| {
        let failed = builder(&s3, "wrong/").set(key, value).try_start().err().unwrap();
        assert!(!failed.status.success());
        failed.log
    };
    let log = refused("media.s3.bucket", "magpie-nowhere");
    let told = "environment MAGPIE_MEDIA__S3__BUCKET: media.s3.bucket: there is no bucket";
    assert!(log.contains(told), "{log}");
    let log = refused("media.s3.secret_key", "not-the-secret-of-this-key");
    assert!(log.contains("media.s3.secret_key: the object store does not accept"), "{log}");
    assert!(!log.contains("not-the-secret-of-this-key"), "{log}");
    let log = refused("media.s3.path_style", "false");
    assert!(log.contains("media.s3.path_style: a bucket cannot stand in front of"), "{log}");
    let log = refused("media.s3.access_key", "");
    assert!(log.contains("media.s3.bucket: nobody gets into it without media.s3.access"), "{log}");
}

#[tokio::test]
async fn tls_is_spoken_with_a_store_whose_authority_is_known_and_with_no_other() {
    let s3 = s3_server();
    let builder = builder(&s3, "tls/").set("media.s3.endpoint", s3.secure_endpoint());
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, s3.authority()).unwrap();
    let server = builder.clone().env("SSL_CERT_FILE", authority.display()).start();
    let media = upload(&server, &noise(9 * MIB)).await;
    let url = link(&server, "小明", &media).await.unwrap();
    assert!(raw(&server, "GET", &url, &[], &[]).await.body == noise(9 * MIB));
    std::fs::write(&authority, s3.other_authority()).unwrap();
    let failed = builder.env("SSL_CERT_FILE", authority.display()).try_start().err().unwrap();
    assert!(failed.log.contains("media.s3.endpoint: cannot be reached: "), "{}", failed.log);
    assert!(failed.log.contains("certificate"), "{}", failed.log);
}

#[tokio::test]
async fn another_data_directory_cannot_take_the_files_of_a_server() {
    let (s3, prefix) = (s3_server(), "taken/");
    let server = builder(&s3, prefix).start();
    let media = upload(&server, &noise(10)).await;
    // A restored backup, started for a drill with the same configuration.
    let failed = builder(&s3, prefix).try_start().err().unwrap();
    assert!(failed.log.contains("media.s3.prefix: the files below \"taken/\""), "{}", failed.log);
    let url = link(&server, "小明", &media).await.unwrap();
    assert_eq!(raw(&server, "GET", &url, &[], &[]).await.body, noise(10));
}
