//! What holds for every operation.

mod authorization;
mod bad_input;
mod browsers;
mod document;
mod failing_store;
mod hostile_bytes;
mod logs;
pub mod samples;
mod snapshot;
