//! Pieces, offsets, restarts, quotas.

use magpie_media::{MediaError, Start};
use magpie_proto::ErrorCode;

use crate::{
    samples,
    world::{World, id, wanted},
};

fn code<T: std::fmt::Debug>(result: Result<T, MediaError>) -> ErrorCode {
    result.unwrap_err().refusal().code
}

#[tokio::test]
async fn pieces_go_together_and_the_offset_is_where_they_end() {
    let world = World::new();
    let bytes = samples::mp4(b"vide");
    let made = world.create("clip.mp4", bytes.len()).await;
    assert_eq!(world.depot.stand(made.id).await.unwrap().offset, 0);
    let (first, rest) = bytes.split_at(50);
    assert_eq!(world.write(made.id, 0, first).await.unwrap(), 50);
    assert_eq!(world.depot.stand(made.id).await.unwrap().offset, 50);
    // Not where it stands: neither again, nor further on.
    for at in [0, 49, 51, 1 << 40] {
        let refused = world.write(made.id, at, rest).await.unwrap_err();
        assert!(matches!(refused, MediaError::Offset { at: 50 }), "{refused:?}");
    }
    assert_eq!(code(world.depot.complete(made.id).await), ErrorCode::UploadOffset);
    world.write(made.id, 50, rest).await.unwrap();
    let media = world.depot.complete(made.id).await.unwrap();
    // Again the same, and it stands at its end.
    assert_eq!(world.depot.complete(made.id).await.unwrap(), media);
    assert_eq!(world.depot.stand(made.id).await.unwrap().offset, bytes.len() as u64);
    assert_eq!(code(world.write(made.id, 0, b"x").await), ErrorCode::UnknownMedia);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart_and_after_a_writer_that_went_away() {
    let mut world = World::new();
    let bytes = samples::mp4(b"vide");
    let made = world.create("clip.mp4", bytes.len()).await;
    world.write(made.id, 0, &bytes[..30]).await.unwrap();
    world.restart();
    assert_eq!(world.depot.stand(made.id).await.unwrap().offset, 30);
    let mut writer = world.depot.writer(made.id, Start::At(30)).await.unwrap();
    writer.append(&bytes[30..60]).await.unwrap();
    drop(writer);
    let offset = world.depot.stand(made.id).await.unwrap().offset;
    assert!((30..=60).contains(&offset), "{offset}");
    world.restart();
    let offset = world.depot.stand(made.id).await.unwrap().offset;
    let rest = &bytes[usize::try_from(offset).unwrap()..];
    world.write(made.id, offset, rest).await.unwrap();
    world.depot.complete(made.id).await.unwrap();
    assert_eq!(std::fs::read(&world.files()[0]).unwrap(), bytes);
}

#[tokio::test]
async fn the_second_writer_waits_for_its_turn() {
    let world = World::new();
    let made = world.create("a.bin", 100).await;
    let mut first = world.depot.writer(made.id, Start::At(0)).await.unwrap();
    first.append(&[1; 40]).await.unwrap();
    for start in [Start::At(0), Start::At(40), Start::Over] {
        let refused = world.depot.writer(made.id, start).await.err().unwrap();
        assert!(matches!(refused, MediaError::Busy { at: 0 }), "{refused:?}");
    }
    assert_eq!(code(world.depot.complete(made.id).await), ErrorCode::UploadOffset);
    assert_eq!(code(world.depot.abort(made.id).await), ErrorCode::UploadOffset);
    first.flush().await.unwrap();
    drop(first);
    assert_eq!(world.write(made.id, 40, &[2; 60]).await.unwrap(), 100);
}

#[tokio::test]
async fn more_than_was_announced_is_refused_and_a_whole_file_starts_over() {
    let world = World::new();
    let made = world.create("a.txt", 10).await;
    assert_eq!(code(world.write(made.id, 0, b"01234567890").await), ErrorCode::TooLarge);
    world.write(made.id, 0, b"0123").await.unwrap();
    assert_eq!(code(world.write(made.id, 4, b"4567890").await), ErrorCode::TooLarge);
    let mut writer = world.depot.writer(made.id, Start::Over).await.unwrap();
    writer.append(b"abcdefghij").await.unwrap();
    assert_eq!(writer.flush().await.unwrap(), 10);
    drop(writer);
    world.depot.complete(made.id).await.unwrap();
    assert_eq!(std::fs::read(&world.files()[0]).unwrap(), b"abcdefghij");
}

#[tokio::test]
async fn sizes_and_fields_are_judged_before_a_byte_is_taken() {
    let world = World::with(|settings| settings.bytes_max = 1_000);
    let owner = id("小明");
    let mut long = wanted("a", 5);
    long.ms = Some(86_400_001);
    let mut bars = wanted("a", 5);
    bars.wave = Some(vec![0; 65]);
    let mut high = wanted("a", 5);
    high.wave = Some(vec![101]);
    let cases = [
        (wanted("a", 0), ErrorCode::BadRequest),
        (wanted("a", 1_001), ErrorCode::TooLarge),
        (long, ErrorCode::BadRequest),
        (bars, ErrorCode::BadRequest),
        (high, ErrorCode::BadRequest),
    ];
    for (wanted, wrong) in cases {
        assert_eq!(code(world.depot.create(&owner, wanted).await), wrong);
    }
    assert!(world.files().is_empty());
}

#[tokio::test]
async fn the_quota_counts_what_is_stored_and_what_is_only_announced() {
    let world = World::with(|settings| {
        settings.user_quota_bytes = 1_000;
        settings.unfinished_per_user = 3;
    });
    let owner = id("小明");
    world.upload("a.txt", &[b'a'; 400]).await;
    let second = world.create("b", 500).await;
    let refused = world.depot.create(&owner, wanted("c", 101)).await.unwrap_err();
    assert!(matches!(refused, MediaError::Quota { used: 900, quota: 1_000 }), "{refused:?}");
    // Another one's room is his own.
    world.depot.create(&id("翠花"), wanted("c", 1_000)).await.unwrap();
    // What is given up is given back.
    world.depot.abort(second.id).await.unwrap();
    assert_eq!(code(world.depot.abort(second.id).await), ErrorCode::UnknownMedia);
    for _ in 0..3 {
        world.depot.create(&owner, wanted("c", 200)).await.unwrap();
    }
    assert_eq!(code(world.depot.create(&owner, wanted("d", 1)).await), ErrorCode::RateLimited);
}

#[tokio::test]
async fn a_ticket_ends_and_its_bytes_with_it() {
    let world = World::new();
    let made = world.create("a.txt", 10).await;
    world.write(made.id, 0, b"01234").await.unwrap();
    world.clock.advance_ms(86_400_000);
    assert_eq!(code(world.write(made.id, 5, b"56789").await), ErrorCode::UnknownMedia);
    assert_eq!(code(world.depot.stand(made.id).await), ErrorCode::UnknownMedia);
    world.depot.erase_idle().await.unwrap();
    assert!(world.files().is_empty(), "{:?}", world.files());
}

#[tokio::test]
async fn what_lies_about_after_a_crash_is_cleared_or_found() {
    let mut world = World::new();
    let made = world.create("a.txt", 10).await;
    world.write(made.id, 0, b"01234").await.unwrap();
    let uploads = world.folder.path().join("uploads");
    for stray in ["x.json.new", "0123.part", &format!("{}.part", "ab".repeat(16))] {
        std::fs::write(uploads.join(stray), b"left").unwrap();
    }
    std::fs::write(uploads.join(format!("{}.json", "cd".repeat(16))), b"{half").unwrap();
    world.restart();
    assert_eq!(world.files().len(), 2, "{:?}", world.files());
    assert_eq!(world.depot.stand(made.id).await.unwrap().offset, 5);
    // Cut off between putting and noting: the completion is done again.
    world.write(made.id, 5, b"56789").await.unwrap();
    let shelf = world.folder.path().join(&made.id.to_string()[..2]);
    std::fs::create_dir_all(&shelf).unwrap();
    std::fs::write(shelf.join(made.id.to_string()), b"half").unwrap();
    assert_eq!(world.depot.sweep().await.unwrap(), 0);
    world.depot.complete(made.id).await.unwrap();
    assert_eq!(std::fs::read(shelf.join(made.id.to_string())).unwrap(), b"0123456789");
}
