//! What is erased, when, and what a crash may leave.

use magpie_core::{
    message::revise,
    port::store::{Op, Outcome},
};
use magpie_media::Eraser;

use crate::{
    files::{caller, send},
    world::World,
};

#[tokio::test]
async fn what_no_message_holds_is_erased_after_its_time_and_what_one_holds_is_not() {
    let world = World::new();
    let (_, sent) = world.upload("sent.txt", b"hello").await;
    let (_, _) = world.upload("orphan.txt", b"nobody").await;
    let at = send(&world, &sent).await;
    assert_eq!(world.depot.erase_idle().await.unwrap(), 0);
    world.clock.advance_ms(86_399_999);
    assert_eq!(world.depot.erase_idle().await.unwrap(), 0);
    world.clock.advance_ms(1);
    assert_eq!(world.depot.erase_idle().await.unwrap(), 1);
    let left = world.files();
    assert_eq!(left.len(), 1);
    assert_eq!(std::fs::read(&left[0]).unwrap(), b"hello");
    let recalled = revise::recall(&world.core, &caller("小明"), at).await;
    // Past its time to recall; the owner's backend may.
    assert!(recalled.is_err());
    let mut backend = caller("小明");
    backend.role = magpie_core::Role::Admin;
    revise::recall(&world.core, &backend, at).await.unwrap();
    assert_eq!(world.depot.erase_idle().await.unwrap(), 1);
    assert!(world.files().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_recall_wakes_the_eraser_at_once() {
    let world = World::new();
    let (_, sent) = world.upload("sent.txt", b"hello").await;
    let at = send(&world, &sent).await;
    let task = tokio::spawn(Eraser::new(world.depot.clone(), world.wake.clone()).run());
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    assert_eq!(world.files().len(), 1);
    revise::recall(&world.core, &caller("小明"), at).await.unwrap();
    let begun = tokio::time::Instant::now();
    while !world.files().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        assert!(begun.elapsed().as_secs() < 5, "the eraser slept on");
    }
    task.abort();
}

#[tokio::test]
async fn files_that_no_upload_knows_are_swept_and_others_stay() {
    let world = World::new();
    let (kept, _) = world.upload("kept.txt", b"hello").await;
    let (gone, _) = world.upload("gone.txt", b"gone").await;
    let unfinished = world.create("later.txt", 9).await;
    // A crash between forgetting and erasing.
    let dropped = world.core.write(Op::DropMedia { id: gone.id }).await.unwrap();
    assert_eq!(dropped, Outcome::MediaDropped(true));
    assert_eq!(world.depot.sweep().await.unwrap(), 1);
    let names: Vec<_> =
        world.files().iter().map(|p| p.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    let (part, plan) = (format!("{}.part", unfinished.id), format!("{}.json", unfinished.id));
    let mut wanted = vec![kept.id.to_string(), plan, part];
    wanted.sort();
    let mut names = names;
    names.sort();
    assert_eq!(names, wanted);
}

#[tokio::test]
async fn one_file_that_cannot_be_erased_keeps_no_other_and_goes_later() {
    let world = World::new();
    let mut ids = Vec::new();
    for name in ["a.txt", "b.txt", "c.txt"] {
        ids.push(world.upload(name, b"nobody").await.0.id);
    }
    world.clock.advance_ms(86_400_000);
    world.blobs.stick([ids[0]]);
    assert_eq!(world.depot.erase_idle().await.unwrap(), 2);
    assert_eq!(world.files(), [world.file(ids[0])]);
    assert_eq!(world.depot.erase_idle().await.unwrap(), 0);
    world.blobs.stick([]);
    assert_eq!(world.depot.erase_idle().await.unwrap(), 1, "no start is needed for it");
    assert!(world.files().is_empty());
    assert_eq!(world.depot.erase_idle().await.unwrap(), 0);
}

#[tokio::test]
async fn one_file_that_cannot_be_swept_keeps_no_other_and_goes_later() {
    let world = World::new();
    let mut ids = Vec::new();
    for name in ["a.txt", "b.txt", "c.txt"] {
        let id = world.upload(name, b"nobody").await.0.id;
        world.core.write(Op::DropMedia { id }).await.unwrap();
        ids.push(id);
    }
    world.blobs.stick([ids[0], ids[2]]);
    assert_eq!(world.depot.sweep().await.unwrap(), 1);
    world.blobs.stick([ids[2]]);
    assert_eq!(world.depot.erase_idle().await.unwrap(), 1);
    assert_eq!(world.files(), [world.file(ids[2])]);
}

#[tokio::test]
async fn one_unfinished_upload_that_cannot_be_erased_keeps_nothing_else() {
    let world = World::new();
    let mut plans = Vec::new();
    for name in ["a", "b", "c"] {
        let made = world.create(name, 5).await;
        // The part is a folder: it is not removed as a file.
        let [plan, part] = world.parts(made.id);
        if name != "b" {
            std::fs::remove_file(&part).unwrap();
            std::fs::create_dir(&part).unwrap();
        }
        plans.push((plan, part));
    }
    let (orphan, _) = world.upload("orphan.txt", b"nobody").await;
    world.clock.advance_ms(86_400_000);
    assert_eq!(world.depot.erase_idle().await.unwrap(), 1);
    assert!(!world.file(orphan.id).exists());
    let left: Vec<bool> = plans.iter().map(|(plan, _)| plan.exists()).collect();
    assert_eq!(left, [true, false, true], "the plan finds the part again");
    for (_, part) in [&plans[0], &plans[2]] {
        std::fs::remove_dir(part).unwrap();
    }
    world.depot.erase_idle().await.unwrap();
    assert!(world.files().is_empty(), "{:?}", world.files());
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_failed_at_the_start_is_made_later() {
    let world = World::new();
    let (gone, _) = world.upload("gone.txt", b"gone").await;
    world.core.write(Op::DropMedia { id: gone.id }).await.unwrap();
    world.blobs.list(false);
    let task = tokio::spawn(Eraser::new(world.depot.clone(), world.wake.clone()).run());
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    assert_eq!(world.files().len(), 1);
    world.blobs.list(true);
    let begun = tokio::time::Instant::now();
    while !world.files().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        assert!(begun.elapsed().as_secs() < 60, "it was swept at the start only");
    }
    task.abort();
}

#[tokio::test]
async fn what_a_crash_left_of_a_file_in_the_making_is_swept() {
    let world = World::new();
    let (gone, _) = world.upload("gone.txt", b"gone").await;
    world.core.write(Op::DropMedia { id: gone.id }).await.unwrap();
    for ending in [".new", ".thumb.new"] {
        let mut path = world.file(gone.id).into_os_string();
        path.push(ending);
        std::fs::write(path, b"half").unwrap();
    }
    assert_eq!(world.depot.sweep().await.unwrap(), 1);
    assert!(world.files().is_empty(), "{:?}", world.files());
}
