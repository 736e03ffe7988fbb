//! A client of the kill test: sends all the time, resends what was not acknowledged, resumes by
//! cursor, drops repeats, fills gaps before it shows anything later, and writes all of it down.
//! Speaks the protocol itself, so that it sees replies and events in one order.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::SocketAddr,
};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::watch};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use super::log::{Line, Log, Stored};

/// Sends without an answer at any time.
const WINDOW: usize = 32;
/// Frames between two pings, whose pongs bring the cursor.
const PING_EVERY: u32 = 40;

type Socket = WebSocketStream<TcpStream>;

/// What the test tells its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Send on.
    Load,
    /// Send nothing new; get everything acknowledged.
    Drain,
    /// Everybody is done sending: resume once more and end.
    Finish,
}

/// A send that is not acknowledged yet.
#[derive(Debug, Clone)]
struct Pending {
    to: String,
    text: String,
}

/// The connection is over.
enum Lost {
    /// The line broke: the server was killed.
    Killed,
    /// The server said goodbye by itself.
    Closed(u16),
}

impl From<tokio_tungstenite::tungstenite::Error> for Lost {
    fn from(_: tokio_tungstenite::tungstenite::Error) -> Self {
        Self::Killed
    }
}

/// One user.
pub(crate) struct Client {
    pub(crate) log: Log,
    token: String,
    /// Whom it writes to, in turns.
    peers: Vec<String>,
    cursor: Option<String>,
    outgoing: BTreeMap<u64, Pending>,
    next: u64,
    conversations: HashMap<String, Seen>,
    told: Told,
    /// Told the test that nothing is left to send.
    drained: bool,
}

/// What clients tell the test.
#[derive(Clone)]
pub(crate) struct Told {
    /// Acknowledgements so far, of all clients.
    pub(crate) acked: watch::Sender<u64>,
    /// Clients that have nothing left to send.
    pub(crate) drained: watch::Sender<usize>,
}

/// What a client has of a conversation.
#[derive(Default)]
struct Seen {
    shown: u64,
    /// Came ahead of a gap.
    ahead: BTreeMap<u64, Stored>,
}

/// One connection's state.
#[derive(Default)]
struct Turn {
    /// Resends of this connection that wait for room in the window.
    resend: VecDeque<u64>,
    in_flight: usize,
    frames: u32,
    synced: bool,
    /// Histories asked for and not answered.
    filling: usize,
}

impl Client {
    pub(crate) fn new(user: &str, token: String, peers: Vec<String>, told: Told) -> Self {
        Self {
            log: Log { user: user.to_owned(), lines: Vec::new() },
            token,
            peers,
            cursor: None,
            outgoing: BTreeMap::new(),
            next: 0,
            conversations: HashMap::new(),
            told,
            drained: false,
        }
    }

    /// Lives through all lives of the server; `lives` counts them.
    pub(crate) async fn run(
        mut self,
        server: SocketAddr,
        mut lives: watch::Receiver<u64>,
        mut phase: watch::Receiver<Phase>,
    ) -> Log {
        loop {
            let life = *lives.borrow_and_update();
            let finishing = *phase.borrow_and_update() == Phase::Finish;
            match self.live(server, &mut phase).await {
                Ok(()) if finishing => return self.log,
                Ok(()) => {}
                Err(Lost::Closed(code)) => self.log.lines.push(Line::Closed { code }),
                // The test says when the next server is up.
                Err(Lost::Killed) => {
                    while *lives.borrow_and_update() == life {
                        lives.changed().await.unwrap();
                    }
                }
            }
        }
    }

    /// One connection; `Ok` when it has done what it could in this phase.
    async fn live(
        &mut self,
        server: SocketAddr,
        phase: &mut watch::Receiver<Phase>,
    ) -> Result<(), Lost> {
        let stream = TcpStream::connect(server).await.map_err(|_gone| Lost::Killed)?;
        stream.set_nodelay(true).map_err(|_gone| Lost::Killed)?;
        let url = format!("ws://{server}/v1/ws");
        let (mut ws, _) = tokio_tungstenite::client_async(url, stream).await?;
        let hello = json!({
            "t": "hello", "token": self.token, "device": "phone", "cursor": self.cursor,
        });
        ws.send(Message::text(hello.to_string())).await?;
        let mut turn = Turn { resend: self.outgoing.keys().copied().collect(), ..Turn::default() };
        let begun_in = *phase.borrow_and_update();
        loop {
            let now = *phase.borrow_and_update();
            if turn.synced && now == Phase::Finish && turn.filling == 0 {
                // Only a resume that began after the last ack covers all there is.
                return Ok(());
            }
            if turn.synced && begun_in != Phase::Finish {
                self.fill_window(&mut ws, &mut turn, now).await?;
            }
            tokio::select! {
                frame = ws.next() => match frame.ok_or(Lost::Killed)?? {
                    Message::Text(text) => {
                        let frame: Value = serde_json::from_str(&text).unwrap();
                        self.take(&mut ws, &mut turn, &frame).await?;
                    }
                    Message::Close(close) => {
                        return Err(Lost::Closed(close.map_or(1005, |close| close.code.into())));
                    }
                    _ => {}
                },
                changed = phase.changed() => changed.unwrap(),
            }
        }
    }

    async fn fill_window(
        &mut self,
        ws: &mut Socket,
        turn: &mut Turn,
        phase: Phase,
    ) -> Result<(), Lost> {
        let mut wrote = false;
        while turn.in_flight < WINDOW {
            let number = match turn.resend.pop_front() {
                Some(number) => number,
                None if phase != Phase::Load => break,
                None => self.compose(),
            };
            let Some(Pending { to, text }) = self.outgoing.get(&number) else { continue };
            let body = json!({"k": "text", "x": text});
            let send = json!({"t": "send", "r": number, "to": to, "cid": text, "b": body});
            self.log.lines.push(Line::Sent { text: text.clone() });
            ws.feed(Message::text(send.to_string())).await?;
            (turn.in_flight, wrote) = (turn.in_flight + 1, true);
        }
        if wrote {
            ws.flush().await?;
        }
        if phase == Phase::Drain && self.outgoing.is_empty() && !self.drained {
            self.drained = true;
            self.told.drained.send_modify(|count| *count += 1);
        }
        Ok(())
    }

    fn compose(&mut self) -> u64 {
        self.next += 1;
        let peer = usize::try_from(self.next).unwrap() % self.peers.len();
        let (to, text) = (self.peers[peer].clone(), format!("{}-{}", self.log.user, self.next));
        self.outgoing.insert(self.next, Pending { to, text });
        self.next
    }

    async fn take(&mut self, ws: &mut Socket, turn: &mut Turn, frame: &Value) -> Result<(), Lost> {
        match frame["t"].as_str().unwrap() {
            "sync" => self.take_sync(ws, turn, frame).await?,
            "ack" => {
                let message = self.take_ack(turn, frame);
                self.learn_live(ws, turn, message).await?;
            }
            "msg" => self.learn_live(ws, turn, stored(frame)).await?,
            "history" => {
                turn.filling -= 1;
                for item in frame["items"].as_array().unwrap() {
                    self.learn(ws, turn, stored(item)).await?;
                }
                let conversation = frame["c"].as_str().unwrap();
                if frame["more"] == true {
                    self.fill(ws, turn, conversation).await?;
                }
            }
            "pong" => {
                if let Some(cursor) = frame["cur"].as_str() {
                    self.cursor = Some(cursor.to_owned());
                }
            }
            "error" => panic!("{}: {frame}", self.log.user),
            _ => {}
        }
        turn.frames += 1;
        if turn.frames.is_multiple_of(PING_EVERY) {
            ws.send(Message::text(r#"{"t":"ping"}"#)).await?;
        }
        Ok(())
    }

    async fn take_sync(
        &mut self,
        ws: &mut Socket,
        turn: &mut Turn,
        page: &Value,
    ) -> Result<(), Lost> {
        if page["gap"] == true {
            self.log.lines.push(Line::Gap);
        }
        for conversation in page["convs"].as_array().unwrap() {
            for item in conversation["items"].as_array().unwrap() {
                self.show(stored(item));
            }
        }
        if let Some(cursor) = page["cur"].as_str() {
            turn.synced = true;
            self.cursor = Some(cursor.to_owned());
            // A gap outlives the connection on which it was noticed: the cursor does not know it.
            let gaps = self.conversations.iter().filter(|(_, seen)| !seen.ahead.is_empty());
            let gaps: Vec<String> = gaps.map(|(id, _)| id.clone()).collect();
            for id in gaps {
                self.fill(ws, turn, &id).await?;
            }
        }
        Ok(())
    }

    fn take_ack(&mut self, turn: &mut Turn, frame: &Value) -> Stored {
        let number = frame["r"].as_u64().unwrap();
        let Some(pending) = self.outgoing.remove(&number) else {
            panic!("{}: an ack for nothing: {frame}", self.log.user)
        };
        turn.in_flight -= 1;
        let text = |name: &str| frame[name].as_str().unwrap().to_owned();
        let seq = frame["seq"].as_u64().unwrap();
        let (conversation, id) = (text("c"), text("id"));
        self.log.lines.push(Line::Acked {
            text: pending.text.clone(),
            conversation: conversation.clone(),
            seq,
            id: id.clone(),
        });
        self.told.acked.send_modify(|count| *count += 1);
        // An own message is shown by its ack; the same order holds for it.
        let from = self.log.user.clone();
        Stored { conversation, seq, id, from, text: pending.text }
    }

    /// A message came by itself. Nothing was lost on the way, so it is the next one, unless older
    /// ones are being fetched.
    async fn learn_live(
        &mut self,
        ws: &mut Socket,
        turn: &mut Turn,
        message: Stored,
    ) -> Result<(), Lost> {
        let (conversation, seq) = (message.conversation.clone(), message.seq);
        let filling = turn.filling;
        self.learn(ws, turn, message).await?;
        if filling == 0 && turn.filling > 0 {
            self.log.lines.push(Line::Skipped { conversation, seq });
        }
        Ok(())
    }

    /// A message came; what lies before it is fetched if it is missing.
    async fn learn(
        &mut self,
        ws: &mut Socket,
        turn: &mut Turn,
        message: Stored,
    ) -> Result<(), Lost> {
        let conversation = message.conversation.clone();
        let fresh_gap = self.show(message);
        if fresh_gap { self.fill(ws, turn, &conversation).await } else { Ok(()) }
    }

    /// Shows what is next; true when this message is the first behind a gap.
    fn show(&mut self, message: Stored) -> bool {
        let seen = self.conversations.entry(message.conversation.clone()).or_default();
        if message.seq <= seen.shown {
            self.log.lines.push(Line::Repeated(message));
            return false;
        }
        let fresh_gap = seen.ahead.is_empty() && message.seq > seen.shown + 1;
        seen.ahead.insert(message.seq, message);
        while let Some(next) = seen.ahead.remove(&(seen.shown + 1)) {
            seen.shown = next.seq;
            self.log.lines.push(Line::Shown(next));
        }
        fresh_gap
    }

    async fn fill(
        &mut self,
        ws: &mut Socket,
        turn: &mut Turn,
        conversation: &str,
    ) -> Result<(), Lost> {
        let after = self.conversations.get(conversation).map_or(0, |seen| seen.shown);
        let ask =
            json!({"t": "history", "r": u32::MAX, "c": conversation, "after": after, "limit": 200});
        turn.filling += 1;
        ws.send(Message::text(ask.to_string())).await?;
        Ok(())
    }
}

fn stored(frame: &Value) -> Stored {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{frame}")).to_owned();
    Stored {
        conversation: text(&frame["c"]),
        seq: frame["seq"].as_u64().unwrap(),
        id: text(&frame["id"]),
        from: text(&frame["from"]),
        text: text(&frame["b"]["x"]),
    }
}
