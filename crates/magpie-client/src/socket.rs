//! The task that owns the socket: writes requests, hands replies to whoever waits and events to
//! the stream. It reads nothing while the stream is full, and never drops an event.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, oneshot},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use crate::{ClientError, Closed, Event};

/// Requests written with one flush.
const BATCH_MAX: usize = 64;

/// What the handle asks of the task.
pub(crate) enum Command {
    /// Write this and hand over the answer.
    Ask { r: u64, text: String, reply: oneshot::Sender<Answer> },
    /// Say goodbye.
    Close,
}

/// The text of a reply, or why there is none.
pub(crate) type Answer = Result<String, ClientError>;

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    t: std::borrow::Cow<'a, str>,
    #[serde(default)]
    r: Option<u64>,
}

struct Task {
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
    events: mpsc::Sender<Event>,
    /// An event that had no room yet.
    held: Option<Event>,
}

/// Runs until the connection is over.
pub(crate) async fn run<S>(
    mut ws: WebSocketStream<S>,
    mut commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    closed: Arc<OnceLock<Closed>>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut task = Task { waiting: HashMap::new(), events, held: None };
    let over = task.turns(&mut ws, &mut commands).await;
    // Set before the waiting ones learn of it: they read it.
    let _ = closed.set(over.clone());
    for (_, reply) in task.waiting.drain() {
        let _ = reply.send(Err(ClientError::Closed(over.clone())));
    }
}

impl Task {
    async fn turns<S>(
        &mut self,
        ws: &mut WebSocketStream<S>,
        commands: &mut mpsc::Receiver<Command>,
    ) -> Closed
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut open = true;
        let events = self.events.clone();
        loop {
            tokio::select! {
                count = commands.recv_many(&mut batch, BATCH_MAX), if open => {
                    open = count > 0;
                    // A line that takes nothing more may still hold the server's reason.
                    open &= self.write(ws, &mut batch, open).await;
                }
                permit = events.reserve(), if self.held.is_some() => {
                    // When nobody wants events any more, requests still go on.
                    if let (Ok(permit), Some(event)) = (permit, self.held.take()) {
                        permit.send(event);
                    }
                }
                frame = ws.next(), if self.held.is_none() => match frame {
                    Some(Ok(Message::Text(text))) => self.take(&text),
                    Some(Ok(Message::Close(close))) => {
                        let closed = close.map_or_else(lost, |c| Closed {
                            code: c.code.into(),
                            reason: c.reason.as_str().to_owned(),
                        });
                        // Answers the close frame.
                        let _ = ws.flush().await;
                        return closed;
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return lost(),
                },
            }
        }
    }

    /// Writes a batch; false when nothing more will be written.
    async fn write<S>(
        &mut self,
        ws: &mut WebSocketStream<S>,
        batch: &mut Vec<Command>,
        open: bool,
    ) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut closing = !open;
        for command in batch.drain(..) {
            match command {
                Command::Ask { r, text, reply } => {
                    self.waiting.insert(r, reply);
                    if ws.feed(Message::text(text)).await.is_err() {
                        return false;
                    }
                }
                Command::Close => closing = true,
            }
        }
        if closing {
            // Reading goes on until the peer has closed as well; an error there tells the rest.
            let _ = ws.close(None).await;
            return false;
        }
        ws.flush().await.is_ok()
    }

    fn take(&mut self, text: &str) {
        let Ok(head) = serde_json::from_str::<Head<'_>>(text) else {
            self.hand_over(Event::Unknown(text.into()));
            return;
        };
        if let Some(r) = head.r {
            let Some(reply) = self.waiting.remove(&r) else { return };
            let answer = if head.t == "error" {
                serde_json::from_str(text).map_or_else(
                    |e| Err(ClientError::Frame(e.to_string())),
                    |e| Err(ClientError::Refused(e)),
                )
            } else {
                Ok(text.to_owned())
            };
            // Whoever asked may have stopped waiting.
            let _ = reply.send(answer);
            return;
        }
        let unknown = |_| Event::Unknown(serde_json::from_str(text).unwrap_or_default());
        self.hand_over(Event::read(&head.t, text).unwrap_or_else(unknown));
    }

    fn hand_over(&mut self, event: Event) {
        match self.events.try_send(event) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(event)) => self.held = Some(event),
        }
    }
}

fn lost() -> Closed {
    Closed { code: 1006, reason: "the line broke".to_owned() }
}
