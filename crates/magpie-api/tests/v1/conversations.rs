//! Tests of `src/v1/conversations`.

mod changes;
mod delete;
mod get;
mod list;
mod read;
mod unread;
