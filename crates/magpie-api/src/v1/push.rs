//! Push: a backend puts a value on a channel of one user.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::access::Shared;

mod batch;
mod create;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(create::create_push))
        .routes(routes!(batch::create_push_batch))
}
