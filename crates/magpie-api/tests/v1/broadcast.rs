//! Tests of `src/v1/broadcast`.

mod create;
