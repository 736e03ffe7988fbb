//! Tests of `src/v1/push`.

mod create;
