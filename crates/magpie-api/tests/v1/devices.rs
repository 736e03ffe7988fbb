//! Tests of `src/v1/devices`.

mod delete;
mod list;
