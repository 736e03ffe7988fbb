//! Blocks: whose messages a user refuses.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::access::Shared;

mod delete;
mod put;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(put::put_block, delete::delete_block))
}
