//! Promises proved from outside: a real server, real sockets, the public client. Every file under
//! `e2e/` is one subject; the names of the tests are the promises.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

mod e2e {
    mod calls;
    mod changes;
    mod desk;
    mod devices;
    mod full_disk;
    mod lifecycle;
    mod limits;
    mod media;
    mod own_side;
    mod own_things;
    mod passing;
    mod push;
    mod receipts;
    mod resume;
    mod sending;
    mod tokens;
    mod turn;
}
