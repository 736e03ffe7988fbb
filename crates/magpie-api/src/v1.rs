//! Version 1 of the API: one folder per resource, one file per operation.

use utoipa_axum::router::OpenApiRouter;

use crate::access::Shared;

mod avatars;
mod blocks;
mod broadcast;
mod channels;
mod conversations;
mod demo;
mod devices;
mod dialect_links;
mod info;
mod media;
mod messages;
mod presence;
mod push;
mod tokens;
mod users;

/// All operations.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .merge(users::routes())
        .merge(blocks::routes())
        .merge(tokens::routes())
        .merge(dialect_links::routes())
        .merge(messages::routes())
        .merge(conversations::routes())
        .merge(presence::routes())
        .merge(push::routes())
        .merge(channels::routes())
        .merge(broadcast::routes())
        .merge(media::routes())
        .merge(avatars::routes())
        .merge(info::routes())
        .merge(devices::routes())
        .merge(demo::routes())
}
