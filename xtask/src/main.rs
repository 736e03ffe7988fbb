//! The workspace checks.
fn main() {}
