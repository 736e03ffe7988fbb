//! Sockets: listener, connections, hub, outboxes, resume, dialects.

pub mod ws;
