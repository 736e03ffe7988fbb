//! Tests of `src/v1/users`.

mod ban;
mod get;
mod kick;
mod list;
mod put;
mod unban;
