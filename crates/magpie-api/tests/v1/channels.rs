//! Tests of `src/v1/channels`.

mod get;
mod list;
