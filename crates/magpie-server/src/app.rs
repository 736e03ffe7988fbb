//! The composition root: the only place that names concrete back ends.

use crate::{commands::serve::ServeFlags, config::Config};

/// Runs the server until it is told to stop.
///
/// # Errors
/// When it cannot start, or ends before it was told to.
pub fn serve(config: Config, overrides: ServeFlags) -> anyhow::Result<()> {
    anyhow::bail!("this build has no server yet ({} {overrides:?})", config.server.listen)
}
