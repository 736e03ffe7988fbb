//! What the engine and the scenarios ask of a client protocol: how to sign in, how to send, what
//! an incoming message is. The native protocol and the dialects implement it; no I/O here.

use super::stamp::Stamp;

/// Who opens a connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Login {
    /// Index of the user; its id is [`Protocol::user`] of it.
    pub(crate) index: u32,
    /// Index of the user it writes to, for protocols whose address names both.
    pub(crate) peer: u32,
    /// Token, empty when the protocol needs none.
    pub(crate) token: String,
    /// Cursor to resume from, empty for a first sign-in.
    pub(crate) cursor: Vec<u8>,
}

/// The handshake's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// Path and query.
    pub(crate) target: String,
    /// Subprotocol to ask for.
    pub(crate) subprotocol: Option<&'static str>,
}

/// Where a message stands, for receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Conversation id.
    pub(crate) conversation: [u8; 16],
    /// Place in it.
    pub(crate) seq: u64,
}

/// One thing that an incoming message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incoming<'a> {
    /// Signed in and synced. The cursor is empty where there is none.
    SignedIn {
        /// Where to resume from later.
        cursor: &'a [u8],
    },
    /// A send was stored; `request` is the number it was sent with.
    Ack {
        /// As given to [`Protocol::send`].
        request: u64,
    },
    /// A measured message arrived, live or by resume.
    Delivery {
        /// What it says about itself.
        stamp: Stamp,
        /// Where it stands, if the protocol tells.
        place: Option<Place>,
    },
    /// A resume left places out: `from` to `to` have to be fetched.
    Hole {
        /// The conversation.
        conversation: &'a [u8],
        /// First missing place.
        from: u64,
        /// Last missing place.
        to: u64,
    },
    /// Somebody types (a live event without storage).
    Typing,
    /// A heartbeat's answer. The cursor is empty where there is none.
    Pong {
        /// Where to resume from later.
        cursor: &'a [u8],
    },
    /// The answer to any other request (a history or inbox page, an `ok`), as it came.
    Reply {
        /// The number of the request.
        request: u64,
        /// The whole message.
        payload: &'a [u8],
    },
    /// A request or the sign-in was refused.
    Refused(&'a [u8]),
    /// Of no interest to a measurement.
    Other,
}

/// One message to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    /// Comes back in the ack.
    pub(crate) request: u64,
    /// Run and sender, for the message's idempotency key.
    pub(crate) stamp: Stamp,
    /// To whom.
    pub(crate) to: To,
    /// The whole text, stamp included.
    pub(crate) text: &'a [u8],
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// A user, by index.
    User(u32),
    /// The sender's own conversation with the desk.
    Desk,
    /// Everybody connected.
    Everyone,
}

/// Whether a protocol can do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Ability {
    /// The frames are in `out`.
    Done,
    /// The protocol has no such thing; `out` is unchanged.
    Absent,
}

/// A client protocol. All frames are appended to `out`, framed and masked (`engine::frame`).
pub(crate) trait Protocol {
    /// As results name it.
    fn name(&self) -> &'static str;

    /// The id of a user.
    fn user(&self, index: u32) -> String {
        format!("u{index}")
    }

    /// The `audience` of the tokens it signs in with; `None`: no token at all.
    fn audience(&self) -> Option<&'static str> {
        None
    }

    /// The request that opens the socket.
    fn request(&self, login: &Login) -> Request;

    /// What is written right after the upgrade. [`Ability::Absent`]: the upgrade is the sign-in.
    fn sign_in(&self, _login: &Login, _out: &mut Vec<u8>) -> Ability {
        Ability::Absent
    }

    /// Whether a send is answered. Without it a closed loop counts the delivery as the answer.
    fn acks(&self) -> bool {
        false
    }

    /// One message.
    fn send(&self, message: &Outgoing<'_>, out: &mut Vec<u8>) -> Ability;

    /// Everything that an incoming message tells, in order.
    fn read<'a>(&self, payload: &'a [u8], take: &mut dyn FnMut(Incoming<'a>));

    /// A heartbeat that is answered by [`Incoming::Pong`].
    fn ping(&self, _out: &mut Vec<u8>) -> Ability {
        Ability::Absent
    }

    /// Marks everything up to these places as delivered.
    fn receipt(&self, _places: &[Place], _out: &mut Vec<u8>) -> Ability {
        Ability::Absent
    }

    /// Tells a user that this one types.
    fn typing(&self, _to: u32, _out: &mut Vec<u8>) -> Ability {
        Ability::Absent
    }
}
