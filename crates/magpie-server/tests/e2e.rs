//! Promises proved from outside: a real server, real sockets, the public client. Every file under
//! `e2e/` is one subject; the names of the tests are the promises.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

mod e2e {
    mod own_side;
    mod passing;
    mod receipts;
    mod resume;
    mod sending;
}
