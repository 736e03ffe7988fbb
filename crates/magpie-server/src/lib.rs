//! The binary magpie: configuration, commands and the one composition root.

pub mod app;
pub mod banner;
pub mod clock;
pub mod commands;
pub mod config;
pub mod console;
pub mod demo;
pub mod file_limit;
pub mod http;
pub mod ids;
pub mod media;
pub mod secrets;
pub mod telemetry;
pub mod wiring;
