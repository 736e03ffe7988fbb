//! Tests of `src/v1/demo`.

mod sign_in;
mod users;
