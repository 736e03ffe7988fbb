//! Tests of `src/v1/push`.

mod batch;
mod create;
