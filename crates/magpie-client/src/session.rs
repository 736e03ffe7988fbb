//! The client as its user sees it: a handle for requests and a stream of events. The socket itself
//! is in a task of its own.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use magpie_proto::SUBPROTOCOL;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{mpsc, oneshot},
};
use tokio_tungstenite::tungstenite::{
    self, client::IntoClientRequest as _, handshake::client::Request, http::HeaderValue,
};

use crate::{
    Ack, Body, ChannelValue, ClientError, Conversation, Event, HistoryPage, InboxPage, Options,
    Pong, PresenceState, Ready, TokenIn, Unread,
    socket::{self, Command},
};

/// Requests that may wait for the socket's task.
const COMMANDS_MAX: usize = 256;

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The close code; 1006 when the line broke without one.
    pub code: u16,
    /// The reason text.
    pub reason: String,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.reason)
    }
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// The direct conversation with this user.
    User(&'a str),
    /// A conversation by id.
    Conversation(&'a str),
    /// The customer-service desk.
    Desk,
}

impl Target<'_> {
    fn field(self) -> (&'static str, Value) {
        match self {
            Self::User(id) => ("to", id.into()),
            Self::Conversation(id) => ("c", id.into()),
            Self::Desk => ("to", "desk:".into()),
        }
    }
}

/// Which page of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The newest.
    Newest,
    /// Older than this place.
    Before(u64),
    /// Newer than this place.
    After(u64),
}

/// A signed-in connection. Cheap to clone; the connection ends with the last clone.
#[derive(Clone)]
pub struct Client {
    commands: mpsc::Sender<Command>,
    next_request: Arc<AtomicU64>,
    ready: Arc<Ready>,
    closed: Arc<OnceLock<Closed>>,
}

/// The events of a connection, in the order in which they came.
pub struct Events {
    events: mpsc::Receiver<Event>,
    closed: Arc<OnceLock<Closed>>,
    durable: u64,
}

impl Events {
    /// The next event; `None` when the connection is over and all events were taken.
    pub async fn next(&mut self) -> Option<Event> {
        let event = self.events.recv().await?;
        self.durable += u64::from(event.is_durable());
        Some(event)
    }

    /// An event that is here already.
    pub fn try_next(&mut self) -> Option<Event> {
        let event = self.events.try_recv().ok()?;
        self.durable += u64::from(event.is_durable());
        Some(event)
    }

    /// Durable events taken so far: not less than `n` of a pong whose events were all taken.
    #[must_use]
    pub fn durable_count(&self) -> u64 {
        self.durable
    }

    /// Reads on until the connection is over and says how it ended.
    pub async fn until_closed(&mut self) -> Closed {
        while self.next().await.is_some() {}
        ending(&self.closed)
    }
}

fn ending(closed: &OnceLock<Closed>) -> Closed {
    let lost = || Closed { code: 1006, reason: "the line broke".to_owned() };
    closed.get().cloned().unwrap_or_else(lost)
}

/// Connects over TCP and says hello.
///
/// # Errors
/// When the server cannot be reached, or refuses the handshake or the token.
pub async fn connect(options: Options) -> Result<(Client, Events), ClientError> {
    let request = handshake(&options)?;
    let failed = |error: std::io::Error| no_connection(&options, &error.to_string(), None);
    let host = request.uri().host().unwrap_or_default();
    let port = request.uri().port_u16().unwrap_or(80);
    let stream = TcpStream::connect((host, port)).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    connect_over(stream, options).await
}

/// Says hello over a stream that is already there: TLS, a proxy, a socket with its own settings.
///
/// # Errors
/// When the server refuses the handshake or the token.
pub async fn connect_over<S>(stream: S, options: Options) -> Result<(Client, Events), ClientError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let upgraded = tokio_tungstenite::client_async(handshake(&options)?, stream).await;
    let (ws, _) = upgraded.map_err(|error| refused(&options, &error))?;
    let (commands, commands_rx) = mpsc::channel(COMMANDS_MAX);
    let (events_tx, events) = mpsc::channel(options.events_max);
    let closed = Arc::new(OnceLock::new());
    tokio::spawn(socket::run(ws, commands_rx, events_tx, closed.clone()));
    let mut hello = to_object(&options.hello)?;
    if options.token_in == TokenIn::Hello {
        hello["token"] = options.token.into();
    }
    let text = ask(&commands, &closed, 1, "hello", hello).await?;
    let ready = Arc::new(parse(&text)?);
    let next_request = Arc::new(AtomicU64::new(2));
    let client = Client { commands, next_request, ready, closed: closed.clone() };
    Ok((client, Events { events, closed, durable: 0 }))
}

impl Client {
    /// What the server said to the hello.
    #[must_use]
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// How the connection ended, if it did.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.closed.get().cloned()
    }

    /// Sends a message; done when it is durable. After [`ClientError::Closed`] send it again with
    /// the same `client_msg_id` on the next connection.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn send(
        &self,
        target: Target<'_>,
        body: &Body,
        client_msg_id: Option<&str>,
    ) -> Result<Ack, ClientError> {
        let (name, value) = target.field();
        let mut fields = json!({ name: value, "b": body });
        if let Some(cid) = client_msg_id {
            fields["cid"] = cid.into();
        }
        self.ask("send", fields).await
    }

    /// Asks with any fields and gives the whole reply: for requests without a method here.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn request(&self, t: &str, fields: Value) -> Result<Value, ClientError> {
        self.ask(t, fields).await
    }

    /// A heartbeat.
    ///
    /// # Errors
    /// The connection is over.
    pub async fn ping(&self) -> Result<Pong, ClientError> {
        self.ask("ping", json!({})).await
    }

    /// A new token for the same user; gives when it expires, Unix ms.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn renew(&self, token: &str) -> Result<u64, ClientError> {
        let reply = self.request("auth", json!({ "token": token })).await?;
        Ok(reply["expires"].as_u64().unwrap_or_default())
    }

    /// Reports what was received and read, cumulatively.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn receipts(
        &self,
        delivered: &[(&str, u64)],
        read: &[(&str, u64)],
    ) -> Result<(), ClientError> {
        self.request("receipt", json!({ "delivered": delivered, "read": read })).await.map(drop)
    }

    /// A page of history.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn history(
        &self,
        conversation: &str,
        edge: Edge,
        limit: u32,
    ) -> Result<HistoryPage, ClientError> {
        let mut fields = json!({ "c": conversation, "limit": limit });
        match edge {
            Edge::Newest => {}
            Edge::Before(seq) => fields["before"] = seq.into(),
            Edge::After(seq) => fields["after"] = seq.into(),
        }
        self.ask("history", fields).await
    }

    /// A page of the conversation list; `before` is the `next` of the page before.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn inbox(&self, before: Option<&str>, limit: u32) -> Result<InboxPage, ClientError> {
        self.ask("inbox", json!({ "before": before, "limit": limit })).await
    }

    /// Opens the conversation with someone, with or without messages.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn open(&self, user: &str) -> Result<Conversation, ClientError> {
        self.ask("conv.open", json!({ "to": user })).await
    }

    /// Why is the unread count what it is?
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn unread(&self, conversation: &str) -> Result<Unread, ClientError> {
        self.ask("unread", json!({ "c": conversation })).await
    }

    /// The last value of a channel.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn channel(&self, channel: &str) -> Result<ChannelValue, ClientError> {
        self.ask("channel", json!({ "channel": channel })).await
    }

    /// Follows the presence of these users, in place of those before; gives how they are now.
    ///
    /// # Errors
    /// The server's refusal, or the connection is over.
    pub async fn watch_presence(&self, users: &[&str]) -> Result<Vec<PresenceState>, ClientError> {
        let mut reply = self.request("presence.watch", json!({ "users": users })).await?;
        serde_json::from_value(reply["users"].take()).map_err(|e| ClientError::Frame(e.to_string()))
    }

    /// Ends the connection after what was asked before.
    pub async fn close(&self) {
        // A task that is gone has closed already.
        let _ = self.commands.send(Command::Close).await;
    }

    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        t: &str,
        fields: Value,
    ) -> Result<T, ClientError> {
        let r = self.next_request.fetch_add(1, Ordering::Relaxed);
        parse(&ask(&self.commands, &self.closed, r, t, fields).await?)
    }
}

async fn ask(
    commands: &mpsc::Sender<Command>,
    closed: &OnceLock<Closed>,
    r: u64,
    t: &str,
    mut fields: Value,
) -> Result<String, ClientError> {
    fields["t"] = t.into();
    fields["r"] = r.into();
    let (reply, answer) = oneshot::channel();
    let command = Command::Ask { r, text: fields.to_string(), reply };
    let over = || ClientError::Closed(ending(closed));
    if commands.send(command).await.is_err() {
        return Err(over());
    }
    answer.await.unwrap_or_else(|_| Err(over()))
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, ClientError> {
    serde_json::from_str(text).map_err(|error| ClientError::Frame(format!("{error} in a reply")))
}

fn to_object<T: Serialize>(value: &T) -> Result<Value, ClientError> {
    serde_json::to_value(value).map_err(|error| ClientError::Frame(error.to_string()))
}

/// The upgrade request, with the token where it was asked to be.
fn handshake(options: &Options) -> Result<Request, ClientError> {
    let bad = |error: &dyn fmt::Display| no_connection(options, &error.to_string(), None);
    let url = match options.token_in {
        TokenIn::Query => format!("{}?token={}", options.url, options.token),
        _ => options.url.clone(),
    };
    let mut request = url.into_client_request().map_err(|e| bad(&e))?;
    let protocols = match options.token_in {
        TokenIn::Subprotocol => format!("{SUBPROTOCOL}, magpie.token.{}", options.token),
        _ => SUBPROTOCOL.to_owned(),
    };
    let mut set = |name: &'static str, text: &str| {
        HeaderValue::from_str(text).map(|value| request.headers_mut().insert(name, value))
    };
    set("sec-websocket-protocol", &protocols).map_err(|e| bad(&e))?;
    if options.token_in == TokenIn::Header {
        set("authorization", &format!("Bearer {}", options.token)).map_err(|e| bad(&e))?;
    }
    if let Some(origin) = &options.origin {
        set("origin", origin).map_err(|e| bad(&e))?;
    }
    Ok(request)
}

fn refused(options: &Options, error: &tungstenite::Error) -> ClientError {
    match error {
        tungstenite::Error::Http(answer) => {
            let body = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            no_connection(options, &body, Some(answer.status().as_u16()))
        }
        other => no_connection(options, &other.to_string(), None),
    }
}

fn no_connection(options: &Options, reason: &str, status: Option<u16>) -> ClientError {
    ClientError::Connect { url: options.url.clone(), reason: reason.to_owned(), status }
}
