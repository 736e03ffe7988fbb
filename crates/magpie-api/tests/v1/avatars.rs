//! Pictures of users: the file mirrors the operation.

mod get;
