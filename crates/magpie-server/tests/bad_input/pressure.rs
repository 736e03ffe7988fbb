//! Rows that need a machine at its end: a disk without room, no free file descriptors.

use std::{
    fs::{self, File},
    process::Command,
    time::Duration,
};

use serde_json::json;

use super::{Log, Row, World, judge_log, wire::Wire, world::Start};

/// A server on an ext4 file system of 16 MiB in a file, mounted in a namespace of its own: the
/// kernel takes it away when the server is gone. 4 MiB of it are ballast to throw off.
fn small_disk() -> Start {
    // Demo data is written at every start; a disk without room would be one error more.
    let mut start = Start { demo: false, ..Start::fresh() };
    let image = start.folder.path().join("disk.img");
    File::create(&image).unwrap().set_len(16 << 20).unwrap();
    let made = Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image).output().unwrap();
    assert!(made.status.success(), "mkfs.ext4: {}", String::from_utf8_lossy(&made.stderr));
    let mount = start.folder.path().join("disk");
    fs::create_dir(&mount).unwrap();
    start.data = mount.join("data");
    let (image, mount) = (image.display(), mount.display());
    start.before = Some(format!(
        "mount -o loop {image} {mount} || {{ echo 'this test needs root: it mounts a small disk' >&2; exit 1; }}\n\
         [ -d {mount}/data ] || dd if=/dev/zero of={mount}/ballast bs=1M count=4 2>/dev/null"
    ));
    start
}

pub(crate) fn full_disk() {
    let mut world = World::new(small_disk());
    let log_len = world.server.log_len();
    let big = "x".repeat(60_000);
    // Every acknowledged message stands; the first that does not fit is refused, not lost.
    let refused = loop {
        let reply = world.bystanders.say(&big);
        if reply["t"] != "ack" {
            break reply;
        }
        world.bystanders.note(&reply);
    };
    assert_eq!((&refused["t"], &refused["code"]), (&json!("error"), &json!("storage_full")));
    assert_eq!(refused["retry"], "later");
    // Reading works, signing in works, the connection that was refused works.
    let mut reader = world.server.session("A");
    world.bystanders.nothing_lost(&mut reader);
    assert_eq!(world.bystanders.say(&big)["code"], "storage_full");
    judge_log(&world.server.log_after(log_len), Log::Says("full"));
    // Room again: the same connection goes on where it stopped.
    let ballast = world.server.root().parent().unwrap().join("ballast");
    fs::remove_file(ballast).unwrap();
    world.bystanders.chat();
    world.finish();
}

fn descriptors(world: &World) -> u64 {
    fs::read_dir(format!("/proc/{}/fd", world.server.pid())).unwrap().count() as u64
}

fn allow(world: &World, files: u64) {
    let limit = format!("--nofile={files}:");
    let pid = world.server.pid().to_string();
    let done = Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap();
    assert!(done.success(), "prlimit");
}

/// A second in which the server may use a quarter of a core; one that spins uses a whole one.
fn idles(world: &World) {
    let before = world.server.cpu_ticks();
    for _ in 0..10 {
        std::thread::park_timeout(Duration::from_millis(100));
    }
    let ticks = world.server.cpu_ticks() - before;
    assert!(ticks < 25, "{ticks} ticks of processor time in a second of waiting");
}

/// More connections than there is room for.
fn crowd(world: &World, count: usize) -> Vec<Wire> {
    (0..count).map(|_| Wire::open(world.server.address)).collect()
}

/// The crowd leaves; whoever comes then is served.
fn leaves(world: &mut World, crowd: Vec<Wire>) {
    drop(crowd);
    drop(world.server.session("小明"));
}

/// Out of slots: the accept loop stops until one is free.
fn no_slots(world: &mut World) {
    let crowd = crowd(world, 40);
    idles(world);
    world.bystanders.chat();
    leaves(world, crowd);
}

/// Out of descriptors in earnest: accepting fails, is told, and tried again later.
fn no_descriptors(world: &mut World) {
    allow(world, descriptors(world) + 2);
    let crowd = crowd(world, 10);
    idles(world);
    world.bystanders.chat();
    allow(world, 128);
    leaves(world, crowd);
}

pub(crate) fn few_descriptors() {
    let mut start = Start::fresh();
    start.before = Some("ulimit -n 128".into());
    let mut world = World::new(start);
    world.run(&Row::act("more connections than slots", no_slots, Log::Quiet));
    let words = "socket not accepted";
    world.run(&Row::act("no free file descriptor", no_descriptors, Log::Says(words)));
    world.finish();
}
