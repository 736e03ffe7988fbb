//! What is finished stays as it is, whatever is left of its parts.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use magpie_media::{MediaError, Stand, Start};
use magpie_proto::MediaId;

use crate::world::{World, id, wanted};

const TEXT: &[u8] = b"hello";

/// A finished upload whose parts a crash left behind: they are the finished file's second name.
async fn left_behind(world: &mut World) -> MediaId {
    let made = world.create("a.txt", TEXT.len()).await;
    world.write(made.id, 0, TEXT).await.unwrap();
    let [plan, part] = world.parts(made.id);
    let text = fs::read(&plan).unwrap();
    world.depot.complete(made.id).await.unwrap();
    fs::hard_link(world.file(made.id), part).unwrap();
    fs::write(plan, text).unwrap();
    world.restart();
    made.id
}

#[tokio::test]
async fn nobody_writes_into_a_finished_file_through_parts_that_a_crash_left() {
    let mut world = World::new();
    let id = left_behind(&mut world).await;
    for start in [Start::Over, Start::At(0), Start::At(TEXT.len() as u64)] {
        let refused = world.depot.writer(id, start).await.err();
        assert!(matches!(refused, Some(MediaError::Unknown)), "{start:?}: {refused:?}");
    }
    assert!(matches!(world.depot.abort(id).await, Err(MediaError::Unknown)));
    assert_eq!(fs::read(world.file(id)).unwrap(), TEXT);
    let stand = world.depot.stand(id).await.unwrap();
    assert_eq!(stand, Stand { offset: 5, size: 5 });
    assert_eq!(world.depot.complete(id).await.unwrap().id, id);
    assert_eq!(world.files(), [world.file(id)]);
}

#[tokio::test]
async fn parts_that_a_crash_left_go_with_the_sweep_of_the_start_and_count_no_more() {
    let mut world = World::with(|settings| settings.user_quota_bytes = 10);
    let left = left_behind(&mut world).await;
    let twice = world.depot.create(&id("小明"), wanted("b", 5)).await;
    assert!(matches!(twice, Err(MediaError::Quota { used: 10, .. })), "{twice:?}");
    assert_eq!(world.depot.sweep().await.unwrap(), 0);
    assert_eq!(world.files(), [world.file(left)]);
    assert_eq!(fs::read(world.file(left)).unwrap(), TEXT);
    world.depot.create(&id("小明"), wanted("b", 5)).await.unwrap();
}

#[tokio::test]
async fn parts_that_the_disk_does_not_erase_take_no_writer_and_go_later() {
    let world = World::new();
    let made = world.create("a.txt", TEXT.len()).await;
    world.write(made.id, 0, TEXT).await.unwrap();
    // A plan that is a folder is not removed as a file.
    let [plan, part] = world.parts(made.id);
    fs::remove_file(&plan).unwrap();
    fs::create_dir(&plan).unwrap();
    world.depot.complete(made.id).await.unwrap();
    assert!(!part.exists() && plan.exists());
    let refused = world.depot.writer(made.id, Start::Over).await.err();
    assert!(matches!(refused, Some(MediaError::Unknown)), "{refused:?}");
    fs::remove_dir(&plan).unwrap();
    fs::write(&plan, b"{}").unwrap();
    world.depot.erase_idle().await.unwrap();
    assert!(!plan.exists(), "it is tried again before the upload's time is over");
}

#[tokio::test]
async fn what_is_put_is_on_the_disk_for_certain_and_takes_no_writer() {
    let world = World::new();
    let bytes = vec![b'a'; 600_000];
    let made = world.create("a.txt", bytes.len()).await;
    let mut writer = world.depot.writer(made.id, Start::At(0)).await.unwrap();
    writer.append(&bytes[..300_000]).await.unwrap();
    writer.append(&bytes[300_000..]).await.unwrap();
    // Cut off before it flushed.
    drop(writer);
    let seen = Arc::new(Mutex::new(Vec::new()));
    world.blobs.before_put({
        let (depot, seen) = (Arc::downgrade(&world.depot), seen.clone());
        move |id| {
            let (depot, seen) = (depot.upgrade().unwrap(), seen.clone());
            Box::pin(async move {
                let told = depot.stand(id).await?.offset;
                let late = depot.writer(id, Start::Over).await.err();
                seen.lock().unwrap().push((told, late));
                Ok(())
            })
        }
    });
    world.depot.complete(made.id).await.unwrap();
    let seen = seen.lock().unwrap();
    // What is flushed is what is told meanwhile; and nobody writes any more.
    assert!(matches!(seen[..], [(600_000, Some(MediaError::Busy { at: 600_000 }))]), "{seen:?}");
}

#[tokio::test]
async fn a_completion_that_comes_too_early_tells_an_offset_that_stands() {
    let world = World::new();
    let made = world.create("a.txt", 600_000).await;
    let mut writer = world.depot.writer(made.id, Start::At(0)).await.unwrap();
    writer.append(&[b'a'; 300_000]).await.unwrap();
    drop(writer);
    let early = world.depot.complete(made.id).await;
    assert!(matches!(early, Err(MediaError::Offset { at: 300_000 })), "{early:?}");
    // Held by a writer, the flushed offset is the one that is told.
    let _writer = world.depot.writer(made.id, Start::At(300_000)).await.unwrap();
    assert_eq!(world.depot.stand(made.id).await.unwrap().offset, 300_000);
}
