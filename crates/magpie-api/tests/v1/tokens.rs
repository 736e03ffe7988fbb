//! Tests of `src/v1/tokens`.

mod create;
