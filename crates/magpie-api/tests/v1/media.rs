//! Uploads and files: each file mirrors an operation.

mod abort;
mod complete;
mod create;
mod file;
mod links;
mod stand;
mod thumb;
mod write;
mod write_whole;
