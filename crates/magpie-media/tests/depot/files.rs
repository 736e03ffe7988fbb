//! Who sees what, and reading in parts.

use image::ImageFormat;
use magpie_core::{
    access::Caller,
    message::{
        revise::{self, At},
        send::{self, Send},
    },
    port::store::{Op, Outcome},
};
use magpie_media::Variant;
use magpie_proto::{Body, ConversationId, client::Target};
use serde_json::{Value, json};

use crate::{
    samples,
    world::{World, collect, id},
};

pub fn caller(user: &str) -> Caller {
    Caller { user: id(user), role: magpie_core::Role::User, broadcast: false, dialect: None }
}

/// Sends a file to 翠花; gives its place.
pub async fn send(world: &World, told: &Value) -> At {
    let body = json!({"k": "file", "x": "[文件]", "media": told});
    let send = Send {
        target: Target::User(id("翠花")),
        client_msg_id: None,
        body: Body::parse(&body.to_string()).unwrap(),
    };
    match send::send_and_wait(&world.core, &caller("小明"), send).await.unwrap() {
        Outcome::Stored { message, .. } => {
            At { conversation: message.conversation, seq: message.seq }
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_is_seen_by_its_owner_and_by_those_it_was_sent_to() {
    let world = World::new();
    let (media, told) = world.upload("a.txt", b"hello").await;
    let seen = async |user: &str| {
        let seen = world.depot.visible(&id(user), false, vec![media.id]).await.unwrap();
        !seen.is_empty()
    };
    assert!(seen("小明").await && !seen("翠花").await && !seen("stranger").await);
    let at = send(&world, &told).await;
    assert_eq!(at.conversation, ConversationId::direct(&id("小明"), &id("翠花")));
    assert!(seen("小明").await && seen("翠花").await && !seen("stranger").await);
    revise::recall(&world.core, &caller("小明"), at).await.unwrap();
    assert!(!seen("翠花").await && !seen("小明").await, "a recalled file is nobody's");
    assert!(world.depot.open_file(media.id, Variant::File).await.unwrap().is_none());
}

#[tokio::test]
async fn any_part_of_a_file_is_read_to_the_byte() {
    let world = World::new();
    let bytes: Vec<u8> = (0..700_000_u32).map(|n| u8::try_from(n * 31 % 251).unwrap()).collect();
    let (media, _) = world.upload("a.bin", &bytes).await;
    let opened = world.depot.open_file(media.id, Variant::File).await.unwrap().unwrap();
    assert_eq!(opened.len, 700_000);
    for (from, to) in [(0, 1), (0, 700_000), (131_071, 131_073), (699_999, 700_000), (5, 5)] {
        let stream = world.depot.stream(&opened, from..to).await.unwrap().unwrap();
        let wanted = &bytes[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()];
        assert!(collect(stream).await == wanted, "{from}..{to}");
    }
    assert!(world.depot.open_file(media.id, Variant::Thumb).await.unwrap().is_none());
}

#[tokio::test]
async fn a_small_picture_is_opened_once_for_a_download() {
    let world = World::new();
    let (media, told) = world
        .upload("wide.jpg", &samples::encode(&samples::colours(1_200, 300), ImageFormat::Jpeg))
        .await;
    assert_eq!(told["thumb"], true);
    world.blobs.calls();
    let opened = world.depot.open_file(media.id, Variant::Thumb).await.unwrap().unwrap();
    assert_eq!(opened.kind.mime, "image/jpeg");
    let whole = collect(world.depot.stream(&opened, 0..opened.len).await.unwrap().unwrap()).await;
    assert_eq!(world.blobs.calls(), [("read", Variant::Thumb)]);
    let mut path = world.file(media.id).into_os_string();
    path.push(".thumb");
    assert!(whole == std::fs::read(path).unwrap());
    let part = collect(world.depot.stream(&opened, 2..9).await.unwrap().unwrap()).await;
    assert_eq!(part, whole[2..9]);
    // An erased one is not there.
    world.core.write(Op::DropMedia { id: media.id }).await.unwrap();
    assert!(world.depot.open_file(media.id, Variant::Thumb).await.unwrap().is_none());
}
