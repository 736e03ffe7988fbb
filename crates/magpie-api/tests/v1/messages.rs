//! Tests of `src/v1/messages`.

mod history;
mod send;
