//! The binary `magpie`: hands the arguments to `commands.rs` and its answer to the system.

use std::process::ExitCode;

/// Gives memory back after many connections close at once, which the C library's does not.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    magpie_server::commands::run()
}
