//! Builds the measuring stand and runs it under callgrind, once for each count, as many at a time
//! as there are cores.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context as _, Result, bail};

use super::callgrind::{self, Dump};
use super::places::{self, Places};
use super::scenario::{Data, Scenario};
use crate::{metadata, shell};

/// Built together with the server: apart, shared dependencies would have fewer features and be
/// compiled once more.
const BUILD: &[&str] = &[
    "build",
    "--release",
    "--locked",
    "-p",
    "magpie-server",
    "-p",
    "magpie-path",
    "--bin",
    "magpie-path",
];

/// The C library picks its copies and comparisons by what the processor can do. Without these it
/// picks the same ones on every x86-64.
const PLAIN_LIBC: &str = "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-AVX,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM,\
    -BMI1,-BMI2,-LZCNT,-MOVBE,-POPCNT,-SSSE3,-SSE4_1,-SSE4_2,-RTM,-AVX2_Usable,-AVX_Usable:\
    glibc.cpu.x86_non_temporal_threshold=0xc0000";

/// Instructions of one message.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    pub(super) instructions: u64,
    /// Done beside the path by threads of their own; changes from run to run.
    pub(super) beside: u64,
    pub(super) places: Places,
}

/// Where the stand is and where its runs keep their files.
pub(super) struct Stand {
    binary: PathBuf,
    work: PathBuf,
}

impl Stand {
    /// Builds the stand.
    pub(super) fn build(root: &Path) -> Result<Self> {
        let status = Command::new(shell::cargo()).args(BUILD).current_dir(root).status();
        if !status.context("cannot start cargo")?.success() {
            bail!("the measuring stand does not build");
        }
        let target = metadata::workspace(root)?.target_directory;
        let work = target.join("ratchet");
        fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
        Ok(Self { binary: target.join("release").join("magpie-path"), work })
    }

    /// Runs these and gives their counts by name.
    pub(super) fn count(&self, scenarios: &[&Scenario]) -> Result<BTreeMap<String, Counted>> {
        let waiting = Mutex::new(scenarios.iter().rev().copied().collect::<Vec<_>>());
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let results = std::thread::scope(|scope| {
            let work = || {
                let mut counted = Vec::new();
                loop {
                    let next = waiting.lock().map_or(None, |mut waiting| waiting.pop());
                    let Some(scenario) = next else { return Ok(counted) };
                    counted.push((scenario.name.to_owned(), self.count_one(scenario)?));
                }
            };
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, Result<Vec<_>>>| {
                thread
                    .join()
                    .unwrap_or_else(|_panic| bail!("a run of the measuring stand panicked"))
            };
            threads.into_iter().map(join).collect::<Result<Vec<_>>>()
        });
        Ok(results?.into_iter().flatten().collect())
    }

    fn count_one(&self, scenario: &Scenario) -> Result<Counted> {
        let dir = self.work.join(scenario.name);
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
        }
        fs::create_dir_all(&dir)?;
        let data = dir.join("data");
        if let Data::Filled(messages) = scenario.data {
            let filled = self.filled(messages)?;
            copy_dir(&filled, &data)?;
        }
        let (short, long) = self.callgrind(scenario, &dir, &data)?;
        fs::remove_dir_all(&data).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
        let messages = scenario.long - scenario.short;
        let places = places::of_one(&short, &long, messages);
        let all = long.total.saturating_sub(short.total) as f64 / messages as f64;
        let beside = places::beside(&places);
        let instructions = (all - beside).round() as u64;
        Ok(Counted { instructions, beside: beside.round() as u64, places })
    }

    fn callgrind(&self, scenario: &Scenario, dir: &Path, data: &Path) -> Result<(Dump, Dump)> {
        let dump = dir.join("dump");
        let mut command = Command::new("valgrind");
        command
            .arg("--tool=callgrind")
            // In turn: a thread that waits for another must not keep it from working.
            .arg("--fair-sched=try")
            .arg(format!("--callgrind-out-file={}", dump.display()))
            .arg("--dump-before=magpie_path::measured::part_ends*");
        command.arg(&self.binary).args(scenario.arguments(data));
        command.env("GLIBC_TUNABLES", PLAIN_LIBC);
        // The allocator gives pages back after some time, which is no property of a message.
        command.env("MIMALLOC_PURGE_DELAY", "-1");
        let out = command
            .output()
            .context("cannot start `valgrind`: `scripts/setup.sh test` names what is missing")?;
        if !out.status.success() {
            let said = String::from_utf8_lossy(&out.stderr);
            bail!("the run `{}` failed ({}):\n{}", scenario.name, out.status, said.trim_end());
        }
        // The first part is the warm-up and everything before it.
        let part = |number: u8| callgrind::read(&dir.join(format!("dump.{number}")));
        Ok((part(2)?, part(3)?))
    }

    /// A store with so many messages, made by this build of the stand or an equal one.
    fn filled(&self, messages: u64) -> Result<PathBuf> {
        let stamp = fs::read(&self.binary).map(|bytes| fingerprint(&bytes))?;
        let filled = self.work.join(format!("filled-{messages}-{stamp:016x}"));
        if filled.exists() {
            return Ok(filled);
        }
        let prefix = format!("filled-{messages}-");
        for entry in fs::read_dir(&self.work)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        let making = self.work.join(format!("{prefix}making"));
        let status = Command::new(&self.binary)
            .arg("fill")
            .arg(&making)
            .arg(messages.to_string())
            .stdout(std::process::Stdio::null())
            .status()
            .context("cannot start the measuring stand")?;
        if !status.success() {
            bail!("a store with {messages} messages could not be made");
        }
        fs::rename(&making, &filled)?;
        Ok(filled)
    }
}

/// FNV-1a: tells builds apart, nothing more.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn copy_dir(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
