//! Tests of `src/v1/blocks`.

mod delete;
mod put;
