//! Tests of `src/v1/info`.

mod get;
