//! The inter-node bus behind the core's bus port. One implementation so far: `local`, one process.

pub mod local;
