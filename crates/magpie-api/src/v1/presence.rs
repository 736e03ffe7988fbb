//! Presence: who is connected, and when someone was last seen.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::access::Shared;

mod get;
mod list;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list::list_presence)).routes(routes!(get::get_presence))
}
