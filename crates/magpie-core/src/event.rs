//! What happens, to whom it goes, and what becomes of it when a reader is slow.
//! An event is encoded once per wire format; receivers share the bytes.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use magpie_proto::{Body, CloseCode, ConversationId, Seq, UserId};
use smallvec::SmallVec;

use crate::{
    call::{Call, Signal},
    model::{ChannelValue, Draft, Membership, Message, Position, Revised},
    port::store::{Origin, WriteResult},
};

/// One seed protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Post 000.
    Market,
    /// Post 001.
    Miao,
    /// Post 002.
    Miniapp,
    /// Post 003.
    Carwash,
    /// Post 004.
    Helpdesk,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Market, Self::Miao, Self::Miniapp, Self::Carwash, Self::Helpdesk];

    /// Name in configuration, tokens, metrics and bodies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Miao => "miao",
            Self::Miniapp => "miniapp",
            Self::Carwash => "carwash",
            Self::Helpdesk => "helpdesk",
        }
    }
}

/// Something that receivers are told.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A stored message.
    Message(Message),
    /// The user's private state of a conversation changed: for his own devices.
    Membership {
        /// Whose.
        user: UserId,
        /// Which conversation.
        conversation: ConversationId,
        /// The state now.
        membership: Membership,
        /// The unread count now.
        unread: u64,
    },
    /// The user hid one message on his side: for his own devices.
    Hidden {
        /// Whose side.
        user: UserId,
        /// Which conversation.
        conversation: ConversationId,
        /// Which message.
        seq: Seq,
    },
    /// A stored message was changed for everyone.
    Revised(Box<Revised>),
    /// The user typed something and did not send it: for his own other devices.
    Draft {
        /// Whose.
        user: UserId,
        /// Where.
        conversation: ConversationId,
        /// What; `None` when it is gone.
        draft: Option<Box<Draft>>,
        /// When, Unix ms.
        at_ms: u64,
    },
    /// A member received or read up to here.
    Receipt {
        /// Which conversation.
        conversation: ConversationId,
        /// Who.
        user: UserId,
        /// Received up to.
        delivered: Seq,
        /// Read up to.
        read: Seq,
    },
    /// A member is typing.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Who.
        user: UserId,
    },
    /// A user came or went.
    Presence {
        /// Who.
        user: UserId,
        /// Connected now.
        online: bool,
        /// Last moment with a connection, Unix ms.
        last_seen_ms: u64,
    },
    /// A channel's value; `stored` values are held and replayed, others pass.
    Push {
        /// The value.
        value: ChannelValue,
        /// Whether the store holds it.
        stored: bool,
    },
    /// To everyone connected; not stored. `raw` is a dialect's own object, for that dialect.
    Broadcast {
        /// Who, if a user.
        from: Option<UserId>,
        /// What, for every protocol.
        body: Body,
    },
    /// A call rings, was answered, has moved to another connection, or is over.
    Call(Box<Call>),
    /// For one connection in a call, from the other side.
    CallSignal(Box<Signal>),
    /// End connections of a user.
    Kick {
        /// Whose.
        user: UserId,
        /// Only this device.
        device: Option<Box<str>>,
        /// The close code to use.
        code: CloseCode,
    },
}

/// What becomes of an event when a reader is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Never dropped: overflow closes the connection with a retryable code, resume repairs.
    Durable,
    /// One slot per key, overwritten in place.
    Latest,
    /// Dropped when the queue is full, counted.
    Ephemeral,
}

impl Event {
    /// The event's class.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Message(_)
            | Self::Membership { .. }
            | Self::Hidden { .. }
            | Self::Revised(_)
            | Self::Kick { .. } => Class::Durable,
            Self::Receipt { .. }
            | Self::Typing { .. }
            | Self::Presence { .. }
            | Self::Draft { .. }
            | Self::Call(_) => Class::Latest,
            Self::Push { stored, .. } => {
                if *stored {
                    Class::Latest
                } else {
                    Class::Ephemeral
                }
            }
            Self::Broadcast { .. } | Self::CallSignal(_) => Class::Ephemeral,
        }
    }
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// These users, all their connections.
    Users(SmallVec<[UserId; 2]>),
    /// The visitor of a desk conversation and every connected agent.
    Desk {
        /// The visitor.
        visitor: UserId,
    },
    /// Whoever follows this user's presence.
    Watchers(UserId),
    /// Every connection of one dialect.
    Dialect(Dialect),
    /// Every connection.
    Everyone,
    /// Nobody: the delivery only carries a reply.
    Nobody,
}

impl Audience {
    /// One user.
    #[must_use]
    pub fn user(user: &UserId) -> Self {
        Self::Users(SmallVec::from_iter([user.clone()]))
    }

    /// Two users; one when they are the same.
    #[must_use]
    pub fn pair(a: &UserId, b: &UserId) -> Self {
        if a == b { Self::user(a) } else { Self::Users(SmallVec::from([a.clone(), b.clone()])) }
    }
}

/// One event on its way to its audience, with the answer for whoever caused it.
#[derive(Debug)]
pub struct Delivery {
    /// Who is told.
    pub audience: Audience,
    /// What; `None` when there is only an answer to give.
    pub event: Option<Event>,
    /// Who asked; skipped as a receiver when it is a connection, and answered with `result`.
    pub origin: Origin,
    /// The answer.
    pub result: Option<WriteResult>,
    /// Position of the commit; 0 for what is not stored.
    pub position: Position,
    /// The native frame, made by the first lane that needs it.
    pub frame: OnceLock<Bytes>,
    /// The native frame for the sender's own devices.
    pub own_frame: OnceLock<Bytes>,
}

impl Delivery {
    /// An event that is not stored.
    #[must_use]
    pub fn passing(audience: Audience, event: Event) -> Self {
        Self {
            audience,
            event: Some(event),
            origin: Origin::None,
            result: None,
            position: 0,
            frame: OnceLock::new(),
            own_frame: OnceLock::new(),
        }
    }
}

/// Deliveries of one commit, in order.
#[derive(Debug)]
pub struct Batch {
    /// Everything up to here is committed.
    pub position: Position,
    /// The deliveries.
    pub deliveries: Vec<Arc<Delivery>>,
}
