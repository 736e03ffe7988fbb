//! The disk of the files is really full: what was acknowledged stays, chat goes on, and an upload
//! goes on when there is room again.

use magpie_client::Target;
use serde_json::{Value, json};

use crate::common::{
    ServerBuilder, TestServer,
    files::{announce, as_user, file_body, link, noise, put, raw, upload},
};

const ROOM_MIB: u32 = 4;
const MIB: usize = 1 << 20;

async fn offset(server: &TestServer, upload: &Value) -> usize {
    let told = raw(server, "HEAD", upload["upload"].as_str().unwrap(), &[], &[]).await;
    told.header("upload-offset").unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_full_disk_of_files_loses_nothing_and_stops_nothing_else() {
    let server = ServerBuilder::default().files_room_mib(ROOM_MIB).start();
    let kept = noise(MIB);
    let first = upload(&server, "小明", "kept.bin", &kept).await;
    let big = noise(3 * MIB);
    let long = announce(&server, "小明", "long.bin", big.len()).await;
    for n in 0..2 {
        assert_eq!(put(&server, &long, n * MIB, &big[n * MIB..][..MIB]).await.status, 204);
    }

    let full = put(&server, &long, 2 * MIB, &big[2 * MIB..][..MIB]).await;
    assert_eq!((full.status, full.json()["error"]["code"].as_str()), (507, Some("storage_full")));
    assert_eq!(full.json()["error"]["message"], "the disk is full: go on with the upload later");
    let at = offset(&server, &long).await;
    assert!((2 * MIB..3 * MIB).contains(&at), "what was taken before stays: {at}");

    // What needs no room goes on: chat, and reading.
    let ming = server.user("小明").await;
    ming.send("翠花", "磁盘满了").await;
    ming.client.send(Target::User("翠花"), &file_body(&first), None).await.unwrap();
    let url = link(&server, "翠花", &first).await.unwrap();
    let read = raw(&server, "GET", &url, &[], &[]).await;
    assert!(read.status == 200 && read.body == kept, "{}", read.status);

    // The next one is refused at once, and taken when there is room again.
    let wanted = json!({"name": "small.bin", "size": MIB, "use": "message"});
    let refused = as_user(&server, "翠花", "/v1/media", wanted).await;
    assert_eq!((refused.status, refused.json()["error"]["retry"].as_str()), (507, Some("later")));
    let gone = raw(&server, "DELETE", long["upload"].as_str().unwrap(), &[], &[]).await;
    assert_eq!(gone.status, 204);
    upload(&server, "翠花", "small.bin", &kept).await;
    assert!(!server.log().contains("ERROR"), "{}", server.log());
}
