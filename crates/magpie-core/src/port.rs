//! What the core needs from outside. Implementations live in other crates; each port has one
//! conformance suite in the test kit, run on every implementation.

pub mod bus;
pub mod clock;
pub mod ids;
pub mod presence;
pub mod store;

pub use bus::{Bus, Lane};
pub use clock::Clock;
pub use ids::Ids;
pub use presence::Presence;
pub use store::{CommitSink, Committed, Op, Origin, Outcome, ReplyTo, Store, Write};
