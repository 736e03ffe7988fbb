//! A signed-in client that is up to date, and ways to wait for what must come.

use std::{future::Future, time::Duration};

use magpie_client::{
    Ack, Body, Client, ClientError, Closed, Conversation, Event, Events, Message, Options, Sync,
    Target, connect,
};

/// What takes longer does not come any more. No test passes or fails by how fast it is.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for what must come.
pub async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, work).await;
    waited.unwrap_or_else(|_| panic!("did not come: {what}"))
}

/// A text body.
pub fn body(text: &str) -> Body {
    Body::text(text)
}

/// A signed-in device.
pub struct Session {
    pub client: Client,
    pub events: Events,
    /// The pages of the resume.
    pub pages: Vec<Sync>,
    /// Where to resume from.
    pub cursor: String,
}

impl Session {
    /// Connects and waits for the end of the resume.
    pub async fn open(options: Options) -> Self {
        let (client, mut events) = within("ready", connect(options)).await.unwrap();
        let mut pages = Vec::new();
        let cursor = loop {
            let Event::Sync(page) = within("sync", events.next()).await.unwrap() else { continue };
            pages.push(*page);
            if let Some(cursor) = pages.last().and_then(|page| page.cur.clone()) {
                break cursor;
            }
        };
        Self { client, events, pages, cursor }
    }

    /// Conversations of the resume.
    pub fn changed(&self) -> Vec<&Conversation> {
        self.pages.iter().flat_map(|page| &page.convs).collect()
    }

    /// Sends a text to a user.
    pub async fn send(&self, to: &str, text: &str) -> Ack {
        self.try_send(to, text, None).await.unwrap()
    }

    /// Sends a text with a key.
    pub async fn send_as(&self, to: &str, text: &str, cid: &str) -> Ack {
        self.try_send(to, text, Some(cid)).await.unwrap()
    }

    /// Sends a text; may be refused.
    pub async fn try_send(
        &self,
        to: &str,
        text: &str,
        cid: Option<&str>,
    ) -> Result<Ack, ClientError> {
        within("ack", self.client.send(Target::User(to), &body(text), cid)).await
    }

    /// The next event that `pick` takes; others before it are dropped.
    pub async fn expect<T>(&mut self, what: &str, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        let search = async {
            loop {
                let event = self.events.next().await;
                let event = event.unwrap_or_else(|| {
                    panic!("closed ({:?}) while waiting for {what}", self.client.closed())
                });
                if let Some(found) = pick(event) {
                    return found;
                }
            }
        };
        within(what, search).await
    }

    /// The next message.
    pub async fn message(&mut self) -> Message {
        let pick = |event| match event {
            Event::Message(message) => Some(*message),
            _ => None,
        };
        self.expect("a message", pick).await
    }

    /// Messages up to the one with this text, which must come; the text itself is not among them.
    pub async fn messages_until(&mut self, text: &str) -> Vec<Message> {
        let mut before = Vec::new();
        loop {
            let message = self.message().await;
            if message.b.x == text {
                return before;
            }
            before.push(message);
        }
    }

    /// Everything that the server put on this connection before it answers now.
    pub async fn drain(&mut self) -> Vec<Event> {
        within("pong", self.client.ping()).await.unwrap();
        std::iter::from_fn(|| self.events.try_next()).collect()
    }

    /// How it ended; it must.
    pub async fn closed(&mut self) -> Closed {
        within("the end of the connection", self.events.until_closed()).await
    }

    /// Ends it from this side.
    pub async fn close(mut self) {
        self.client.close().await;
        self.closed().await;
    }
}
