//! The core's rules on the memory store: what is refused, what is told to whom, and when.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "rules/calls.rs"]
mod calls;
#[path = "rules/messages.rs"]
mod messages;
#[path = "rules/pushes.rs"]
mod pushes;
#[path = "rules/receipts.rs"]
mod receipts;
#[path = "rules/users.rs"]
mod users;
#[path = "rules/world.rs"]
mod world;
