//! Devices: where a user is signed in, and signing one out.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::access::Shared;

mod delete;
mod list;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list::list_devices))
        .routes(routes!(delete::sign_out_device))
}
