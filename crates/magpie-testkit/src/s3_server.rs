//! A real S3 server for tests: scripts/s3-server.sh in a process of its own, ended by its id. The
//! first run installs what it needs below the build's directory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test double")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use serde_json::Value;

/// A running server; it ends when dropped, and when this process ends.
pub struct S3Server {
    child: Child,
    line: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    facts: Value,
}

/// The keys of a user.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The id.
    pub access_key: String,
    /// The secret.
    pub secret_key: String,
}

/// One for all tests of a program that run at a time.
static SHARED: Mutex<Weak<S3Server>> = Mutex::new(Weak::new());

impl S3Server {
    /// The server of this test program. `tmp` is its `CARGO_TARGET_TMPDIR`.
    ///
    /// # Panics
    /// When it does not start; its own output says why.
    #[must_use]
    pub fn shared(tmp: &str) -> Arc<Self> {
        let mut shared = SHARED.lock();
        let server = shared.upgrade().unwrap_or_else(|| Arc::new(Self::start(tmp)));
        *shared = Arc::downgrade(&server);
        server
    }

    fn start(tmp: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/s3-server.sh");
        let mut child = Command::new(script)
            .arg(Path::new(tmp).join("s3-server"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let facts = serde_json::from_str(&line).unwrap_or_else(|error| {
            panic!("the S3 server did not start ({error}): scripts/setup.sh test installs Python")
        });
        let line = Mutex::new((child.stdin.take().unwrap(), output));
        Self { child, line, facts }
    }

    /// The names of uploads in [`Self::bucket`] that were begun and neither finished nor aborted.
    ///
    /// # Panics
    /// When the server has ended.
    #[must_use]
    pub fn unfinished_uploads(&self) -> Vec<String> {
        let mut line = self.line.lock();
        let (input, output) = &mut *line;
        input.write_all(b"uploads\n").unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    fn text(&self, place: &str) -> String {
        self.facts.pointer(place).and_then(Value::as_str).unwrap().to_owned()
    }

    fn keys(&self, of: &str) -> Keys {
        let text = |name: &str| self.text(&format!("/{of}/{name}"));
        Keys { access_key: text("access_key"), secret_key: text("secret_key") }
    }

    /// Where it answers.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.text("/endpoint")
    }

    /// Where the same buckets are behind TLS.
    #[must_use]
    pub fn secure_endpoint(&self) -> String {
        self.text("/secure_endpoint")
    }

    /// The authority behind that one's certificate, as PEM.
    #[must_use]
    pub fn authority(&self) -> String {
        self.text("/authority")
    }

    /// An authority of the same name that is not behind it.
    #[must_use]
    pub fn other_authority(&self) -> String {
        self.text("/other_authority")
    }

    /// A bucket that is there; tests take a prefix each.
    #[must_use]
    pub fn bucket(&self) -> String {
        self.text("/bucket")
    }

    /// A bucket that keeps versions.
    #[must_use]
    pub fn versioned(&self) -> String {
        self.text("/versioned")
    }

    /// Keys that may do everything.
    #[must_use]
    pub fn owner(&self) -> Keys {
        self.keys("owner")
    }

    /// Keys that may list and read.
    #[must_use]
    pub fn reader(&self) -> Keys {
        self.keys("reader")
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
