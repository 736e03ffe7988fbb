//! Uploads: written in resumable pieces, judged by their content, kept under their id, read by
//! those who may, erased with their message. [`Depot`] is the way in. Files that strangers made
//! are opened here and nowhere else; knows no sockets, no HTTP and no store but through the port.

pub mod blobs;
mod clean;
mod depot;
mod descriptor;
mod erase;
mod error;
mod finish;
pub mod fuzz;
mod kind;
mod name;
mod picture;
mod serve;
mod settings;
mod shape;
mod staging;
mod writer;

pub use depot::{Created, Depot, Stand, Usage, Wanted};
pub use erase::{Eraser, Wake};
pub use error::MediaError;
pub use kind::Kind;
pub use serve::{Opened, Variant};
pub use settings::Settings;
pub use writer::{Start, Writer};
