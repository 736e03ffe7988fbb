//! Stands between a client and an HTTP server: notes every request, and answers those itself that
//! a test wants to fail. What is signed stays as it is, so the server takes it.
#![allow(clippy::unwrap_used, reason = "a test double")]

use std::{net::SocketAddr, sync::Arc};

use parking_lot::Mutex;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A request as it came by.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Method and target.
    pub line: String,
    /// The header `Range`.
    pub range: Option<String>,
    /// Bytes of its body.
    pub body_len: usize,
}

/// What becomes of a request.
pub enum Fate {
    /// The server answers.
    Pass,
    /// Answered with this status and document.
    Answer(&'static str, &'static str),
    /// The server gets it, but only so many bytes of its answer come back.
    CutAfter(usize),
}

type Judge = dyn Fn(&Seen, usize) -> Fate + Send + Sync;

/// The proxy. Its tasks end with the runtime of the test.
pub struct FaultProxy {
    /// Where it answers.
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl FaultProxy {
    /// In front of `http://` and an address. `judge` gets each request and how many with the same
    /// line came before it.
    ///
    /// # Panics
    /// When that is no address.
    pub async fn start(
        server: &str,
        judge: impl Fn(&Seen, usize) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server: SocketAddr = server.trim_start_matches("http://").parse().unwrap();
        let (seen, judge) = (Arc::default(), Arc::new(judge) as Arc<Judge>);
        let proxy = Self { address, seen };
        let seen = proxy.seen.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(one(client, server, seen.clone(), judge.clone()));
            }
        });
        proxy
    }

    /// Requests so far whose line contains this.
    #[must_use]
    pub fn seen(&self, part: &str) -> Vec<Seen> {
        let seen = self.seen.lock();
        seen.iter().filter(|request| request.line.contains(part)).cloned().collect()
    }
}

/// One request on a connection of its own.
async fn one(
    mut client: TcpStream,
    server: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    judge: Arc<Judge>,
) -> Option<()> {
    let mut request = Vec::new();
    let head_len = loop {
        if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if client.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(request[..head_len].to_vec()).unwrap();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned())
    };
    let body_len = header("content-length").map_or(0, |len| len.parse().unwrap());
    while request.len() < head_len + body_len {
        client.read_buf(&mut request).await.ok()?;
    }
    let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    let noted = Seen { line, range: header("range"), body_len };
    let before = {
        let mut seen = seen.lock();
        let before = seen.iter().filter(|earlier| earlier.line == noted.line).count();
        seen.push(noted.clone());
        before
    };
    let limit = match judge(&noted, before) {
        Fate::Answer(status, document) => {
            let len = document.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n{document}"
            );
            client.write_all(answer.as_bytes()).await.ok()?;
            return Some(());
        }
        Fate::Pass => usize::MAX,
        Fate::CutAfter(bytes) => bytes,
    };
    let mut upstream = TcpStream::connect(server).await.ok()?;
    // Behind the request line: connections of the test server serve one request each.
    let (line, rest) = request.split_at(head.find('\n').unwrap() + 1);
    upstream.write_all(line).await.ok()?;
    upstream.write_all(b"Connection: close\r\n").await.ok()?;
    upstream.write_all(rest).await.ok()?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).await.ok()?;
    client.write_all(&answer[..answer.len().min(limit)]).await.ok()?;
    Some(())
}
