//! `magpie version`: what this binary is, for bug reports.

use std::process::ExitCode;

use crate::console;

/// Name and version.
pub const VERSION: &str = concat!("magpie ", env!("CARGO_PKG_VERSION"));

/// Prints version, protocol and target.
///
/// # Errors
/// Never.
pub fn run() -> anyhow::Result<ExitCode> {
    let commit =
        option_env!("MAGPIE_COMMIT").map_or_else(String::new, |commit| format!(" ({commit})"));
    console::say(&format!(
        "{VERSION}{commit}\nprotocol magpie.v1\ntarget {}-{}",
        std::env::consts::ARCH,
        std::env::consts::OS
    ));
    Ok(ExitCode::SUCCESS)
}
