//! Bringing a dialect connection up to date: what is stored above the floor goes out in seq order,
//! page by page as the outbox drains, then the connection turns live. Also the proof behind it: a
//! pong moves the floor. Never repeats what is on its way on another living socket of the user.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, future::join_all};
use magpie_core::{
    Dialect, Message, Refusal,
    model::{Item, Replay},
    port::store::{Op, Origin, Outcome, WriteResult},
    push::publish,
    receipt,
};
use magpie_proto::{CloseCode, ConversationId, ConversationKind, Seq, UserId, client::Edge};

use crate::{
    conn::{Conn, Identity, Mark},
    dialects::inbound::BARRIER,
    gate::Gate,
    outbox::Pushed,
};

/// Messages read at once.
const PAGE_LEN: u32 = 64;
/// A sibling that does not prove what it was sent within this time is not living.
const SETTLE: Duration = Duration::from_secs(2);
/// Places looked at to see whether a stray conversation is whole.
const STRAY_LOOKBACK: u32 = 200;

/// How a door writes a message.
pub type Encode = fn(&Gate, &Conn, &Message) -> Option<Bytes>;

/// Which conversations a connection replays.
#[derive(Debug, Clone)]
pub enum Source {
    /// None: live only.
    Nothing,
    /// The one of its path.
    One(ConversationId),
    /// All desk conversations that the agent has not read.
    Desk,
    /// Whatever no device of the user got.
    Undelivered,
    /// The held value of its channel.
    Channel,
}

/// Starts the replay of a registered connection, unless one is running: that one goes round again.
pub fn start(gate: &Arc<Gate>, conn: &Arc<Conn>, source: Source, encode: Encode) {
    if !conn.progress(|progress| progress.begin_replay()) {
        return;
    }
    let (gate, conn) = (gate.clone(), conn.clone());
    tokio::spawn(async move {
        loop {
            if let Err(refusal) = run(&gate, &conn, &source, encode).await {
                tracing::warn!(code = refusal.code.as_str(), conn = conn.id, "replay failed");
                // A page that missed something must come again; half a replay is none.
                conn.outbox.end(CloseCode::TryAgainLater);
            }
            if conn.progress(|progress| progress.end_replay()) {
                return;
            }
        }
    });
}

async fn run(
    gate: &Gate,
    conn: &Arc<Conn>,
    source: &Source,
    encode: Encode,
) -> Result<(), Refusal> {
    let Some(identity) = conn.identity() else { return Ok(()) };
    settle(gate, conn).await;
    let mut feed = Feed { gate, conn, identity, encode, bytes: 0 };
    match source {
        Source::Nothing => {}
        Source::One(id) => return feed.one(*id).await,
        Source::Desk => feed.desk().await?,
        Source::Undelivered => return feed.undelivered().await,
        Source::Channel => return feed.channel().await,
    }
    // Nothing is replayed from here on: whatever was noted is covered by the store's position.
    while conn.outbox.go_live(gate.core.store.position()).is_err() {}
    Ok(())
}

/// Waits until what other sockets of the user were sent is proved, or they turn out dead.
async fn settle(gate: &Gate, conn: &Arc<Conn>) {
    let Some(user) = conn.user() else { return };
    let siblings = gate.hub.of(user);
    let others = siblings.iter().filter(|other| {
        other.id != conn.id
            && other.dialect() == conn.dialect()
            && other.peer() == conn.peer()
            && other.outbox.ending().is_none()
    });
    // All of them together: a page that reconnects often leaves many dead ones behind.
    let proved = join_all(others.map(|other| until_proved(other)));
    let _: Result<Vec<()>, _> = tokio::time::timeout(SETTLE, proved).await;
}

/// Ready when nothing is unproved on the connection, or it ends.
async fn until_proved(conn: &Conn) {
    let settled = conn.progress(|progress| progress.settled());
    loop {
        let told = settled.notified();
        tokio::pin!(told);
        told.as_mut().enable();
        if !conn.unproved(|_| true) || conn.outbox.ending().is_some() {
            return;
        }
        told.await;
    }
}

/// Waits until everything before was written.
async fn drained(conn: &Conn) {
    poll_fn(
        |cx| if conn.outbox.poll_drained(cx.waker()) { Poll::Ready(()) } else { Poll::Pending },
    )
    .await;
}

struct Feed<'a> {
    gate: &'a Gate,
    conn: &'a Arc<Conn>,
    identity: &'a Identity,
    encode: Encode,
    /// Put in since the outbox was empty.
    bytes: usize,
}

impl Feed<'_> {
    /// One conversation, until live.
    async fn one(&mut self, id: ConversationId) -> Result<(), Refusal> {
        let mut sent = self.floor(id).await?;
        self.conn.progress(|progress| progress.start_at(id, sent));
        loop {
            drained(self.conn).await;
            self.bytes = 0;
            if self.conn.outbox.ending().is_some() {
                return Ok(());
            }
            let position = self.gate.core.store.position();
            let more = self.page(id, &mut sent).await?;
            if !more && self.conn.outbox.go_live(position).is_ok() {
                return Ok(());
            }
        }
    }

    /// One page; gives whether there is more.
    async fn page(&mut self, id: ConversationId, sent: &mut Seq) -> Result<bool, Refusal> {
        let (user, agent) = (self.identity.caller.user.clone(), self.identity.caller.is_agent());
        let store = &self.gate.core.store;
        let Some(page) = store.history(user, agent, id, Edge::After(*sent), PAGE_LEN).await? else {
            return Ok(false);
        };
        for item in &page.items {
            match item {
                Item::Message(message) => {
                    self.message(message).await;
                    *sent = message.seq.max(*sent);
                }
                Item::Gone { to, .. } => *sent = (*to).max(*sent),
            }
        }
        Ok(page.more)
    }

    async fn message(&mut self, message: &Message) {
        if self.conn.door.dialect() != Some(Dialect::Helpdesk)
            && message.sender == self.identity.caller.user
        {
            return;
        }
        let room = self.gate.settings.limits.outbox_bytes_max / 2;
        if self.bytes > 0 && self.bytes + message.body.as_bytes().len() > room {
            drained(self.conn).await;
            self.bytes = 0;
        }
        self.bytes += put(self.gate, self.conn, message, self.encode);
    }

    /// Where the replay of one conversation starts: what was read, and what other sockets of the
    /// user have proved a moment ago.
    async fn floor(&self, id: ConversationId) -> Result<Seq, Refusal> {
        let (user, agent) = (self.identity.caller.user.clone(), self.identity.caller.is_agent());
        // A mark that a closed socket proved may still wait in the queue of writes: this one
        // stands behind it, and its answer behind every message before it.
        let nothing = Op::Read { user: user.clone(), conversation: id, seq: 0 };
        let read = match self.barrier(nothing).await {
            Some(Ok(Outcome::Read { membership, .. })) => membership.read_seq,
            // A store that takes no writes is no obstacle to reading.
            _ => {
                let entry = self.gate.core.store.entry(user.clone(), agent, id).await?;
                entry.map_or(0, |entry| entry.membership.read_seq)
            }
        };
        let siblings = self.gate.hub.of(&user);
        let proved = siblings
            .iter()
            .filter(|other| own(other) == Some(id))
            .map(|other| other.progress(|progress| progress.proved(id)));
        let floor = proved.fold(read, Seq::max);
        // What came live since this socket is open is its own, whoever else has read it already.
        Ok(self.conn.progress(|progress| progress.floor(id, floor)))
    }

    /// A write that changes nothing; its answer comes through the lane of this connection.
    async fn barrier(&self, op: Op) -> Option<WriteResult> {
        let passed = self.conn.progress(|progress| progress.await_barrier());
        let origin = Origin::Connection(self.conn.clone(), BARRIER);
        self.gate.core.submit(op, origin).ok()?;
        passed.await.ok()
    }

    /// Every desk conversation with something that this agent has not read, oldest first.
    async fn desk(&mut self) -> Result<(), Refusal> {
        let user = self.identity.caller.user.clone();
        let page = self.gate.core.store.inbox(user, true, None, PAGE_LEN).await?;
        let mut entries = page.entries;
        entries.retain(|entry| entry.conversation.kind() == ConversationKind::Desk);
        entries.sort_by_key(|entry| entry.head_ms);
        for entry in entries {
            let id = entry.conversation;
            let visitor = entry.peer.map(|peer| peer.id);
            self.conn.progress(|progress| progress.visitor = visitor.or(progress.visitor.take()));
            let mut sent = entry.membership.read_seq;
            if entry.unread == 0 {
                continue;
            }
            self.conn.progress(|progress| progress.start_at(id, sent));
            while self.page(id, &mut sent).await? {}
        }
        Ok(())
    }

    /// What no device of the user got, of all his direct conversations.
    async fn undelivered(&mut self) -> Result<(), Refusal> {
        let user = &self.identity.caller.user;
        loop {
            drained(self.conn).await;
            self.bytes = 0;
            if self.conn.outbox.ending().is_some() {
                return Ok(());
            }
            // Marks wait in memory for a while: stored first, or what was just proved comes twice.
            let marks = self.gate.core.receipts.take();
            let _: Result<_, Refusal> = self.gate.core.write(Op::Delivered(marks)).await;
            let position = self.gate.core.store.position();
            let missed = self.gate.core.store.undelivered(user.clone(), PAGE_LEN).await?;
            let full = missed.len() == PAGE_LEN as usize;
            let mut fresh = false;
            for message in &missed {
                let sent = self.conn.progress(|progress| progress.sent(message.conversation));
                if message.seq > sent {
                    self.conn.progress(|progress| {
                        progress.start_at(message.conversation, message.seq - 1);
                    });
                    self.message(message).await;
                    fresh = true;
                }
            }
            if full && fresh {
                // The next page starts where this one is proved to have arrived.
                until_proved(self.conn).await;
                continue;
            }
            // What came live meanwhile is this socket's own, whoever else has got it already.
            for (id, seq) in self.conn.progress(|progress| progress.noted()) {
                let mut sent = self.conn.progress(|progress| progress.sent(id)).max(seq - 1);
                while self.page(id, &mut sent).await? {}
            }
            if self.conn.outbox.go_live(position).is_ok() {
                return Ok(());
            }
        }
    }

    /// The held value of the page's channel, by its replay rule.
    async fn channel(&mut self) -> Result<(), Refusal> {
        let user = &self.identity.caller.user;
        let Some(channel) = self.identity.place.channel() else { return Ok(()) };
        // As above: a delivery mark that was proved a moment ago may still be queued.
        let nothing = Op::PushDelivered { user: user.clone(), channel: channel.into(), version: 0 };
        self.barrier(nothing).await;
        loop {
            drained(self.conn).await;
            if self.conn.outbox.ending().is_some() {
                return Ok(());
            }
            let position = self.gate.core.store.position();
            for value in publish::held(&self.gate.core, user, Some(channel)).await? {
                let taken = value.replay == Replay::UntilDelivered
                    && value.delivered_version >= value.version;
                let live = self.conn.progress(|p| p.noted_version >= value.version);
                if live || !taken {
                    super::carwash::put(self.conn, &value, None);
                }
            }
            if self.conn.outbox.go_live(position).is_ok() {
                return Ok(());
            }
        }
    }
}

/// Puts a message on a connection unless it was there before; gives the bytes it took.
fn put(gate: &Gate, conn: &Conn, message: &Message, encode: Encode) -> usize {
    let mut len = 0;
    conn.progress(|progress| {
        // Under the lock: what is marked as sent is in the outbox in the same order.
        if progress.advance(message.conversation, message.seq)
            && let Some(frame) = encode(gate, conn, message)
        {
            len = frame.len();
            conn.outbox.push(frame);
        }
    });
    conn.prove(Mark::Message(message.conversation, message.seq));
    len
}

/// Puts a live message on a connection. In its own conversation the order of the replay holds;
/// others have none and go at once.
pub fn live(gate: &Gate, conn: &Conn, message: &Message, position: u64, encode: Encode) {
    let ordered = own(conn) == Some(message.conversation)
        || conn.dialect() == Some(Dialect::Miniapp)
            && message.conversation.kind() == ConversationKind::Direct;
    let mut queued = false;
    conn.progress(|progress| {
        if progress.sent(message.conversation) >= message.seq {
            return;
        }
        let Some(frame) = encode(gate, conn, message) else { return };
        let pushed = if ordered {
            conn.outbox.push_durable(|| frame, position)
        } else {
            conn.outbox.push(frame)
        };
        queued = pushed == Pushed::Queued;
        if pushed == Pushed::Noted {
            progress.note(message.conversation, message.seq);
        }
        if queued {
            progress.advance(message.conversation, message.seq);
            if ordered {
                progress.set_whole(message.conversation);
            }
        }
    });
    if queued {
        conn.prove(Mark::Message(message.conversation, message.seq));
    }
}

/// The conversation that the connection's path names.
#[must_use]
pub fn own(conn: &Conn) -> Option<ConversationId> {
    let identity = conn.identity()?;
    let user = &identity.caller.user;
    match conn.dialect()? {
        Dialect::Market | Dialect::Miao => {
            let peer = identity.place.peer().filter(|peer| *peer != user)?;
            Some(ConversationId::direct(user, peer))
        }
        Dialect::Helpdesk if !identity.place.desk() => Some(ConversationId::desk(user)),
        Dialect::Helpdesk | Dialect::Miniapp | Dialect::Carwash => None,
    }
}

/// What a pong proved moves the floors: read where the user looks at the conversation itself,
/// else delivered.
pub fn proved(gate: &Arc<Gate>, conn: &Arc<Conn>, marks: Vec<Mark>) {
    let Some(identity) = conn.identity() else { return };
    for mark in marks {
        match mark {
            Mark::Message(id, seq) => {
                conn.progress(|progress| progress.prove(id, seq));
                let reads = own(conn) == Some(id) || identity.place.desk();
                let stray = conn.progress(|progress| progress.first_unless_whole(id));
                match stray.filter(|_| own(conn) != Some(id)) {
                    None if reads => read(gate, &identity.caller.user, id, seq),
                    None => delivered(gate, conn, id, seq),
                    Some(first) => prove_stray(gate, conn, id, (first, seq), reads),
                }
            }
            Mark::Channel(channel, version) => {
                publish::delivered(&gate.core, &identity.caller.user, &channel, version);
            }
        }
    }
    conn.progress(|progress| progress.tell_settled());
}

fn read(gate: &Gate, user: &UserId, conversation: ConversationId, seq: Seq) {
    let op = Op::Read { user: user.clone(), conversation, seq };
    if let Err(refusal) = gate.core.submit(op, Origin::None) {
        tracing::warn!(code = refusal.code.as_str(), "read mark of a dialect not stored");
    }
}

fn delivered(gate: &Arc<Gate>, conn: &Arc<Conn>, id: ConversationId, seq: Seq) {
    let Some(identity) = conn.identity() else { return };
    let origin = Origin::None;
    // Nearly always answered without waiting; a replay that starts now must see the mark.
    let at_once = receipt::delivered(&gate.core, &identity.caller, id, seq, &origin).now_or_never();
    if at_once.is_none() {
        let (gate, caller) = (gate.clone(), identity.caller.clone());
        tokio::spawn(async move {
            if let Err(refusal) = receipt::delivered(&gate.core, &caller, id, seq, &origin).await {
                tracing::warn!(code = refusal.code.as_str(), "delivery mark not taken");
            }
        });
    }
}

/// A conversation that did not start on this connection: the floor may move only when nothing of
/// others lies between it and the first place that went out here.
fn prove_stray(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    id: ConversationId,
    (first, seq): (Seq, Seq),
    reads: bool,
) {
    let (gate, conn) = (gate.clone(), conn.clone());
    tokio::spawn(async move {
        match is_whole(&gate, &conn, id, first, reads).await {
            Ok(true) => {
                conn.progress(|progress| progress.set_whole(id));
                match conn.user() {
                    Some(user) if reads => read(&gate, user, id, seq),
                    _ => delivered(&gate, &conn, id, seq),
                }
            }
            Ok(false) => {}
            Err(refusal) => tracing::warn!(code = refusal.code.as_str(), "mark not taken"),
        }
    });
}

async fn is_whole(
    gate: &Gate,
    conn: &Conn,
    id: ConversationId,
    first: Seq,
    reads: bool,
) -> Result<bool, Refusal> {
    let Some(identity) = conn.identity() else { return Ok(false) };
    let (user, agent) = (identity.caller.user.clone(), identity.caller.is_agent());
    let store = &gate.core.store;
    let Some(entry) = store.entry(user.clone(), agent, id).await? else { return Ok(false) };
    let read = entry.membership.read_seq;
    let floor = if reads { read } else { read.max(entry.delivered_seq) };
    let page = store.history(user.clone(), agent, id, Edge::After(floor), STRAY_LOOKBACK).await?;
    let Some(page) = page else { return Ok(false) };
    let next = page.items.iter().find_map(|item| match item {
        Item::Message(message) if message.sender != user => Some(message.seq),
        Item::Message(_) | Item::Gone { .. } => None,
    });
    Ok(next.is_some_and(|next| next >= first) || next.is_none() && !page.more)
}
