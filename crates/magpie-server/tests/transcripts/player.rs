//! Plays transcripts: one server for each, steps in order, the next frame on a socket is the one
//! that the transcript names. Times are failure bounds only.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{
    script::{Act, Call, Deed, Step, holds, parse},
    socket::{Came, Order, Socket, open},
};
use crate::common::{ServerBuilder, TestServer, http::Answer};

/// What takes longer does not come any more.
const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// Where the transcripts are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../magpie-gateway/transcripts")
}

/// The transcripts of a dialect, in order.
pub fn files(dialect: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder().join(dialect)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Plays every transcript of a dialect; names all that fail.
pub async fn play_all(dialect: &str) {
    let only = std::env::var("MAGPIE_TRANSCRIPT").unwrap_or_default();
    let mut faults = Vec::new();
    let files = files(dialect);
    assert!(!files.is_empty(), "no transcripts of {dialect}");
    for file in files {
        let name = format!("{dialect}/{}", file.file_name().unwrap().to_str().unwrap());
        if name.contains(&only) {
            let steps = parse(&fs::read_to_string(&file).unwrap());
            if let Err(fault) = play(&steps).await {
                faults.push(format!("{name}:{fault}"));
            }
        }
    }
    assert!(faults.is_empty(), "{} transcripts do not hold:\n{}", faults.len(), faults.join("\n"));
}

async fn play(steps: &[Step]) -> Result<(), String> {
    let mut world = World::start(steps.first());
    for step in steps {
        let done = tokio::time::timeout(PATIENCE, world.step(&step.act)).await;
        let done = done.unwrap_or_else(|_| Err("did not come".to_owned()));
        done.map_err(|fault| {
            let log = world.server.log();
            let tail: Vec<_> = log.lines().rev().take(5).collect();
            format!("{}: {}\n    {fault}\n    log: {tail:?}", step.line, step.text)
        })?;
    }
    Ok(())
}

struct World {
    server: TestServer,
    sockets: HashMap<String, Socket>,
    vars: HashMap<String, String>,
}

impl World {
    fn start(first: Option<&Step>) -> Self {
        let (mode, settings) = match first.map(|step| &step.act) {
            Some(Act::Serve { mode, settings }) => (mode.as_str(), settings.as_slice()),
            _ => ("open", &[][..]),
        };
        let builder = ServerBuilder::default().set("dialects.mode", mode);
        let builder = settings.iter().fold(builder, |builder, (k, v)| builder.set(k, v));
        Self { server: builder.start(), sockets: HashMap::new(), vars: HashMap::new() }
    }

    fn fill(&self, text: &str) -> String {
        let fill = |text: String, (name, value): (&String, &String)| {
            text.replace(&format!("${{{name}}}"), value)
        };
        self.vars.iter().fold(text.to_owned(), fill)
    }

    async fn step(&mut self, act: &Act) -> Result<(), String> {
        match act {
            Act::Serve { .. } => Ok(()),
            Act::Connect { name, path, headers, wait } => {
                let opened = open(self.server.address, &self.fill(path), headers).await;
                let mut socket = opened.map_err(|response| format!("refused: {response:?}"))?;
                if *wait {
                    socket.taken().await;
                }
                self.sockets.insert(name.clone(), socket);
                Ok(())
            }
            Act::Refused { path, headers, status, body } => {
                let Err(response) = open(self.server.address, &self.fill(path), headers).await
                else {
                    return Err("it opened".to_owned());
                };
                let text = response.body().clone().unwrap_or_default();
                let came = serde_json::from_slice(&text).unwrap_or(Value::Null);
                check(response.status().as_u16(), &came, *status, body.as_ref())
            }
            Act::Native { name, user, more } => self.native(name, user, more).await,
            Act::Token { var, user, more } => {
                let more = merge(more, json!({ "audience": "dialect" }));
                let token = self.token(user, &more).await;
                self.vars.insert(var.clone(), token);
                Ok(())
            }
            Act::Link { var, dialect, parts } => {
                let wanted = json!({ "dialect": dialect, "path": parts });
                let link = self.server.api("POST", "/v1/dialect-links", wanted).await;
                let address = link["address"].as_str().unwrap_or_default().to_owned();
                self.vars.insert(var.clone(), address);
                Ok(())
            }
            Act::Call { call, until } => self.call(call, *until).await,
            Act::Keep { var, at, path } => {
                let came = self.server.call("GET", &encode(&self.fill(path)), None).await.ok();
                let pointer = format!("/{}", at.replace('.', "/"));
                let value = came.pointer(&pointer).and_then(Value::as_str);
                self.vars.insert(var.clone(), value.ok_or(format!("came {came}"))?.to_owned());
                Ok(())
            }
            Act::Kill => {
                self.server.kill();
                Ok(())
            }
            Act::Restart => {
                self.server.restart();
                Ok(())
            }
            Act::Socket { name, deed } => {
                let deed = match deed {
                    Deed::Send(text) => &Deed::Send(self.fill(text)),
                    other => other,
                };
                let socket = self.sockets.get_mut(name).ok_or("no such socket")?;
                socket.play(deed).await
            }
        }
    }

    async fn token(&self, user: &str, more: &Value) -> String {
        let wanted = merge(more, json!({ "user": user }));
        self.server.token_with(wanted).await
    }

    async fn native(&mut self, name: &str, user: &str, more: &Value) -> Result<(), String> {
        let token = self.token(user, more).await;
        let opened = open(self.server.address, "/v1/ws", &[]).await;
        let mut socket = opened.map_err(|response| format!("refused: {response:?}"))?;
        socket.native = true;
        let hello = json!({ "t": "hello", "r": 0, "v": 1, "token": token, "device": name,
            "instance": name, "features": [] });
        socket.order(Order::Send(Message::text(hello.to_string()))).await;
        socket.play(&Deed::Json(json!({ "t": "ready" }))).await?;
        socket.play(&Deed::Json(json!({ "t": "sync", "more": false }))).await?;
        self.sockets.insert(name.to_owned(), socket);
        Ok(())
    }

    async fn call(&self, call: &Call, until: bool) -> Result<(), String> {
        loop {
            let path = encode(&self.fill(&call.path));
            let came: Answer = self.server.call(&call.method, &path, call.body.clone()).await;
            let json = serde_json::from_str(&came.text).unwrap_or(Value::Null);
            let done = check(came.status, &json, call.status, call.answer.as_ref());
            if done.is_ok() || !until {
                return done;
            }
            // Not a wait for a time: the step fails when it never holds.
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }
}

fn encode(path: &str) -> String {
    let byte = |b: u8| if b.is_ascii() { char::from(b).to_string() } else { format!("%{b:02X}") };
    path.bytes().map(byte).collect()
}

fn merge(more: &Value, mut base: Value) -> Value {
    for (key, value) in more.as_object().into_iter().flatten() {
        base[key] = value.clone();
    }
    base
}

fn check(status: u16, came: &Value, wanted: u16, body: Option<&Value>) -> Result<(), String> {
    let fits = status == wanted && body.is_none_or(|body| holds(came, body));
    if fits { Ok(()) } else { Err(format!("came {status} {came}")) }
}

impl Socket {
    async fn order(&self, order: Order) {
        // A socket that is over takes no orders; what must come on it will say so.
        let _ = self.orders.send(order).await;
    }

    /// Ready when the server has made the connection reachable: it answers a ping only then. What
    /// comes before is kept.
    async fn taken(&mut self) {
        let payload = b"taken".to_vec();
        self.order(Order::Send(Message::Ping(payload.clone().into()))).await;
        loop {
            let came = self.fresh().await;
            if came == Came::Pong(payload.clone()) {
                return;
            }
            let over = matches!(came, Came::Gone | Came::Close(..));
            self.early.push_back(came);
            if over {
                return;
            }
        }
    }

    /// What comes next, protocol pings apart.
    async fn next(&mut self) -> Came {
        match self.early.pop_front() {
            Some(came) => came,
            None => self.fresh().await,
        }
    }

    async fn fresh(&mut self) -> Came {
        loop {
            match self.came.recv().await {
                Some(Came::Ping) => self.pings += 1,
                Some(came) => return came,
                None => return Came::Gone,
            }
        }
    }

    async fn play(&mut self, deed: &Deed) -> Result<(), String> {
        match deed {
            Deed::Send(text) => self.order(Order::Send(Message::text(text.clone()))).await,
            Deed::Binary => self.order(Order::Send(Message::binary(vec![1, 2, 3]))).await,
            Deed::Burst(count) => {
                for number in 0..*count {
                    self.order(Order::Send(Message::text(format!("text {number}")))).await;
                }
            }
            Deed::Hears(count) => {
                for number in 0..*count {
                    let came = self.next().await;
                    if !matches!(came, Came::Text(_)) {
                        return Err(format!("after {number} texts came {came:?}"));
                    }
                }
            }
            Deed::Deaf => self.order(Order::Deaf).await,
            Deed::Drop => self.order(Order::Drop).await,
            Deed::Leave => {
                self.order(Order::Leave).await;
                while !matches!(self.next().await, Came::Gone) {}
            }
            Deed::Text(text) => return same(self.next().await, Came::Text(text.clone())),
            Deed::Json(expected) => return self.json(expected).await,
            Deed::Close { code, reason } => {
                let came = self.next().await;
                let reason = match (&came, reason) {
                    (Came::Close(_, any), None) => any.clone(),
                    (_, reason) => reason.clone().unwrap_or_default(),
                };
                return same(came, Came::Close(*code, reason));
            }
            Deed::Ping => {
                while self.pings == 0 {
                    match self.came.recv().await {
                        Some(Came::Ping) => self.pings += 1,
                        other => return Err(format!("came {other:?}")),
                    }
                }
                self.pings = 0;
            }
            Deed::Gone => return same(self.next().await, Came::Gone),
            Deed::Quiet => {
                let payload = b"quiet".to_vec();
                self.order(Order::Send(Message::Ping(payload.clone().into()))).await;
                return same(self.next().await, Came::Pong(payload));
            }
        }
        Ok(())
    }

    /// The next frame has these fields; on native sockets the next one that has them.
    async fn json(&mut self, expected: &Value) -> Result<(), String> {
        loop {
            let Came::Text(text) = self.next().await else { return Err("closed".to_owned()) };
            let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
            if holds(&value, expected) {
                return Ok(());
            }
            if !self.native {
                return Err(format!("came {text}"));
            }
        }
    }
}

fn same(came: Came, expected: Came) -> Result<(), String> {
    let short = |came: &Came| format!("{came:?}").chars().take(400).collect::<String>();
    if came == expected { Ok(()) } else { Err(format!("came {}", short(&came))) }
}
