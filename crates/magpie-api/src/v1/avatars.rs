//! Pictures of users, which anybody may see.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::access::Shared;

mod get;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(get::get_avatar))
}
