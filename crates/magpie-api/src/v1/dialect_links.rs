//! Dialect links: signed addresses for the pages of old clients.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::access::Shared;

mod create;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(create::create_dialect_link))
}
