//! Messages: sending as a user or as the system, history, recall and edit by the owner's backend.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::access::Shared;

mod edit;
mod history;
mod recall;
mod send;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(send::send_message))
        .routes(routes!(history::list_messages))
        .routes(routes!(recall::recall_message, edit::edit_message))
}
