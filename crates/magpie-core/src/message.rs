//! Messages: sending.

pub mod send;
