//! The measured server: one process on a data directory of its own, bound to its cores, ended
//! with this program; or one that runs already. Takes memory and tokens from it; loads nothing.

mod http;
mod memory;

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

pub(crate) use http::{Grant, Http};
pub(crate) use memory::{Memory, slab_kib};

use crate::engine::{clock::Clock, cpu};

/// The key that a server started here takes.
pub(crate) const API_KEY: &str = "the-api-key-of-the-load-generator-0001";
const START_WITHIN: Duration = Duration::from_secs(60);
/// Lines of the server's log that a failure shows.
const LOG_LINES: usize = 12;

/// What of the server's defaults is changed: what one generator asks of one user is not what is
/// measured. Everything else is as shipped.
const LIFTED: &[(&str, &str)] = &[
    ("MAGPIE_IDENTITY__CREATE_UNKNOWN_USERS", "true"),
    ("MAGPIE_LIMITS__MESSAGES_PER_S", "10000000"),
    ("MAGPIE_LIMITS__MESSAGES_BURST", "10000000"),
    ("MAGPIE_LIMITS__EPHEMERAL_PER_S", "10000000"),
];

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// The binary.
    pub(crate) binary: PathBuf,
    /// Cores it is bound to; none: any.
    pub(crate) cores: Vec<usize>,
    /// Cores that this thread goes back to.
    pub(crate) own_cores: Vec<usize>,
    /// A data directory to start on; `None`: an empty one that is removed at the end.
    pub(crate) data: Option<PathBuf>,
    /// Where empty data directories are made.
    pub(crate) scratch: PathBuf,
    /// Further settings, as environment variables.
    pub(crate) environment: Vec<(String, String)>,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What it said about its own start.
    pub(crate) ready_ms: f64,
    /// From its start to its being ready, as seen from outside.
    pub(crate) wall_ms: f64,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

impl ServerProcess {
    /// Starts it and waits until it is ready.
    pub(crate) fn start(plan: &Plan) -> Result<Self> {
        std::fs::create_dir_all(&plan.scratch)
            .with_context(|| format!("cannot make {}", plan.scratch.display()))?;
        let folder = tempfile::tempdir_in(&plan.scratch)?;
        let data = plan.data.clone().unwrap_or_else(|| folder.path().join("data"));
        let log = folder.path().join("log");
        let mut command = Command::new(&plan.binary);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .current_dir(folder.path())
            .env_clear()
            .envs(std::env::var("PATH").map(|path| ("PATH", path)))
            .envs([("LANG", "C.UTF-8"), ("MAGPIE_API_KEY", API_KEY)])
            .envs(LIFTED.iter().copied())
            .envs(plan.environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log)?);
        // A child has the cores of the thread that starts it, from its first instruction on.
        if !plan.cores.is_empty() {
            cpu::pin(&plan.cores)?;
        }
        let clock = Clock::start();
        let child =
            command.spawn().with_context(|| format!("cannot start {}", plan.binary.display()));
        if !plan.own_cores.is_empty() {
            cpu::pin(&plan.own_cores)?;
        }
        let mut child = child?;
        let told = child.stdout.take().context("no standard output")?;
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { child, address, ready_ms: 0.0, wall_ms: 0.0, log, _folder: folder };
        server.wait_until_ready(&lines(told))?;
        server.wall_ms = clock.now_s() * 1e3;
        Ok(server)
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The last lines of its log.
    pub(crate) fn last_log_lines(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    fn wait_until_ready(&mut self, lines: &Receiver<String>) -> Result<()> {
        loop {
            match lines.recv_timeout(START_WITHIN) {
                Ok(line) => {
                    if let Some(bound) = line.trim().strip_prefix("listening on: ") {
                        self.address =
                            bound.parse().with_context(|| format!("address {bound:?}"))?;
                    }
                    if let Some(rest) = line.strip_prefix("magpie ready in ") {
                        self.ready_ms = rest.trim_end_matches(" ms").parse().unwrap_or_default();
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!(
                        "the server is not ready after {START_WITHIN:?}:\n{}",
                        self.last_log_lines()
                    )
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("the server ended before it was ready:\n{}", self.last_log_lines())
                }
            }
        }
        if self.address.port() == 0 {
            bail!("the server did not say where it listens");
        }
        Ok(())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a binary says its version is.
pub(crate) fn version(binary: &Path) -> Result<String> {
    let told = Command::new(binary)
        .arg("version")
        .output()
        .with_context(|| format!("cannot run {}", binary.display()))?;
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let version = text.lines().next().and_then(|line| line.strip_prefix("magpie "));
    Ok(version.unwrap_or("unknown").trim().to_owned())
}

/// Lines as they come, read by a thread of their own until the end, so that the writer never
/// waits for a reader.
fn lines(output: std::process::ChildStdout) -> Receiver<String> {
    let (sender, receiver) = sync_channel(256);
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Nobody listens any more: the pipe is emptied all the same.
            let _ = sender.try_send(line);
        }
    });
    receiver
}
