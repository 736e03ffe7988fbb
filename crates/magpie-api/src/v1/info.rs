//! Info: what anyone may know of this server.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::access::Shared;

mod get;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(get::get_info))
}
