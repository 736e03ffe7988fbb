//! A server in a process of its own, and two bystanders who chat through everything that happens.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use magpie_auth::{Issuer, SigningSecret, TokenRequest, TokenRules};
use magpie_proto::UserId;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::wire::Wire;

/// A start that takes longer has failed.
const START: Duration = Duration::from_secs(30);

/// How a server is started.
pub(crate) struct Start {
    pub(crate) folder: Arc<TempDir>,
    pub(crate) data: PathBuf,
    pub(crate) listen: String,
    pub(crate) env: Vec<(&'static str, String)>,
    /// With the demo users and the route that signs them in.
    pub(crate) demo: bool,
    /// Shell commands that run first, in a mount namespace of the server's own.
    pub(crate) before: Option<String>,
}

impl Start {
    /// An empty data directory, any port.
    pub(crate) fn fresh() -> Self {
        let base = Path::new(env!("CARGO_TARGET_TMPDIR"));
        fs::create_dir_all(base).unwrap();
        let folder = Arc::new(tempfile::tempdir_in(base).unwrap());
        let data = folder.path().join("data");
        Self {
            folder,
            data,
            listen: "127.0.0.1:0".into(),
            env: Vec::new(),
            demo: true,
            before: None,
        }
    }

    pub(crate) fn set(mut self, name: &'static str, value: &str) -> Self {
        self.env.push((name, value.into()));
        self
    }

    fn command(&self) -> Command {
        let program = std::env::var_os("MAGPIE_BIN")
            .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_magpie")), PathBuf::from);
        let mut command = match &self.before {
            None => Command::new(program),
            Some(before) => {
                let mut shell = Command::new("unshare");
                shell.args(["-m", "sh", "-ec", &format!("{before}\nexec \"$@\""), "sh"]);
                shell.arg(program);
                shell
            }
        };
        command
            .args(["serve", "--dev", "--listen", &self.listen, "--data"])
            .arg(&self.data)
            .args(self.demo.then_some("--demo"))
            .current_dir(self.folder.path())
            .env_clear()
            .envs([("LANG", "C.UTF-8"), ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")])
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a server that is expected to give up; what it printed, and its exit code.
    pub(crate) fn fails(&self) -> (String, Option<i32>) {
        let output = self.command().output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8(text).unwrap(), output.status.code())
    }

    /// Starts a server that is expected to run.
    pub(crate) fn runs(self) -> Server {
        let mut child = self.command().spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, printed) = mpsc::sync_channel(1_024);
        collect(child.stdout.take().unwrap(), log.clone(), lines.clone());
        collect(child.stderr.take().unwrap(), log.clone(), lines);
        let mut address = None;
        loop {
            let Ok(line) = printed.recv_timeout(START) else {
                panic!("no start: {:?}", log.lock().unwrap())
            };
            if let Some(bound) = line.trim().strip_prefix("listening on: ") {
                address = bound.parse().ok();
            }
            if line.starts_with("magpie ready in ") {
                break;
            }
        }
        Server { child, address: address.unwrap(), start: self, log }
    }
}

fn collect(
    from: impl Read + Send + 'static,
    log: Arc<Mutex<Vec<String>>>,
    lines: mpsc::SyncSender<String>,
) {
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            log.lock().unwrap().push(line.clone());
            // After the start nobody listens any more.
            let _ = lines.try_send(line);
        }
    });
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) start: Start,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lines printed so far.
    pub(crate) fn log_len(&self) -> usize {
        self.log.lock().unwrap().len()
    }

    /// Lines printed after the first `from`.
    pub(crate) fn log_after(&self, from: usize) -> Vec<String> {
        self.log.lock().unwrap()[from..].to_vec()
    }

    pub(crate) fn alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Stops it the regular way and gives the way it was started, for the next start.
    pub(crate) fn stop(mut self) -> Start {
        let kill = Command::new("kill").arg(self.pid().to_string()).status().unwrap();
        assert!(kill.success());
        assert!(self.child.wait().unwrap().success(), "{:?}", self.log.lock().unwrap());
        let empty = Start { before: None, ..Start::fresh() };
        std::mem::replace(&mut self.start, empty)
    }

    /// A line of `/proc/PID/status`, in its unit.
    pub(crate) fn status(&self, name: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Processor time used, in ticks of 10 ms.
    pub(crate) fn cpu_ticks(&self) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    fn issuer(&self) -> Issuer {
        let text = fs::read_to_string(self.root().join("signing.key")).unwrap();
        let secret = SigningSecret::from_text("the test's secret", text.trim()).unwrap();
        Issuer::new(&secret, TokenRules::default())
    }

    /// The data directory as the server sees it, in its own mount namespace.
    pub(crate) fn root(&self) -> PathBuf {
        let inside = self.start.data.strip_prefix("/").unwrap();
        Path::new("/proc").join(self.pid().to_string()).join("root").join(inside)
    }

    /// A token made at `now_ms` by this server's secret.
    pub(crate) fn mint(&self, request: &TokenRequest, now_ms: u64) -> String {
        self.issuer().mint(request, now_ms).unwrap().token
    }

    /// A good token.
    pub(crate) fn token(&self, user: &str) -> String {
        self.mint(&TokenRequest::native(id(user), 3_600), now_ms())
    }

    /// A signed-in connection.
    pub(crate) fn session(&self, user: &str) -> Wire {
        let mut wire = Wire::socket(self.address, "/v1/ws", "");
        wire.hello(&json!({"t": "hello", "r": 1, "token": self.token(user)})).unwrap();
        wire
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn id(user: &str) -> UserId {
    UserId::parse(user).unwrap()
}

#[allow(clippy::disallowed_methods, reason = "the server under test lives by the real clock")]
pub(crate) fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Two users whose chat must not notice anything.
pub(crate) struct Bystanders {
    from: Wire,
    to: Wire,
    conversation: String,
    seq: u64,
    first: u64,
}

impl Bystanders {
    pub(crate) fn meet(server: &Server) -> Self {
        let (from, to) = (server.session("A"), server.session("B"));
        let mut pair = Self { from, to, conversation: String::new(), seq: 0, first: 0 };
        pair.chat();
        pair.first = pair.seq;
        pair
    }

    /// One message: acknowledged, and seen by the other one, once and in order.
    pub(crate) fn chat(&mut self) {
        let sent = self.say("still here?");
        assert_eq!(sent["t"], "ack", "{sent}");
        let seen = self.to.find(|frame| frame["t"] == "msg").unwrap();
        assert_eq!(seen["seq"], sent["seq"]);
        let seq = sent["seq"].as_u64().unwrap();
        assert!(self.seq == 0 || seq == self.seq + 1, "{} then {seq}", self.seq);
        self.seq = seq;
        sent["c"].as_str().unwrap().clone_into(&mut self.conversation);
    }

    /// Sends without expecting success; the reply.
    pub(crate) fn say(&mut self, text: &str) -> Value {
        let cid = format!("{}-{}", self.seq, text.len());
        let send =
            json!({"t": "send", "r": 9, "to": "B", "cid": cid, "b": {"k": "text", "x": text}});
        self.from.text(&send.to_string());
        self.from.find(|frame| frame["r"] == 9).unwrap()
    }

    /// A message that was acknowledged outside of [`Self::chat`]: the other one has to see it.
    pub(crate) fn note(&mut self, ack: &Value) {
        self.seq = ack["seq"].as_u64().unwrap();
        let seq = self.seq;
        self.to.find(|frame| frame["t"] == "msg" && frame["seq"] == seq).unwrap();
    }

    /// They hang up; what they said is still to be found.
    pub(crate) fn leave(self) -> Said {
        self.said()
    }

    /// Everything that was acknowledged so far is in the history.
    pub(crate) fn nothing_lost(&self, reader: &mut Wire) {
        self.said().nothing_lost(reader);
    }

    fn said(&self) -> Said {
        let conversation = self.conversation.clone();
        Said { conversation, first: self.first, last: self.seq }
    }
}

/// Acknowledged messages.
pub(crate) struct Said {
    conversation: String,
    first: u64,
    last: u64,
}

impl Said {
    /// All of it is in the history, once and in order.
    pub(crate) fn nothing_lost(&self, reader: &mut Wire) {
        let mut after = self.first - 1;
        while after < self.last {
            let ask = json!({"t": "history", "r": 8, "c": self.conversation, "after": after,
                "limit": 100});
            reader.text(&ask.to_string());
            let page = reader.find(|frame| frame["r"] == 8).unwrap();
            for item in page["items"].as_array().unwrap() {
                after += 1;
                assert_eq!(item["seq"], after, "{item}");
            }
            assert!(page["more"] == true || after == self.last, "history ends at {after}");
        }
    }
}
