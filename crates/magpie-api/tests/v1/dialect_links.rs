//! Tests of `src/v1/dialect_links`.

mod create;
