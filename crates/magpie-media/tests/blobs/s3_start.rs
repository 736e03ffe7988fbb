//! What a start finds wrong with an object store, and which setting it names.

use magpie_media::blobs::{
    Blobs as _,
    s3::{S3, Settings, Unusable},
};
use magpie_proto::MediaId;
use tokio::runtime::Handle;

use crate::{
    contract::{id, noise, put, whole},
    s3::server,
};

async fn start(settings: &Settings, server: MediaId) -> Result<S3, Unusable> {
    let s3 = S3::connect(settings, Handle::current())?;
    s3.claim(server).await.map(|_| s3)
}

/// Starts with changed settings, which must not work.
async fn refused(change: impl FnOnce(&mut Settings)) -> Unusable {
    let (_server, mut settings) = server();
    change(&mut settings);
    match start(&settings, id(1, 1)).await {
        Ok(_) => panic!("it started"),
        Err(unusable) => unusable,
    }
}

#[tokio::test]
async fn each_mistake_names_its_setting() {
    // Keeps it for all of them.
    let (server, _) = server();
    let missing = refused(|settings| settings.bucket = "magpie-nowhere".to_owned()).await;
    assert_eq!(missing.setting, "bucket");
    assert!(missing.text.contains("no bucket \"magpie-nowhere\""), "{missing:?}");

    let unknown = refused(|settings| settings.access_key = "AKIAUNKNOWN".to_owned()).await;
    assert_eq!(unknown.setting, "access_key");
    assert!(unknown.text.contains("does not know"), "{unknown:?}");

    let wrong = refused(|settings| settings.secret_key = "wrong".to_owned()).await;
    assert_eq!(wrong.setting, "secret_key");
    assert!(!wrong.text.contains("wrong\""), "{wrong:?}");

    let reader = server.reader();
    let reads = refused(|settings| {
        (settings.access_key, settings.secret_key) = (reader.access_key, reader.secret_key);
    })
    .await;
    assert_eq!(reads.setting, "access_key");
    assert!(reads.text.contains("needs the right s3:PutObject"), "{reads:?}");

    // Nobody listens there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = refused(|settings| settings.endpoint = Some(format!("http://{closed}"))).await;
    assert_eq!(away.setting, "endpoint");
    assert!(away.text.contains("cannot be reached: ") && away.text.contains("refused"), "{away:?}");
}

#[tokio::test(start_paused = true)]
async fn a_start_does_not_wait_long_for_a_store_that_says_nothing() {
    // Connections are opened by the system; nobody takes them.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let unusable = refused(|settings| settings.endpoint = Some(endpoint)).await;
    assert_eq!(unusable.setting, "endpoint");
    assert!(unusable.text.contains("does not answer within 20 seconds"), "{unusable:?}");
}

#[tokio::test]
async fn a_prefix_belongs_to_one_server_until_its_owner_gives_it_away() {
    let (_server, settings) = server();
    let first = start(&settings, id(1, 1)).await.unwrap();
    put(&first, id(5, 5), magpie_media::Variant::File, &noise(9)).await;
    let again = start(&settings, id(1, 1)).await.unwrap();
    let other = start(&settings, id(1, 2)).await.err().unwrap();
    assert_eq!(other.setting, "prefix");
    assert!(other.text.contains("/owner\""), "{other:?}");
    // What the check leaves is no file of ours, and it took none away.
    assert_eq!(again.ids().await.unwrap(), [id(5, 5)]);
    assert_eq!(whole(&again, id(5, 5), magpie_media::Variant::File).await, noise(9));
    let beside = Settings { prefix: format!("{}beside/", settings.prefix), ..settings };
    start(&beside, id(1, 2)).await.unwrap();
}

#[tokio::test]
async fn a_bucket_that_keeps_versions_is_warned_of_and_used() {
    let (server, mut settings) = server();
    settings.bucket = server.versioned();
    let s3 = S3::connect(&settings, Handle::current()).unwrap();
    assert!(s3.claim(id(1, 1)).await.unwrap().keeps_versions);
    settings.bucket = server.bucket();
    let s3 = S3::connect(&settings, Handle::current()).unwrap();
    assert!(!s3.claim(id(1, 1)).await.unwrap().keeps_versions);
}
