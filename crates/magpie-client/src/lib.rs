//! A Rust client of protocol v1, for bots, tests and load: one socket, requests with answers, a
//! bounded stream of typed events, resume by cursor. Speaks plain `ws://`; for TLS hand an
//! encrypted stream to [`connect_over`]. Keeps no history: that is its user's business.

mod call;
mod error;
mod event;
mod frame;
mod options;
mod requests;
mod session;
mod socket;

pub use call::{CallEvent, IceServer, IceServers, SignalEvent};
pub use error::ClientError;
pub use event::{
    BroadcastEvent, ChangeEvent, ConversationState, DraftEvent, Event, HiddenMessage,
    PresenceEvent, PushEvent, ReceiptEvent, TypingEvent,
};
pub use frame::{
    Ack, Body, ChangesPage, ChannelValue, Conversation, Device, Draft, HistoryPage, InboxPage,
    Item, Limits, Message, Pong, PresenceState, Ready, ServerError, Sync, Unread, UserInfo,
};
pub use options::{Options, TokenIn};
pub use session::{Client, Closed, Edge, Events, Target, connect, connect_over};
