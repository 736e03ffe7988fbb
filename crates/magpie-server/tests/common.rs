//! What black-box tests share: a real server in a process of its own, sessions over real sockets,
//! a plain HTTP caller. Knows nothing of the server's inside.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests; each test binary uses its own part"
)]

pub mod files;
pub mod http;
pub mod server;
pub mod session;

pub use server::{API_KEY, ServerBuilder, TestServer};
pub use session::{Session, body, within};
