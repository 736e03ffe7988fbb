//! Demo: sign in as a demo user, only on servers that were started with `--demo`.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::access::Shared;

mod sign_in;
mod users;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(users::list_demo_users))
        .routes(routes!(sign_in::demo_sign_in))
}
