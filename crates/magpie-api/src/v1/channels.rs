//! Channels: the last values of a user's channels, for pages without a socket.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::access::Shared;

mod get;
mod list;

use magpie_core::model::{ChannelValue, Replay};

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list::list_channels)).routes(routes!(get::get_channel))
}

/// Whether a page that names no version may get this value: not when it was meant for whoever came
/// first, and someone came.
fn replayed(value: &ChannelValue) -> bool {
    value.replay == Replay::Always || value.delivered_version < value.version
}
