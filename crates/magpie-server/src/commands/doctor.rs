//! `magpie doctor`: looks at this machine for what makes servers fail later. Changes nothing but a
//! probe file that it removes again.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    net::TcpListener,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use magpie_core::port::Clock as _;

use super::Where;
use crate::{
    clock::SystemClock,
    config::{Config, calls::Calls},
    console, file_limit,
};

const EXAMPLES: &str = "\
Examples:
  magpie doctor                              before the first start
  magpie doctor --config /etc/magpie/magpie.toml --data /var/lib/magpie

Exit codes: 0 nothing stands in the way, 1 something does, 64 bad configuration.";

const MIB: u64 = 1_048_576;
/// 2026-01-01; a clock before it is wrong, because this program is newer.
const BUILT_AFTER_MS: u64 = 1_767_225_600_000;
/// 2100-01-01.
const BUILT_BEFORE_MS: u64 = 4_102_444_800_000;

/// Arguments of `magpie doctor`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DoctorArgs {
    /// Where to look.
    #[command(flatten)]
    pub place: Where,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Fine,
    Advice,
    Fault,
}

/// One line of the report.
#[derive(Debug, PartialEq, Eq)]
struct Finding(Mark, String);

/// Looks.
///
/// # Errors
/// Bad configuration.
pub fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let config = args.place.load()?;
    let data = &config.server.data;
    let mut findings = vec![judge_files(file_limit::current())];
    findings.push(writable(data));
    findings.extend(file_system(data));
    findings.push(port(&config));
    findings.push(judge_clock(SystemClock::new().now_ms(), newest_file_ms(data)));
    findings.extend(proxy(&config));
    findings.extend(judge_calls(&config.calls));
    for Finding(mark, text) in &findings {
        let word = match mark {
            Mark::Fine => "ok    ",
            Mark::Advice => "advice",
            Mark::Fault => "FAULT ",
        };
        console::say(&format!("{word}  {text}"));
    }
    Ok(ExitCode::from(u8::from(findings.iter().any(|finding| finding.0 == Mark::Fault))))
}

fn judge_files((soft, hard): (Option<u64>, Option<u64>)) -> Finding {
    // The server raises its own soft limit, so the hard one decides.
    let Some(hard) = hard else {
        return Finding(Mark::Fine, "open files: no limit".to_owned());
    };
    let connections = hard.saturating_sub(file_limit::RESERVED_FILES);
    let soft = soft.map_or_else(|| "none".to_owned(), |soft| soft.to_string());
    let text =
        format!("open files: limit {hard} (soft {soft}), enough for {connections} connections");
    if hard >= 8_192 {
        return Finding(Mark::Fine, text);
    }
    let mark = if connections == 0 { Mark::Fault } else { Mark::Advice };
    Finding(mark, format!("{text}; raise it with LimitNOFILE= in the systemd unit or `ulimit -Hn`"))
}

/// The directory itself, or the nearest one above it that exists.
fn existing(data: &Path) -> PathBuf {
    let data = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
    let found = data.ancestors().find(|path| path.exists());
    found.map_or_else(|| data.clone(), Path::to_owned)
}

fn writable(data: &Path) -> Finding {
    let place = existing(data);
    let probe = place.join(format!(".magpie-doctor-{}", std::process::id()));
    let tried =
        OpenOptions::new().write(true).create_new(true).open(&probe).and_then(|mut file| {
            file.write_all(b"probe")?;
            file.sync_all()
        });
    // Left behind only if the directory became read-only in between.
    let _ = fs::remove_file(&probe);
    let shown = place.display();
    match tried {
        Ok(()) if place.ends_with(data) => {
            Finding(Mark::Fine, format!("data directory: {shown} takes files"))
        }
        Ok(()) => Finding(
            Mark::Fine,
            format!("data directory: {} can be created in {shown}", data.display()),
        ),
        Err(error) => Finding(
            Mark::Fault,
            format!(
                "data directory: {shown} takes no files ({error}): give it to the server's user, or name another with --data"
            ),
        ),
    }
}

/// Kind and free space of the file system below the data directory.
fn file_system(data: &Path) -> Vec<Finding> {
    let place = existing(data);
    let Ok(about) = rustix::fs::statfs(&place) else {
        return vec![Finding(
            Mark::Advice,
            format!("file system: {} tells nothing", place.display()),
        )];
    };
    let free = about.f_bavail.saturating_mul(u64::try_from(about.f_bsize).unwrap_or(0));
    vec![judge_kind(about.f_type), judge_space(free)]
}

fn judge_kind(kind: i64) -> Finding {
    let volatile = |name: &str| {
        Finding(
            Mark::Fault,
            format!("file system: {name} lives in memory: everything is lost at a restart"),
        )
    };
    let remote = |name: &str| {
        let text = format!(
            "file system: {name} over the network: locks and fsync may not hold; use a local disk"
        );
        Finding(Mark::Fault, text)
    };
    match kind {
        0x0102_1994 => volatile("tmpfs"),
        0x8584_58f6 => volatile("ramfs"),
        0x6969 => remote("NFS"),
        0xff53_4d42 | 0xfe53_4d42 | 0x517b => remote("SMB"),
        0x0102_1997 => remote("9p"),
        0x6573_5546 => {
            Finding(Mark::Advice, "file system: FUSE: make sure that it keeps fsync and locks".to_owned())
        }
        0x794c_7630 => Finding(
            Mark::Advice,
            "file system: a container's overlay: put the data directory on a volume, or it goes with the container"
                .to_owned(),
        ),
        _ => Finding(Mark::Fine, "file system: a local disk".to_owned()),
    }
}

fn judge_space(free_bytes: u64) -> Finding {
    let text = format!("free space: {} MiB", free_bytes / MIB);
    match free_bytes / MIB {
        0..64 => Finding(Mark::Fault, format!("{text}: free at least 1024")),
        64..1_024 => Finding(Mark::Advice, format!("{text}: soon full")),
        _ => Finding(Mark::Fine, text),
    }
}

fn port(config: &Config) -> Finding {
    let listen = config.server.listen;
    match TcpListener::bind(listen) {
        Ok(_) => Finding(Mark::Fine, format!("address: {listen} is free")),
        Err(error) => Finding(
            Mark::Fault,
            format!(
                "address: {listen} cannot be used ({error}): does a server run already? Else choose another with --listen"
            ),
        ),
    }
}

fn newest_file_ms(data: &Path) -> Option<u64> {
    let entries = fs::read_dir(data).ok()?;
    let modified = entries.flatten().filter_map(|entry| entry.metadata().ok()?.modified().ok());
    let newest = modified.max()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    u64::try_from(newest.as_millis()).ok()
}

fn judge_clock(now_ms: u64, newest_file_ms: Option<u64>) -> Finding {
    let how = "set it (timedatectl set-ntp true): tokens and message times depend on it";
    if !(BUILT_AFTER_MS..BUILT_BEFORE_MS).contains(&now_ms) {
        return Finding(Mark::Fault, format!("clock: the year cannot be right: {how}"));
    }
    match newest_file_ms.map(|newest| newest.saturating_sub(now_ms) / 1_000) {
        Some(ahead_s) if ahead_s > 60 => Finding(
            Mark::Fault,
            format!("clock: the data directory has a file from {ahead_s} s ahead: {how}"),
        ),
        _ => Finding(Mark::Fine, "clock: plausible".to_owned()),
    }
}

fn proxy(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let remote = !config.server.listen.ip().is_loopback();
    if remote && config.server.trusted_proxies.is_empty() {
        let text = "proxy: other machines reach this address without TLS: put a TLS proxy in front and name it in server.trusted_proxies";
        findings.push(Finding(Mark::Advice, text.to_owned()));
    }
    let timeout_s = config.heartbeat.interval_ms.div_ceil(1_000) + 30;
    let text = format!(
        "proxy: in nginx set proxy_http_version 1.1, the Upgrade and Connection headers, X-Forwarded-For, and \
         proxy_read_timeout {timeout_s}s or more"
    );
    findings.push(Finding(Mark::Advice, text));
    findings
}

fn judge_calls(calls: &Calls) -> Option<Finding> {
    if !calls.enabled {
        return None;
    }
    if !calls.turn_urls.is_empty() {
        return Some(Finding(Mark::Fine, format!("calls: TURN at {}", calls.turn_urls.join(", "))));
    }
    let text = "calls: no TURN server: calls inside one network work, many between networks fail; run coturn \
                and set calls.turn_urls and calls.turn_secret, or switch them off with calls.enabled = false";
    Some(Finding(Mark::Advice, text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_network_disks_are_faults() {
        for kind in [0x0102_1994, 0x8584_58f6, 0x6969, 0xff53_4d42] {
            assert_eq!(judge_kind(kind).0, Mark::Fault, "{kind:x}");
        }
        assert_eq!(judge_kind(0xef53).0, Mark::Fine);
        assert_eq!(judge_kind(0x794c_7630).0, Mark::Advice);
    }

    #[test]
    fn calls_without_turn_are_worth_an_advice() {
        let mut calls = Calls::default();
        assert_eq!(judge_calls(&calls).map(|finding| finding.0), Some(Mark::Advice));
        calls.turn_urls = vec!["turn:turn.example.com".to_owned()];
        assert_eq!(judge_calls(&calls).map(|finding| finding.0), Some(Mark::Fine));
        calls.enabled = false;
        assert_eq!(judge_calls(&calls), None);
    }

    #[test]
    fn few_files_little_space_and_a_wrong_clock_are_named() {
        assert_eq!(judge_files((Some(256), Some(512))).0, Mark::Fault);
        assert_eq!(judge_files((Some(1_024), Some(4_096))).0, Mark::Advice);
        assert_eq!(judge_files((Some(1_024), Some(524_288))).0, Mark::Fine);
        assert_eq!(judge_files((None, None)).0, Mark::Fine);
        assert_eq!(judge_space(MIB).0, Mark::Fault);
        assert_eq!(judge_space(2_048 * MIB).0, Mark::Fine);
        assert_eq!(judge_clock(0, None).0, Mark::Fault);
        assert_eq!(judge_clock(BUILT_AFTER_MS, Some(BUILT_AFTER_MS + 3_600_000)).0, Mark::Fault);
        assert_eq!(judge_clock(BUILT_AFTER_MS, Some(BUILT_AFTER_MS)).0, Mark::Fine);
    }
}
