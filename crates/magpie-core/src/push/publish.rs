//! Publishing to a channel, to everyone, and asking for last values.

use std::sync::Arc;

use magpie_proto::{Body, ErrorCode, UserId};

use crate::{
    core::{Begun, Core},
    event::{Audience, Delivery, Dialect, Event},
    model::{ChannelValue, Replay},
    port::store::{Op, Origin, Outcome, Publish},
    refusal::Refusal,
};

/// A value to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whose channel.
    pub user: UserId,
    /// Which.
    pub channel: Box<str>,
    /// JSON text.
    pub data: Box<str>,
    /// How long to hold it; `None`: the configured time; 0: do not store, pass it on only.
    pub hold_ms: Option<u64>,
    /// To whom it is replayed.
    pub replay: Replay,
    /// The same key within the hold time answers with the first version.
    pub idempotency_key: Option<Box<str>>,
}

/// What happened to a published value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its version; 0 for passing values.
    pub version: u64,
    /// Whether it is durable.
    pub stored: bool,
    /// Connections that it was put on at that moment.
    pub connections: u32,
}

/// Publishes a value and says what happened to it.
///
/// # Errors
/// `too_large`, `client_msg_id_reused`, or the store's reason.
pub async fn publish(core: &Core, request: Request) -> Result<Published, Refusal> {
    let mut passing = Vec::new();
    let fate = begin(core, request, core.now_ms(), &mut passing);
    core.bus.announce_all(passing);
    fate.known().await
}

/// Publishes many values and says of each, in their order, what happened to it. Those that are not
/// stored go out at once and together; the others are all queued before the first is awaited, so
/// that they share commits. One that is refused leaves the others alone.
pub async fn publish_all(core: &Core, requests: Vec<Request>) -> Vec<Result<Published, Refusal>> {
    let now_ms = core.now_ms();
    let mut passing = Vec::new();
    let mut fates = Vec::with_capacity(requests.len());
    for request in requests {
        fates.push(begin(core, request, now_ms, &mut passing));
    }
    core.bus.announce_all(passing);
    let mut done = Vec::with_capacity(fates.len());
    for fate in fates {
        done.push(fate.known().await);
    }
    done
}

/// What is known of a value before its commit.
enum Fate {
    Known(Result<Published, Refusal>),
    Storing { write: Begun, connections: u32 },
}

impl Fate {
    async fn known(self) -> Result<Published, Refusal> {
        let (write, connections) = match self {
            Self::Known(result) => return result,
            Self::Storing { write, connections } => (write, connections),
        };
        match write.outcome().await? {
            Outcome::Published { value, fresh } => {
                let connections = if fresh { connections } else { 0 };
                Ok(Published { version: value.version, stored: true, connections })
            }
            other => {
                Err(Refusal::new(ErrorCode::Internal, format!("unexpected outcome {other:?}")))
            }
        }
    }
}

/// Queues the write of a value that is stored; one that is not joins `passing`.
fn begin(core: &Core, request: Request, sent_ms: u64, passing: &mut Vec<Arc<Delivery>>) -> Fate {
    if request.data.len() > core.policy.push_bytes_max {
        return Fate::Known(Err(Refusal::new(
            ErrorCode::TooLarge,
            format!("a pushed value has at most {} bytes", core.policy.push_bytes_max),
        )));
    }
    let hold_ms = request.hold_ms.unwrap_or(match request.replay {
        Replay::UntilDelivered => core.policy.carwash_hold_ms,
        Replay::Always => core.policy.push_hold_ms,
    });
    let connections = core.presence.reach(&request.user, &request.channel);
    if hold_ms == 0 {
        passing.push(Arc::new(pass(request, sent_ms)));
        return Fate::Known(Ok(Published { version: 0, stored: false, connections }));
    }
    let write = core.begin(Op::Publish(Publish {
        user: request.user,
        channel: request.channel,
        data: request.data,
        sent_ms,
        hold_until_ms: sent_ms.saturating_add(hold_ms),
        replay: request.replay,
        idempotency_key: request.idempotency_key,
    }));
    match write {
        Ok(write) => Fate::Storing { write, connections },
        Err(refusal) => Fate::Known(Err(refusal)),
    }
}

fn pass(request: Request, sent_ms: u64) -> Delivery {
    let audience = Audience::user(&request.user);
    let value = ChannelValue {
        user: request.user,
        channel: request.channel,
        version: 0,
        data: request.data,
        sent_ms,
        hold_until_ms: sent_ms,
        replay: request.replay,
        delivered_version: 0,
    };
    Delivery::passing(audience, Event::Push { value, stored: false })
}

/// The values of a user's channels that are still held, one channel if named.
///
/// # Errors
/// The store's reason.
pub async fn held(
    core: &Core,
    user: &UserId,
    channel: Option<&str>,
) -> Result<Vec<ChannelValue>, Refusal> {
    let now_ms = core.now_ms();
    let mut values = core.store.channels(user.clone(), channel.map(Into::into)).await?;
    values.retain(|value| value.hold_until_ms > now_ms);
    Ok(values)
}

/// A page has this version: it is not replayed to later pages when the rule says so.
pub fn delivered(core: &Core, user: &UserId, channel: &str, version: u64) {
    let op = Op::PushDelivered { user: user.clone(), channel: channel.into(), version };
    if let Err(refusal) = core.submit(op, Origin::None) {
        tracing::warn!(code = refusal.code.as_str(), "delivery mark of a push not stored");
    }
}

/// Sends to everyone connected (of one dialect, if named); nothing is stored.
/// The caller's permission was checked at the door.
pub fn broadcast(core: &Core, from: Option<UserId>, body: Body, dialect: Option<Dialect>) -> u64 {
    let audience = dialect.map_or(Audience::Everyone, Audience::Dialect);
    core.bus.announce(Delivery::passing(audience, Event::Broadcast { from, body }));
    core.presence.count(dialect)
}
