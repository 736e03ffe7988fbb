//! Tests of `src/v1/blocks`.

mod delete;
mod list;
mod put;
