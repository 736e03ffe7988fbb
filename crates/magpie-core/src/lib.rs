//! The rules and use cases of Magpie, and the ports that they need: store, bus, clock, ids.
//! Knows no back end, opens no socket, reads no clock and rolls no dice of its own.

pub mod access;
pub mod call;
pub mod conversation;
pub mod core;
pub mod device;
pub mod event;
pub mod message;
pub mod model;
pub mod policy;
pub mod port;
pub mod presence;
pub mod publish;
pub mod push;
pub mod receipt;
pub mod refusal;
pub mod user;

pub use crate::core::Core;
pub use access::Caller;
pub use event::{Audience, Batch, Class, Delivery, Dialect, Event};
pub use model::{Message, Role, User};
pub use policy::Policy;
pub use refusal::Refusal;
