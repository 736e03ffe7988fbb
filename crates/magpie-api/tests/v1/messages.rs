//! Tests of `src/v1/messages`.

mod edit;
mod history;
mod recall;
mod send;
