//! Tests of the HTTP API: one file per operation, as under `src/v1`, and what holds for all of
//! them (`rules/`). Every call is checked against the OpenAPI document as it is made.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![allow(unreachable_pub, reason = "one binary: nothing in it is reachable")]

mod avatars;
mod blocks;
mod broadcast;
mod channels;
mod conversations;
mod demo;
mod devices;
mod dialect_links;
mod info;
mod media;
mod messages;
mod page;
mod presence;
mod probes;
mod push;
mod rules;
mod tokens;
mod users;
mod world;
