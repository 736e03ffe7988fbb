//! Sockets: from an accepted connection to frames and back. Listener, upgrade, connection loop,
//! native protocol, dialects, hub, lanes, outboxes. Knows no SQL and no store's tables.

pub mod conn;
pub mod connection;
mod contain;
pub mod dialects;
pub mod dispatch;
pub mod door;
pub mod features;
pub mod gate;
pub mod handshakes;
pub mod hub;
pub mod ice;
pub mod lane;
pub mod limiter;
pub mod listener;
pub mod native;
pub mod outbox;
pub mod resume;
pub mod roster;
pub mod runtimes;
pub mod session;
pub mod settings;
mod slack;
pub mod stamp;
pub mod sweep;
pub mod upgrade;
pub mod view;
pub mod ws;

pub use gate::Gate;
pub use hub::Hub;
pub use lane::SocketLane;
pub use settings::Settings;
