//! Messages: sending as a user or as the system, history.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::access::Shared;

mod history;
mod send;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(send::send_message)).routes(routes!(history::list_messages))
}
