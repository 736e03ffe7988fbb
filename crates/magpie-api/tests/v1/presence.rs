//! Tests of `src/v1/presence`.

mod get;
mod list;
