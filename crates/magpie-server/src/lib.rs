//! The binary magpie: configuration, commands and the one composition root.
