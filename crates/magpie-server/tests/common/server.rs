//! The server under test: `MAGPIE_BIN`, or the binary that cargo built for this test run. Each one
//! has a data directory on disk and a loopback address of its own, so that a restart finds its
//! port free whatever else this machine is doing.

use std::{
    io::{BufRead as _, BufReader, Read},
    net::SocketAddr,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

use magpie_client::Options;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{
    http::{self, Answer},
    session::{Session, within},
};

/// The backend's key in these tests.
pub const API_KEY: &str = "the-api-key-of-the-black-box-tests-0001";
/// A start that takes longer has failed.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// How to start a server.
#[derive(Clone, Default)]
pub struct ServerBuilder {
    flags: Vec<String>,
    env: Vec<(String, String)>,
    built_here: bool,
    files_room_mib: Option<u32>,
}

impl ServerBuilder {
    /// Adds a flag of `magpie serve`.
    pub fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// Sets `MAGPIE_<SECTION>__<KEY>`, written `section.key`.
    pub fn set(self, key: &str, value: impl ToString) -> Self {
        let name = format!("MAGPIE_{}", key.replace('.', "__")).to_ascii_uppercase();
        self.env(&name, value)
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.env.push((name.to_owned(), value.to_string()));
        self
    }

    /// Takes the binary that cargo built for this test, whatever `MAGPIE_BIN` says: it has features
    /// that the other one lacks.
    pub fn built_here(mut self) -> Self {
        self.built_here = true;
        self
    }

    /// Puts uploaded files on a disk of their own that has so much room, for the life of the process.
    pub fn files_room_mib(mut self, room: u32) -> Self {
        self.files_room_mib = Some(room);
        self
    }

    /// Starts it with an empty data directory.
    pub fn start(self) -> TestServer {
        self.try_start().unwrap_or_else(|failed| panic!("no start: {}", failed.log))
    }

    /// The same, where it may be refused.
    pub fn try_start(self) -> Result<TestServer, FailedStart> {
        let base = Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::create_dir_all(base).unwrap();
        let folder = Arc::new(tempfile::tempdir_in(base).unwrap());
        self.start_on(folder, free_address())
    }

    /// Starts it on a data directory and address that were used before.
    pub fn start_on(
        &self,
        folder: Arc<TempDir>,
        address: SocketAddr,
    ) -> Result<TestServer, FailedStart> {
        let mut command = self.command(&folder.path().join("data"), address);
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (lines, ready) = mpsc::sync_channel(256);
        let (ending, ended) = oneshot::channel();
        collect(child.stdout.take().unwrap(), log.clone(), Some((lines, ending)));
        collect(child.stderr.take().unwrap(), log.clone(), None);
        let mut server =
            TestServer { child, address, folder, log, builder: self.clone(), status: None, ended };
        loop {
            match ready.recv_timeout(START_TIMEOUT) {
                Ok(line) if line.starts_with("magpie ready in ") => return Ok(server),
                Ok(line) => {
                    if let Some(bound) = line.trim().strip_prefix("listening on: ") {
                        server.address = bound.parse().unwrap();
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => server.kill(),
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    let status = server.wait();
                    return Err(FailedStart { status, log: server.log() });
                }
            }
        }
    }

    fn command(&self, data: &Path, address: SocketAddr) -> Command {
        let program =
            if self.built_here { PathBuf::from(env!("CARGO_BIN_EXE_magpie")) } else { program() };
        let mut command = match self.files_room_mib {
            None => Command::new(program),
            // Mounted where nobody else sees it; every program in line replaces the one before.
            Some(room) => {
                let mount = format!(
                    "mkdir -p \"$0\" && mount -t tmpfs -o size={room}m tmpfs \"$0\" && exec \"$@\""
                );
                let mut command = Command::new("unshare");
                command
                    .args(["--user", "--map-root-user", "--mount", "sh", "-c", &mount])
                    .arg(data.join("media"))
                    .arg(program);
                command
            }
        };
        command
            .arg("serve")
            .args(["--listen", &address.to_string(), "--data"])
            .arg(data)
            .args(&self.flags)
            .current_dir(data.parent().unwrap())
            .env_clear()
            .envs([("LANG", "C.UTF-8"), ("MAGPIE_API_KEY", API_KEY)])
            .env("MAGPIE_IDENTITY__CREATE_UNKNOWN_USERS", "true")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// The binary under test.
pub fn program() -> PathBuf {
    std::env::var_os("MAGPIE_BIN")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_magpie")), PathBuf::from)
}

/// A loopback address that nobody else in this process uses, with any port. Outgoing connections
/// leave from 127.0.0.1, so that none of them can take the port between two lives of a server.
fn free_address() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let last = u8::try_from(number % 250 + 1).unwrap();
    SocketAddr::from(([127, high.max(1), low, last], 0))
}

/// Where lines of the start go, and what is dropped at the end.
type Watch = (mpsc::SyncSender<String>, oneshot::Sender<()>);

fn collect(from: impl Read + Send + 'static, log: Arc<Mutex<String>>, watch: Option<Watch>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { return };
            {
                let mut log = log.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
            if let Some((lines, _)) = &watch {
                // After the start nobody listens any more.
                let _ = lines.try_send(line);
            }
        }
    });
}

/// A start that did not come to `ready`.
#[derive(Debug)]
pub struct FailedStart {
    pub status: ExitStatus,
    pub log: String,
}

/// A running server; killed when dropped.
pub struct TestServer {
    child: Child,
    pub address: SocketAddr,
    pub folder: Arc<TempDir>,
    log: Arc<Mutex<String>>,
    builder: ServerBuilder,
    status: Option<ExitStatus>,
    ended: oneshot::Receiver<()>,
}

impl TestServer {
    /// With default settings; unknown users are created on first sight.
    pub fn start() -> Self {
        ServerBuilder::default().start()
    }

    /// A server with some settings.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let add = |builder: ServerBuilder, (key, value): &(&str, &str)| builder.set(key, value);
        settings.iter().fold(ServerBuilder::default(), add).start()
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it printed so far, on both outputs.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The native socket.
    pub fn url(&self) -> String {
        format!("ws://{}/v1/ws", self.address)
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.wait();
    }

    /// SIGTERM; the caller waits.
    pub fn terminate(&self) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(sent.success(), "no process {pid}");
    }

    /// Waits for its end while this test's clients go on.
    pub async fn ended(&mut self) -> ExitStatus {
        // Fails when it has ended; its standard output closes no sooner than that.
        let _ = within("the end of the server", &mut self.ended).await;
        self.wait()
    }

    /// Waits for its end; nothing else of this test runs meanwhile.
    pub fn wait(&mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        self.status = Some(status);
        status
    }

    /// Whether a signal ended it.
    pub fn died_of(&self) -> Option<i32> {
        self.status.and_then(|status| status.signal())
    }

    /// A new process on the same data directory and address. The old one must have ended.
    pub fn restart(&mut self) {
        assert!(self.status.is_some(), "end it first");
        let next = self.builder.start_on(self.folder.clone(), self.address);
        *self = next.unwrap_or_else(|failed| panic!("no restart: {}", failed.log));
    }

    /// Calls the API with the backend's key.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let key = format!("Authorization: Bearer {API_KEY}");
        http::request(self.address, method, path, &[key], body.as_ref()).await
    }

    /// Calls the API and expects success.
    pub async fn api(&self, method: &str, path: &str, body: Value) -> Value {
        self.call(method, path, Some(body)).await.ok()
    }

    /// A token for a user.
    pub async fn token(&self, user: &str) -> String {
        self.token_with(json!({ "user": user })).await
    }

    /// A token with more in it.
    pub async fn token_with(&self, wanted: Value) -> String {
        let made = self.api("POST", "/v1/tokens", wanted).await;
        made["token"].as_str().unwrap().to_owned()
    }

    /// Options to connect as a user, from a device of that name.
    pub async fn options(&self, user: &str, device: &str) -> Options {
        Options::new(self.url(), self.token(user).await).device(device)
    }

    /// Signs a user in on a device and waits until it is up to date.
    pub async fn sign_in(&self, user: &str, device: &str) -> Session {
        Session::open(self.options(user, device).await).await
    }

    /// Signs a user in.
    pub async fn user(&self, user: &str) -> Session {
        self.sign_in(user, "phone").await
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.kill();
    }
}
