//! Conversations: who is in them, opening, private settings, drafts, blocks.

pub mod directory;
pub mod draft;
pub mod settings;
