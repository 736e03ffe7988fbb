//! HTTP API v1, its OpenAPI description and the embedded web pages: [`router`] is the whole crate.
//! One file per operation under `v1/`; a handler reaches the core only through a value that
//! `access.rs` gives after proving who is calling. Knows no sockets, no store and no listener.

mod access;
mod cors;
mod extract;
mod file;
mod observe;
mod openapi;
mod page;
mod params;
mod probe;
mod problem;
mod rate;
mod router;
mod shapes;
mod state;
mod ticket;
mod v1;

pub use openapi::document;
pub use problem::{Problem, error_response};
pub use router::router;
pub use state::{ApiState, Demo, Limits, Media, Site};
