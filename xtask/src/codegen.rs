//! `cargo xtask codegen`: writes what is generated from `magpie-proto`, and keeps the lock of the
//! golden frames. `cargo xtask tidy` compares both with what is committed.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::console::say;

/// The types of the SDK.
pub(crate) const TYPES: &str = "sdk/js/src/protocol.gen.ts";
/// Name and hash of every golden frame.
pub(crate) const LOCK: &str = "crates/magpie-proto/golden/v1.lock";
/// Where golden frames lie, and what their names in the lock begin with.
const FOLDERS: [(&str, &str); 3] = [
    ("crates/magpie-proto/golden/v1/client/", "client/"),
    ("crates/magpie-proto/golden/v1/server/", "server/"),
    ("crates/magpie-gateway/golden/v1/server/", "server/"),
];

/// Writes the files; with `--bless` new golden frames come under lock too.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<bool> {
    let bless = match args {
        [] => false,
        [one] if one == "--bless" => true,
        _ => bail!("usage: cargo xtask codegen [--bless]"),
    };
    let types = root.join(TYPES);
    if let Some(folder) = types.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&types, magpie_proto::schema::typescript())?;
    say(&format!("wrote {TYPES}"));
    if bless {
        let added = bless_frames(root)?;
        say(&format!("{LOCK}: {added} golden frames added"));
    }
    Ok(true)
}

/// Puts new frames under lock. What is locked stays as it is: a frame of version 1 never changes.
fn bless_frames(root: &Path) -> Result<usize> {
    let path = root.join(LOCK);
    let text = if path.exists() { fs::read_to_string(&path)? } else { String::new() };
    let mut lock = parse(&text);
    let mut frames = BTreeMap::new();
    for (folder, side) in FOLDERS {
        let entries = fs::read_dir(root.join(folder)).with_context(|| folder.to_owned())?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(name) = name.strip_suffix(".json") {
                frames.insert(format!("{side}{name}"), hash(&fs::read(entry.path())?));
            }
        }
    }
    let broken = faults(&lock, &frames);
    let broken: Vec<&String> =
        broken.iter().filter(|(_, fault)| *fault != Fault::New).map(|(name, _)| name).collect();
    if !broken.is_empty() {
        bail!("these golden frames are under lock and changed or vanished: {broken:?}");
    }
    let before = lock.len();
    lock.extend(frames);
    let lines: String = lock.iter().map(|(name, hash)| format!("{name} {hash}\n")).collect();
    fs::write(&path, lines)?;
    Ok(lock.len() - before)
}

/// What is wrong with a golden frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not what was locked.
    Changed,
    /// It is locked and not there.
    Vanished,
    /// It is there and not locked.
    New,
}

/// Compares the lock with the frames.
pub(crate) fn faults(
    lock: &BTreeMap<String, String>,
    frames: &BTreeMap<String, String>,
) -> Vec<(String, Fault)> {
    let fault = |name: &String, locked: &String| match frames.get(name) {
        None => Some((name.clone(), Fault::Vanished)),
        Some(hash) => (hash != locked).then(|| (name.clone(), Fault::Changed)),
    };
    let new = frames.keys().filter(|name| !lock.contains_key(*name));
    lock.iter()
        .filter_map(|(name, locked)| fault(name, locked))
        .chain(new.map(|name| (name.clone(), Fault::New)))
        .collect()
}

/// The lock: one name and its hash a line.
pub(crate) fn parse(text: &str) -> BTreeMap<String, String> {
    let pair = |line: &str| line.split_once(' ').map(|(name, hash)| (name.into(), hash.into()));
    text.lines().filter_map(pair).collect()
}

/// The name in the lock of a golden file.
pub(crate) fn name_of(path: &str) -> Option<String> {
    let (folder, side) = FOLDERS.iter().find(|(folder, _)| path.starts_with(folder))?;
    Some(format!("{side}{}", path.strip_prefix(folder)?.strip_suffix(".json")?))
}

/// The hash of a frame, in hex.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
