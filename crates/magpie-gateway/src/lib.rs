//! Sockets: listener, connections, hub, outboxes, resume, dialects.
