//! Blocks: whose messages a user refuses.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::access::Shared;

mod delete;
mod list;
mod put;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list::list_blocks))
        .routes(routes!(put::put_block, delete::delete_block))
}
