//! Conversations: who is in them, opening, private settings, blocks.

pub mod directory;
pub mod settings;
