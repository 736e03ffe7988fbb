//! Messages: sending, forwarding, and what may happen to them afterwards.

pub mod forward;
pub mod revise;
pub mod send;
