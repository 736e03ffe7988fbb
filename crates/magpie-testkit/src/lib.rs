//! Test doubles: in-memory store, faulty bus, mock clock, conformance suites.

pub mod clock;
pub mod conformance;
pub mod ids;
pub mod memory;
pub mod mutator;
pub mod sink;

pub use clock::MockClock;
pub use ids::SeqIds;
pub use memory::MemoryStore;
pub use sink::RecordingSink;
