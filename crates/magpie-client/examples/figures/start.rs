//! Start to ready, idle memory, size of the binary.

use std::process::Command;

use serde_json::json;

use crate::{
    Fallible, Plan,
    server::{Server, base},
    stats,
};

const RUNS: usize = 5;
const MESSAGES: u64 = 1_000_000;

/// The binary as it is, and without the line tables that only developers need.
pub(crate) fn size(plan: &Plan) -> Fallible<()> {
    let mib = |bytes: u64| bytes as f64 / 1024.0 / 1024.0;
    let stripped = base()?.join("stripped");
    let done = Command::new("strip").arg("-o").arg(&stripped).arg(&plan.binary).status()?;
    if !done.success() {
        return Err("strip failed".into());
    }
    let goal = "< 40";
    let as_built = mib(std::fs::metadata(&plan.binary)?.len());
    let conditions = json!({"as_built_mib": as_built.round()});
    let size = mib(std::fs::metadata(&stripped)?.len());
    std::fs::remove_file(stripped)?;
    stats::print("binary, stripped", "MiB", goal, &[size], conditions);
    Ok(())
}

/// Empty, then with a million messages.
pub(crate) async fn ready(plan: &Plan) -> Fallible<()> {
    let (mut own, mut wall, mut rss) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let server = Server::start(&plan.binary, None)?;
        own.push(server.ready_ms);
        wall.push(server.wall_ms);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        rss.push(server.memory_kib("Rss")? / 1024.0);
    }
    let empty = || json!({"messages": 0, "fsync": "full"});
    stats::print("start to ready, own clock", "ms", "< 100", &own, empty());
    stats::print("start to ready, from outside", "ms", "< 100", &wall, empty());
    stats::print("idle resident memory", "MiB", "< 30", &rss, empty());
    let folder = tempfile::tempdir_in(base()?)?;
    let data = folder.path().join("data");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let filled = Command::new(cargo)
        .args(["run", "--quiet", "--release", "-p", "magpie-bench", "--", "fill"])
        .arg(&data)
        .args(["--messages", &MESSAGES.to_string()])
        .status()?;
    if !filled.success() {
        return Err("the data directory could not be filled".into());
    }
    let (mut own, mut wall) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let scratch = tempfile::tempdir_in(base()?)?;
        let server = Server::start_on(&plan.binary, None, scratch, &data)?;
        own.push(server.ready_ms);
        wall.push(server.wall_ms);
    }
    let full = || json!({"messages": MESSAGES, "fsync": "full"});
    stats::print("start to ready, own clock", "ms", "< 1000", &own, full());
    stats::print("start to ready, from outside", "ms", "< 1000", &wall, full());
    Ok(())
}
