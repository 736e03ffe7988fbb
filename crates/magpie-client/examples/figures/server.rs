//! The measured server: one process on an empty directory on disk, killed at the end.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::Fallible;

const API_KEY: &str = "the-api-key-of-the-figures-0000000001";

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What it said about its own start.
    pub(crate) ready_ms: f64,
    /// From fork to the ready line, as seen from outside.
    pub(crate) wall_ms: f64,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts it on an empty directory; on one core if asked.
    pub(crate) fn start(binary: &Path, core: Option<u32>) -> Fallible<Self> {
        let folder = tempfile::tempdir_in(base()?)?;
        let data = folder.path().join("data");
        Self::start_on(binary, core, folder, &data)
    }

    /// Starts it on a directory; `folder` is removed at the end.
    pub(crate) fn start_on(
        binary: &Path,
        core: Option<u32>,
        folder: tempfile::TempDir,
        data: &Path,
    ) -> Fallible<Self> {
        let mut command = match core {
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", &core.to_string()]).arg(binary);
                command
            }
            None => Command::new(binary),
        };
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .current_dir(folder.path())
            .env_clear()
            .envs(std::env::var("PATH").map(|path| ("PATH", path)))
            .envs([
                ("LANG", "C.UTF-8"),
                ("MAGPIE_API_KEY", API_KEY),
                ("MAGPIE_IDENTITY__CREATE_UNKNOWN_USERS", "true"),
                // What one generator asks of one user is not what is measured.
                ("MAGPIE_LIMITS__MESSAGES_PER_S", "10000000"),
                ("MAGPIE_LIMITS__MESSAGES_BURST", "10000000"),
                ("MAGPIE_LIMITS__EPHEMERAL_PER_S", "10000000"),
                ("MAGPIE_SERVER__MAX_CONNECTIONS", "19000"),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let begun = tokio::time::Instant::now();
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let (mut address, mut ready_ms) = (None, None);
        for line in BufReader::new(output).lines() {
            let line = line?;
            if let Some(bound) = line.trim().strip_prefix("listening on: ") {
                address = Some(bound.parse()?);
            }
            if let Some(rest) = line.strip_prefix("magpie ready in ") {
                ready_ms = Some(rest.trim_end_matches(" ms").parse()?);
                break;
            }
        }
        let wall_ms = begun.elapsed().as_secs_f64() * 1e3;
        let address = address.ok_or("the server did not start")?;
        let ready_ms = ready_ms.ok_or("the server did not become ready")?;
        Ok(Self { child, address, ready_ms, wall_ms, _folder: folder })
    }

    /// A field of `/proc/PID/smaps_rollup` in KiB.
    pub(crate) fn memory_kib(&self, field: &str) -> Fallible<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        let number = line.ok_or("no such field")?.trim().trim_end_matches(" kB");
        Ok(number.parse()?)
    }

    /// Processor time used so far, in seconds.
    pub(crate) fn cpu_s(&self) -> Fallible<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let rest = stat.rsplit_once(") ").ok_or("odd stat")?.1;
        let mut ticks = 0.0;
        for field in rest.split(' ').skip(11).take(2) {
            ticks += field.parse::<f64>()?;
        }
        Ok(ticks / 100.0)
    }

    /// Tokens for users `u0`, `u1`, ...
    pub(crate) async fn tokens(&self, count: usize) -> Fallible<Vec<String>> {
        let stream = TcpStream::connect(self.address).await?;
        let mut stream = tokio::io::BufReader::new(stream);
        let mut tokens = Vec::with_capacity(count);
        for number in 0..count {
            let body = json!({"user": format!("u{number}"), "ttl_s": 86_400}).to_string();
            let request = format!(
                "POST /v1/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_KEY}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.get_mut().write_all(request.as_bytes()).await?;
            let mut length = 0;
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).await?;
                let line = line.trim().to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length:") {
                    length = value.trim().parse()?;
                }
                if line.is_empty() {
                    break;
                }
            }
            let mut answer = vec![0; length];
            stream.read_exact(&mut answer).await?;
            let answer: Value = serde_json::from_slice(&answer)?;
            tokens.push(answer["token"].as_str().ok_or("no token")?.to_owned());
        }
        Ok(tokens)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Next to the build, on the same disk: never a file system in memory.
pub(crate) fn base() -> Fallible<PathBuf> {
    let target = std::env::current_exe()?;
    let target = target.ancestors().nth(3).ok_or("no target directory")?;
    let base = target.join("figures");
    std::fs::create_dir_all(&base)?;
    Ok(base)
}
