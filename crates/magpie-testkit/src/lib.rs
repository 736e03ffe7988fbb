//! Test doubles: in-memory store, mock clock, a server that speaks S3, a proxy that makes faults, and
//! the conformance suites of store and bus.

pub mod bus;
pub mod clock;
pub mod conformance;
pub mod fault_proxy;
pub mod fuzz;
pub mod ids;
pub mod memory;
pub mod mutator;
pub mod s3_server;
pub mod sink;

pub use clock::MockClock;
pub use fault_proxy::FaultProxy;
pub use ids::SeqIds;
pub use memory::MemoryStore;
pub use s3_server::S3Server;
pub use sink::RecordingSink;
